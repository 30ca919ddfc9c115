"""A refold and the stitching of the same partition, whichever goes on first at whichever call, and whatever is killed: each event is
counted once, for its home, and a consent stands where its event is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.events.model import LogItem
from ariane.identity.epochs import later_self
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.profiles import once
from ariane.profiles.refolding import refold
from ariane.profiles.stitching import StreamRecord
from tests.builders.homes import Generations, from_scratch, share, stored_by_home, stores_of
from tests.builders.profiles import KEY, RULES, Stack, item, prs, track
from tests.faults.faults import as_it_is
from tests.faults.interleaving import interleave, schedules
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, until_done
from tests.faults.shim import Shim

TABLET = "anonymous_id:tablet"
LATER = person_id(later_self(Identifier.parse(TABLET)), KEY)
PORTS = ("identities", "fragments", "log", "announcer", "rejects", "consents")


@pytest.fixture(autouse=True)
def _short_memory() -> Iterator[None]:
    with patch.object(once, "RING", 3), patch.object(once, "LATE_RING", 2):
        yield


def view(number: int, *, salt: str = "") -> LogItem:
    return item(track(message_id=f"v{number}", minute=number, anonymousId="tablet"), salt=salt)


def consent(number: int, *, granted: bool, topic: str = "offers") -> LogItem:
    said = {"topic": topic, "channel": "email"}
    name = "Consent Granted" if granted else "Consent Withdrawn"
    return item(track(name, message_id=f"c{number}", minute=number, anonymousId="tablet", properties=said))


FRESH = [view(31)]
LATE = [view(3)]
COPIES = [view(4), view(4, salt="again")]
COPY_OF_LATE = [view(11, salt="again")]
IN_RING = [view(19, salt="again")]
CONSENTS = [consent(32, granted=False), consent(5, granted=True, topic="loyalty")]
IN_FLIGHT = {
    "fresh": FRESH,
    "late": LATE,
    "copies": COPIES,
    "copy of a forgotten one": COPY_OF_LATE,
    "copy of a remembered one": IN_RING,
    "consents": CONSENTS,
    "all": [*FRESH, *LATE, *COPIES, *COPY_OF_LATE, *IN_RING, *CONSENTS],
}


@dataclass
class World:
    stack: Stack
    records: Sequence[StreamRecord]
    generations: Generations = field(default_factory=Generations)


def world(in_flight: Sequence[LogItem], *, is_replay: bool = False, is_shared_before: bool = False) -> World:
    """A device with a history longer than its memory, shared since minute 15; ``in_flight`` is in the log and not stitched yet."""
    stack = Stack()
    history = [view(number) for number in range(10, 20)]
    stack.deliver(consent(8, granted=True), *history[:5], consent(18, granted=True), *history[5:])
    if is_shared_before:
        share(stack, TABLET, minute=17)
        refold(prs(TABLET), stores=stores_of(stack), key=KEY, rules=RULES, generations=lambda: 99)
    records = stack.write(*in_flight)
    share(stack, TABLET, minute=15)
    return World(stack, [replace(each, sequence=None) for each in records] if is_replay else records)


def again(world: World) -> World:
    """The same world, untouched: to write a history takes longer than what is tested."""
    stack = world.stack
    identities, consents = as_it_is(stack.identities), as_it_is(stack.consents)
    consents._heads = identities
    copied = replace(
        stack,
        identities=identities,
        consents=consents,
        fragments=as_it_is(stack.fragments),
        log=as_it_is(stack.log),
        rejects=MemoryRejects(),
    )
    return World(replace(copied, announcer=MemoryAnnouncer()), world.records)


def worker(world: World, shim: Shim) -> Stack:
    proxies: Any = {name: shim.wrap(name, getattr(world.stack, name)) for name in PORTS}
    return replace(world.stack, **proxies)


def stitch(world: World, shim: Shim) -> None:
    stack = worker(world, shim)
    until_done(partial(stack.stitch, world.records))


def refold_it(world: World, shim: Shim) -> None:
    stores = stores_of(worker(world, shim))
    until_done(lambda: refold(prs(TABLET), stores=stores, key=KEY, rules=RULES, generations=world.generations))


def end(world: World) -> Any:
    stack = world.stack
    return {
        "homes": stored_by_home(stack, [prs(TABLET), LATER]),
        "consents": stack.consents.states([prs(TABLET), LATER]),
        "shown": sorted(stack.timeline()),
        "timelines": [stack.shown(stack.profile_of(own)) for own in (prs(TABLET), LATER)],
        "rejects": stack.rejects.of_day("2026-11-25", limit=9)[0],
    }


def assert_right(world: World) -> None:
    stack = world.stack
    assert stored_by_home(stack, [prs(TABLET), LATER]) == from_scratch(stack)
    shown = stack.timeline()
    assert len(shown) == len(set(shown)), "a copy stands beside another"
    assert sorted(shown) == sorted(name for own in (prs(TABLET), LATER) for name in stack.shown(stack.profile_of(own)))
    expected: dict[tuple[str, str], bool] = {(prs(TABLET), "offers"): True, (LATER, "offers"): "c32" not in shown}
    if "c5" in shown:
        expected[prs(TABLET), "loyalty"] = True
    assert {(each.person_id, each.topic): each.granted for each in stack.consents.states([prs(TABLET), LATER])} == expected


@cache
def untouched(name: str) -> World:
    return world(IN_FLIGHT[name])


def afresh(name: str) -> World:
    return again(untouched(name))


EACH = pytest.mark.parametrize("name", IN_FLIGHT)


@EACH
@pytest.mark.parametrize("is_second", [False, True], ids=["first refold", "second refold, replays"])
def test_each_event_counts_once_wherever_either_is_held_up(name: str, is_second: bool) -> None:
    at_first = world(IN_FLIGHT[name], is_replay=is_second, is_shared_before=is_second)
    pauses = 1 if name == "all" else 2
    for schedule in schedules(24 if name == "all" else 8, pauses=pauses):
        for bodies in ([stitch, refold_it], [refold_it, stitch]):
            each = again(at_first)
            interleave([partial(body, each) for body in bodies], schedule)
            assert_right(each)


@given(st.lists(st.integers(0, 15), max_size=6), st.sampled_from(sorted(IN_FLIGHT)))
@settings(max_examples=150, deadline=None)
def test_three_at_work_held_up_many_times_count_each_event_once(schedule: list[int], name: str) -> None:
    each = again(untouched(name))
    interleave([partial(stitch, each), partial(refold_it, each), partial(refold_it, each)], tuple(schedule))
    assert_right(each)


def refold_then_stitch(world: World, shim: Shim) -> None:
    refold_it(world, shim)
    stitch(world, shim)
    refold_it(world, shim)


def stitch_then_refold(world: World, shim: Shim) -> None:
    stitch(world, shim)
    refold_it(world, shim)


SCENARIOS = {
    f"{name}, {play.__name__.replace('_', ' ')}": Scenario(partial(afresh, name), play, end)
    for name in IN_FLIGHT
    for play in (refold_then_stitch, stitch_then_refold)
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_sound_run_is_right(name: str) -> None:
    each = SCENARIOS[name].build()
    SCENARIOS[name].play(each, Shim(lambda _, perform: perform()))
    assert_right(each)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_kill_or_a_failure_at_any_call_ends_alike(name: str) -> None:
    kinds = [*KILLS, *(PASSING if name.startswith("all, stitch") else ())]
    assert assert_same_end(SCENARIOS[name], kinds) > 20


@given(plan=plans(calls=60, size=3), name=st.sampled_from(sorted(SCENARIOS)))
@settings(max_examples=60, deadline=None)
def test_three_kills_end_alike(name: str, plan: Any) -> None:
    assert_survives(SCENARIOS[name], plan)
