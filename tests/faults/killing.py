"""The same end, whatever happens on the way: a scenario is played soundly, then once more for each of its calls with the process killed or
the call failing at that place, each time in a fresh world and with redelivery until all is done. The ends are compared as plain data."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache
from random import Random
from typing import Any

import orjson
from hypothesis import strategies as st

from ariane.errors import Retryable
from tests.faults.contracts import Kind, legal
from tests.faults.faults import Inflict
from tests.faults.shim import Call, Killed, Perform, Shim

KILLS = (Kind.KILL_BEFORE, Kind.KILL_AFTER)
PASSING = tuple(kind for kind in Kind if kind not in KILLS)
"""Faults that whoever called lives through."""
_THROTTLED = 3
_MOST_TRIES = 40

type Plan = Mapping[int, Kind]
"""Number of a call of the run -> what is done to it, where that is legal there."""


def no_others(_: Any) -> Sequence[Any]:
    return ()


@dataclass(frozen=True, slots=True)
class Scenario[World]:
    build: Callable[[], World]
    play: Callable[[World, Shim], object]
    """Delivers everything through ports that the shim wraps, each message again until it is done (``until_done``)."""
    end: Callable[[World], Any]
    """The final state: what orjson can write, sets as well."""
    others: Callable[[Any], Sequence[Any]] = no_others
    """Ends that are as good as the sound one, which it is given."""


@dataclass(frozen=True, slots=True)
class Played:
    end: Any
    calls: Sequence[Call]
    done: Collection[int]
    """Numbers of the calls of the plan that a fault was done to."""


class Planned:
    """An ``Around`` that follows a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._inflict = Inflict(Random(0))
        self._throttled: Counter[tuple[str, str]] = Counter()
        self.done: set[int] = set()

    def __call__(self, call: Call, perform: Perform) -> Any:
        kind = self._kind_of(call)
        return self._inflict(kind, call, perform)

    def _kind_of(self, call: Call) -> Kind | None:
        method = (call.port, call.method)
        if self._throttled[method]:
            self._throttled[method] -= 1
            return Kind.THROTTLE
        kind = self._plan.get(call.number)
        if kind is None or kind not in legal(*method):
            return None
        self.done.add(call.number)
        if kind is Kind.THROTTLE:
            self._throttled[method] = _THROTTLED - 1
        return kind


def until_done[Result](attempt: Callable[[], Result], *, pause: Callable[[], object] = lambda: None) -> Result:
    """As a queue, a stream or a client does it: what was killed or asked for patience comes again, after ``pause``."""
    for _ in range(_MOST_TRIES):
        try:
            return attempt()
        except (Killed, Retryable):
            pause()
    raise AssertionError(f"not done after {_MOST_TRIES} deliveries")


def played[World](scenario: Scenario[World], plan: Plan | None = None) -> Played:
    around = Planned(plan or {})
    shim, world = Shim(around), scenario.build()
    scenario.play(world, shim)
    return Played(scenario.end(world), shim.calls, around.done)


@cache
def sound_run(scenario: Scenario[Any]) -> Played:
    return played(scenario)


def single_faults(calls: Sequence[Call], kinds: Collection[Kind]) -> Iterator[tuple[Call, Kind]]:
    for call in calls:
        for kind in kinds:
            if kind in legal(call.port, call.method):
                yield call, kind


def each_fault[World](scenario: Scenario[World], kinds: Collection[Kind]) -> Iterator[tuple[str, Played]]:
    """What a fault of ``kinds`` at each call alone comes to, wherever it is legal, with its name."""
    for call, kind in single_faults(sound_run(scenario).calls, kinds):
        after = played(scenario, {call.number: kind})
        assert after.done, f"{call} was not made again: the run is no function of its world"
        yield f"{call}: {kind}", after


def assert_same_end[World](scenario: Scenario[World], kinds: Collection[Kind]) -> int:
    """With each fault of ``kinds`` at each call alone, wherever it is legal. Returns at how many places that was."""
    sound = sound_run(scenario)
    assert sound.calls, "the scenario calls no adapter"
    count = 0
    for call, kind in single_faults(sound.calls, kinds):
        _compare(scenario, sound, {call.number: kind})
        count += 1
    assert count, "none of these faults is legal anywhere in the scenario"
    return count


def assert_survives[World](scenario: Scenario[World], plan: Plan) -> None:
    """With several faults in one run."""
    _compare(scenario, sound_run(scenario), plan, must_meet=False)


def plans(*, calls: int, kinds: Sequence[Kind] = KILLS, size: int = 2) -> st.SearchStrategy[dict[int, Kind]]:
    """Plans of ``size`` faults among that many calls."""
    return st.dictionaries(st.integers(0, calls), st.sampled_from(kinds), min_size=size, max_size=size)


def _compare[World](scenario: Scenario[World], sound: Played, plan: Plan, *, must_meet: bool = True) -> None:
    names = ", ".join(f"{_name(sound.calls, number)}: {kind}" for number, kind in sorted(plan.items()))
    try:
        after = played(scenario, plan)
    except Exception as error:
        raise AssertionError(f"{names}: {type(error).__name__}: {error}") from error
    assert not must_meet or after.done, f"{names}: the call was not made again: the run is no function of its world"
    text, expected = rendered(after.end), rendered(sound.end)
    if text != expected and text not in map(rendered, scenario.others(sound.end)):
        raise AssertionError(f"{names}: another end\n{_difference(expected, text)}")


def _name(calls: Sequence[Call], number: int) -> str:
    return str(calls[number]) if number < len(calls) else f"#{number}"


def _difference(expected: str, text: str) -> str:
    return "\n".join(unified_diff(expected.splitlines(), text.splitlines(), "sound", "after the fault", lineterm="", n=2))


def rendered(end: Any) -> str:
    """Plain data, the same text for the same content: sets in order, bytes readable where they can be."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(end, default=_plain, option=options).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=rendered)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no plain data")
