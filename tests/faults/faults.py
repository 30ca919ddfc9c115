"""Faults: what the world does to a call, from a seed. Which is legal where: contracts.py."""

from collections.abc import Callable, Collection
from contextlib import suppress
from copy import copy
from datetime import timedelta
from random import Random
from typing import Any

from ariane.errors import ArianeError, Retryable
from ariane.events.log import Page
from ariane.instants import Clock
from ariane.messaging.senders import OutcomeUnknown
from tests.faults.contracts import PROVIDERS, Kind, lags, legal
from tests.faults.shim import END, Call, Killed, Perform

LONGEST_THROTTLE = 4
"""Calls of one method in a row."""
LONGEST_LAG = 5
"""Writes that a stale read may not know of yet."""
KINDS = frozenset(Kind)


class Inflict:
    """Does a call with a fault. Remembers what a port was like before its last writes, so that a read may be stale."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._before: dict[int, list[Any]] = {}
        self._does: dict[Kind, Callable[[Call, Perform], Any]] = {
            Kind.FAIL: self._fail,
            Kind.LOST: self._lose,
            Kind.THROTTLE: self._throttle,
            Kind.PARTIAL: self._do_partly,
            Kind.STALE: self._read_stale,
            Kind.DUPLICATE: self._do_twice,
            Kind.REORDER: self._reorder,
            Kind.KILL_BEFORE: self._kill_before,
            Kind.KILL_AFTER: self._kill_after,
        }

    def __call__(self, kind: Kind | None, call: Call, perform: Perform) -> Any:
        """As ``kind`` has it; soundly where it is None."""
        if Kind.LOST in legal(call.port, call.method) and lags(call.port):
            self._keep(perform.port)
        return perform() if kind is None else self._does[kind](call, perform)

    def _keep(self, port: Any) -> None:
        kept = self._before.setdefault(id(port), [])
        kept.append(as_it_is(port))
        del kept[:-LONGEST_LAG]

    def _fail(self, call: Call, _: Perform) -> Any:
        raise Retryable("service_unreachable", f"{call} was not reached")

    def _throttle(self, call: Call, _: Perform) -> Any:
        raise Retryable("provider_throttled" if call.port in PROVIDERS else "throttled", f"{call} asks for patience")

    def _lose(self, call: Call, perform: Perform) -> Any:
        _unheard(perform)
        error = OutcomeUnknown if call.port in PROVIDERS else Retryable
        raise error("no_answer", f"the answer of {call} was lost")

    def _do_partly(self, call: Call, perform: Perform) -> Any:
        if call.method == "page":
            return self._read_partly(perform)
        members = perform.args[0]
        some = self._random.sample(range(len(members)), self._random.randrange(len(members) or 1))
        if some:
            perform.with_first([members[place] for place in sorted(some)])
        raise Retryable("partly_refused", f"{call} did {len(some)} of {len(members)}")

    def _read_partly(self, perform: Perform) -> Page:
        wanted = int(perform.kwargs.get("limit", 100))
        short: Page = perform.method(*perform.args, **{**perform.kwargs, "limit": self._random.randint(1, min(wanted, 3))})
        return short

    def _read_stale(self, _: Call, perform: Perform) -> Any:
        known = self._before.get(id(perform.port), [])
        return perform.on(self._random.choice(known)) if known else perform()

    def _do_twice(self, _: Call, perform: Perform) -> Any:
        perform()
        return perform()

    def _reorder(self, call: Call, perform: Perform) -> Any:
        """A batch that is given, or else one that is answered."""
        if Kind.PARTIAL in legal(call.port, call.method):
            return perform.with_first(self._shuffled(perform.args[0]))
        answer = perform()
        if isinstance(answer, tuple) and len(answer) == 2:  # a page and its cursor
            return self._shuffled(answer[0]), answer[1]
        return answer if answer is END else self._shuffled(answer)

    def _shuffled(self, members: Any) -> list[Any]:
        return self._random.sample(list(members), len(members))

    def _kill_before(self, call: Call, _: Perform) -> Any:
        raise Killed(f"before {call}")

    def _kill_after(self, call: Call, perform: Perform) -> Any:
        _unheard(perform)
        raise Killed(f"after {call}")


class Faults:
    """An ``Around`` that does a fault to one call in so many, all of it from the seed: the same calls meet the same faults.

    ``rate`` is for the faults that a caller sees as an error or an odd answer, ``kills`` for the end of the process;
    ``kinds`` narrows both.
    ``trace`` says what was done, a line each. ``active`` may be set to False to let everything come to rest.
    """

    def __init__(self, seed: int, *, rate: float = 0.05, kills: float = 0.01, kinds: Collection[Kind] = KINDS) -> None:
        self.trace: list[str] = []
        self.active = True
        self._random = Random(seed)
        self._inflict = Inflict(self._random)
        self._rate = rate
        self._kills = kills
        self._kinds = frozenset(kinds)
        self._throttled: dict[tuple[str, str], int] = {}
        self._skews: dict[str, timedelta] = {}

    def __call__(self, call: Call, perform: Perform) -> Any:
        kind = self._drawn(call) if self.active else None
        if kind is not None:
            self.trace.append(f"{call}: {kind}")
        return self._inflict(kind, call, perform)

    def clock(self, clock: Clock, *, worker: str = "", most: timedelta = timedelta(seconds=2)) -> Clock:
        """As the worker's own clock shows it: a constant skew of at most ``most`` to either side."""
        if worker not in self._skews:
            self._skews[worker] = timedelta(milliseconds=round(most.total_seconds() * self._random.uniform(-1_000, 1_000)))
            self.trace.append(f"{worker or 'the'} clock: {self._skews[worker].total_seconds():+.3f} s")
        skew = self._skews[worker]
        return lambda: clock() + skew

    def _drawn(self, call: Call) -> Kind | None:
        method = (call.port, call.method)
        if self._throttled.get(method, 0) > 0:
            self._throttled[method] -= 1
            return Kind.THROTTLE
        kinds = sorted(legal(*method) & self._kinds)
        deadly = [kind for kind in kinds if kind in (Kind.KILL_BEFORE, Kind.KILL_AFTER)]
        others = [kind for kind in kinds if kind not in deadly]
        lot = self._random.random()
        if lot < self._kills:
            return self._random.choice(deadly) if deadly else None
        if lot >= self._kills + self._rate or not others:
            return None
        kind = self._random.choice(others)
        if kind is Kind.THROTTLE:
            self._throttled[method] = self._random.randrange(LONGEST_THROTTLE)
        return kind


def _unheard(perform: Perform) -> None:
    """A refusal is an answer too."""
    with suppress(ArianeError):
        perform()


def as_it_is(port: Any) -> Any:
    """A copy that later writes leave alone: the values that a memory adapter holds are immutable, its dictionaries and lists are not."""
    kept = copy(port)
    for name, value in vars(port).items():
        if isinstance(value, dict | list | set):
            setattr(kept, name, value.copy())
    return kept
