"""The driver finds what it is for: a call that is lost or done too often; and says which call, which fault and what is different."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.errors import Retryable
from ariane.profiles.announcing import Fact
from tests.builders.events import a_log_item
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, Planned, Scenario, assert_same_end, assert_survives, played, rendered, until_done
from tests.faults.shim import Shim

FACT = Fact("Event", {"cause": "c"})


@dataclass
class World:
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    announcer: MemoryAnnouncer = field(default_factory=MemoryAnnouncer)


def announces(always: bool) -> Callable[[World, Shim], None]:
    """Writes, then announces; unless ``always``, only what it wrote at this very attempt."""

    def play(world: World, shim: Shim) -> None:
        log, announcer = shim.wrap("log", world.log), shim.wrap("announcer", world.announcer)

        def attempt() -> None:
            if log.append(a_log_item()) or always:
                announcer.publish([FACT])

        until_done(attempt)

    return play


def causes(world: World) -> Any:
    return {"announced": {fact.detail["cause"] for fact in world.announcer.facts}}


SOUND = Scenario(World, announces(True), causes)
FORGETFUL = Scenario(World, announces(False), causes)


def test_what_repeats_its_announcement_survives_every_kill() -> None:
    assert assert_same_end(SOUND, KILLS) == 4


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.KILL_AFTER, "#0 log.append: killed after"),
        (Kind.KILL_BEFORE, "#1 announcer.publish: killed before"),
        (Kind.LOST, "#0 log.append: lost acknowledgement"),
        (Kind.DUPLICATE, "#0 log.append: done twice"),
    ],
)
def test_what_forgets_it_is_found_with_the_call_and_the_difference(kind: Kind, name: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_same_end(FORGETFUL, [kind])
    assert str(caught.value).startswith(name)
    assert '-    "c"' in str(caught.value)


def test_what_counts_each_attempt_is_found() -> None:
    with pytest.raises(AssertionError, match=r"announcer\.publish: done twice"):
        assert_same_end(Scenario(World, announces(True), lambda world: len(world.announcer.facts)), [Kind.DUPLICATE])


def test_an_end_that_is_as_good_is_one() -> None:
    assert_same_end(Scenario(World, announces(False), causes, lambda _: [{"announced": []}]), KILLS)


@pytest.mark.parametrize("error", [KeyError("a bug"), Retryable("busy", "for ever")])
def test_a_delivery_that_breaks_or_never_ends_after_a_fault_is_found_and_named(error: Exception) -> None:
    def play(world: World, shim: Shim) -> None:
        log = shim.wrap("log", world.log)

        def attempt() -> None:
            if not log.append(a_log_item()):
                raise error

        until_done(attempt)

    with pytest.raises(AssertionError, match=r"#0 log\.append: killed after: (KeyError|AssertionError: not done)"):
        assert_survives(Scenario(World, play, causes), {0: Kind.KILL_AFTER})


def test_a_fault_that_is_illegal_where_it_was_planned_is_not_done() -> None:
    assert played(SOUND, {1: Kind.STALE}).done == set()
    assert played(SOUND, {1: Kind.LOST}).done == {1}


def test_a_throttle_lasts_for_a_few_calls_of_the_method() -> None:
    around = Planned({0: Kind.THROTTLE})
    shim = Shim(around)
    announces(True)(World(), shim)
    assert [call.method for call in shim.calls] == ["append"] * 4 + ["publish"]


def test_sets_mappings_and_bytes_are_rendered_the_same_for_the_same_content() -> None:
    assert rendered({"b": {2, 1}, "a": b"\xff"}) == rendered({"a": b"\xff", "b": frozenset({1, 2})})
