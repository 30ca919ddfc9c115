"""A day of the log ends in the same profiles, identities, consents and rejects, and everything is announced, whatever happens to stitching
between any two calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import batched
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.events.model import LogItem, SourceKind
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import Stack, identify, item, prs, track
from tests.faults.contracts import Kind
from tests.faults.faults import as_it_is
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

DEVICE = "6f1ed002-ab55-4a4f-8c1a-2f3e5d7c9b1a"
PEOPLE = (
    "anonymous_id:a1",
    "user_id:u1",
    "anonymous_id:a2",
    "phone:+33612345678",
    f"anonymous_id:{DEVICE}",
    "email:a@b.fr",
    "email:c@b.fr",
)
PORTS = ("identities", "fragments", "log", "announcer", "rejects", "consents")
OF_THE_TILL: dict[str, Any] = {"source": "till", "kind": SourceKind.STORE}


def logins() -> list[LogItem]:
    """Three identities that meet: two by an alias, then all three by one event of the till."""
    alias = track("", message_id="x1", minute=203, type="alias", userId="u1", previousId=DEVICE, anonymousId=None)
    three = {"email": "a@b.fr", "phone": "+33612345678"}
    return [
        item(identify(message_id="i1", minute=200, userId="u1", anonymousId="a1", traits={"email": "a@b.fr"})),
        item(identify(message_id="i2", minute=201, anonymousId="a2", traits={"email": "c@b.fr", "phone": "+33612345678"})),
        item(track(message_id="v2", minute=202, anonymousId=DEVICE)),
        item(alias, source="web"),
        item(identify(message_id="i3", minute=204, traits=three), **OF_THE_TILL),
    ]


def consents() -> list[LogItem]:
    """Granted for an address, withdrawn for it, granted again; withdrawn for the person by somebody not yet known to be the same."""
    said = {"topic": "offers", "channel": "email", "email": "a@b.fr"}
    return [
        item(track("Consent Granted", message_id="c1", minute=100, anonymousId="a1", properties=said)),
        item(track("Consent Withdrawn", message_id="c2", minute=101, anonymousId="a1", properties=said)),
        item(track("Consent Granted", message_id="c3", minute=205, anonymousId="a1", properties=said)),
        item(track("Consent Withdrawn", message_id="c4", minute=206, anonymousId=DEVICE, properties={"topic": "offers", "channel": "sms"})),
    ]


def copies() -> list[LogItem]:
    """Of events that the ring remembers, and of one that it forgot, under other keys; one item holds an event twice."""
    early = track("Product Viewed", message_id="early")
    browse = [track("Product Added", message_id=f"b{number}", minute=10 + number) for number in range(45)]
    return [item(early), item(*browse), item(early, salt="again"), item(browse[-1], salt="again"), item(browse[0], browse[0], salt="twice")]


def poison() -> LogItem:
    whole = item(track(message_id="bad", minute=207, anonymousId="a1"))
    return replace(whole, messages=({name: value for name, value in whole.messages[0].items() if name != "messageId"},))


def meeting() -> list[LogItem]:
    return [*consents()[:2], *logins(), *consents()[2:], poison()]


@dataclass
class World:
    stack: Stack
    records: Sequence[StreamRecord]


def world_of(items: Sequence[LogItem]) -> Callable[[], World]:
    """The log is written once: packing is not what is tested."""
    written = Stack()
    records = written.write(*items)
    return lambda: World(Stack(log=as_it_is(written.log)), records)


def worker_of(world: World, shim: Shim) -> Stack:
    proxies: Any = {name: shim.wrap(name, getattr(world.stack, name)) for name in PORTS}
    return replace(world.stack, **proxies)


def in_batches(size: int) -> Callable[[World, Shim], None]:
    """As Lambda reads a stream: a batch that fails comes again, whole, before the next."""

    def play(world: World, shim: Shim) -> None:
        worker = worker_of(world, shim)
        for batch in batched(world.records, size, strict=False):
            until_done(partial(worker.stitch, batch))

    return play


def replayed(world: World, shim: Shim) -> None:
    """What the stream gave up is brought again from outside of it."""
    in_batches(100)(world, shim)
    again = [replace(record, sequence=None) for record in reversed(world.records)]
    until_done(partial(worker_of(world, shim).stitch, again))


def out_of_order(world: World, shim: Shim) -> None:
    """A busy person's items lie on several shards, whose order is not kept."""
    worker = worker_of(world, shim)
    for record in [*world.records[1::2], *world.records[::2]]:
        until_done(partial(worker.stitch, [record]))


def end(world: World) -> Any:
    stack = world.stack
    return {
        "marked as copies": [[each.person_id, each.sort, each.duplicates] for each in stack.log.items() if each.duplicates],
        "profiles": {text: stack.profile(text).id for text in PEOPLE},
        "profile": replace(stack.profile(PEOPLE[0]), version=0),
        "consents": stack.consents.states([prs(text) for text in PEOPLE]),
        "rejects": [each.reject for each in stack.rejects.of_day("2026-11-25", limit=99)[0]],
        "announced": {(fact.kind, fact.detail["cause"]) for fact in stack.announcer.facts},
        "assertions": [stack.identities.assertions_under(prs(text)) for text in PEOPLE],
    }


MEETING, COPIES = world_of(meeting()), world_of(copies())
SCENARIOS = {
    "meeting, one by one": Scenario(MEETING, in_batches(1), end),
    "meeting, in threes": Scenario(MEETING, in_batches(3), end),
    "meeting, at once": Scenario(MEETING, in_batches(100), end),
    "meeting, replayed": Scenario(MEETING, replayed, end),
    "meeting, out of order": Scenario(MEETING, out_of_order, end),
    "copies, one by one": Scenario(COPIES, in_batches(1), end),
    "copies, at once": Scenario(COPIES, in_batches(100), end),
}
EACH = pytest.mark.parametrize("name", SCENARIOS)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name.startswith("meeting")])
def test_those_who_meet_are_one_person_with_one_reject_and_their_last_word_on_consent(name: str) -> None:
    sound = sound_run(SCENARIOS[name]).end
    assert len(set(sound["profiles"].values())) == 1
    assert sound["profile"].occurrences["Product Viewed"].count == 1
    assert len(sound["rejects"]) == 1
    assert len([kind for kind, _ in sound["announced"] if kind == "Profile Merged"]) >= 3
    assert {(state.channel, state.granted) for state in sound["consents"]} == {("email", True), ("sms", False)}


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name.startswith("copies")])
def test_copies_count_once_and_are_marked(name: str) -> None:
    sound = sound_run(SCENARIOS[name]).end
    assert {event: seen.count for event, seen in sound["profile"].occurrences.items()} == {"Product Added": 45, "Product Viewed": 1}
    assert sum(len(places) for *_, places in sound["marked as copies"]) == 4


@EACH
def test_a_kill_at_any_call_ends_in_the_same_day(name: str) -> None:
    assert assert_same_end(SCENARIOS[name], KILLS) > 20


@EACH
def test_a_call_that_fails_in_any_way_ends_in_the_same_day(name: str) -> None:
    assert_same_end(SCENARIOS[name], PASSING)


@EACH
@given(plan=plans(calls=60))
@settings(max_examples=10, deadline=None)
def test_two_kills_end_in_the_same_day(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)


@EACH
@given(plan=plans(calls=60, kinds=tuple(Kind), size=5))
@settings(max_examples=10, deadline=None)
def test_five_faults_of_any_kind_end_in_the_same_day(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)
