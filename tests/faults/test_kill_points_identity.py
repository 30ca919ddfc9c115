"""Who is one person, and what is known of them, ends the same whatever happens between any two calls of linking, un-merging, lifting and
the background."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.events.model import LogItem, SourceKind
from ariane.identity.model import Side
from ariane.identity.rules import Identifier
from ariane.profiles.identity_desk import Said
from ariane.profiles.reader import ProfileReader
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import RULES, identify, item, track
from tests.faults.contracts import Kind
from tests.faults.faults import as_it_is
from tests.faults.identity_world import Town
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim
from tests.faults.world_bounds import bounded

TILL: dict[str, Any] = {"source": "till", "kind": SourceKind.STORE}
KIOSK = {"anonymousId": "kiosk"}
"""A tablet that two people log in on."""


def mistyped() -> list[LogItem]:
    """Two customers, one without an account, whom a mistyped address at the till makes one."""
    return [
        item(identify(message_id="i1", minute=1, userId="u1", anonymousId="a1", traits={"email": "a@b.fr"})),
        item(track("Product Viewed", message_id="v1", minute=2, anonymousId="a1")),
        item(identify(message_id="c1", minute=3, anonymousId=None, traits={"loyalty_card": "l2", "phone": "+33612345678"}), **TILL),
        item(identify(message_id="c2", minute=4, anonymousId=None, traits={"loyalty_card": "l2", "email": "a@b.fr"}), **TILL),
        item(track("Order Completed", message_id="o1", minute=5, userId="u1", context={"traits": {"loyalty_card": "l2"}})),
    ]


def shared() -> list[LogItem]:
    """A tablet with a history of its own and a consent, on which a second account logs in, earlier than what came before it."""
    return [
        item(identify(message_id="k1", minute=10, userId="u1", **KIOSK)),
        item(*(track("Product Viewed", message_id=f"k-{number}", minute=20 + number, **KIOSK) for number in range(5))),
        item(track("Consent Withdrawn", message_id="kc", minute=30, **KIOSK)),
        item(identify(message_id="k2", minute=15, userId="u2", **KIOSK)),
        item(track("Product Added", message_id="k-9", minute=40, **KIOSK)),
    ]


def conflict() -> list[LogItem]:
    """Evidence for one person with two accounts, the decisive word of which comes last and from long ago."""
    return [
        item(identify(message_id="x1", minute=10, userId="u1", traits={"email": "x@b.fr"})),
        item(identify(message_id="x2", minute=12, userId="u2", traits={"phone": "+33612345600"})),
        item(identify(message_id="x3", minute=14, anonymousId="ax", traits={"email": "x@b.fr", "phone": "+33612345600"})),
        item(identify(message_id="x4", minute=2, userId="u2", traits={"email": "x@b.fr"})),
    ]


@dataclass
class World:
    town: Town
    records: list[StreamRecord]


def world_of(items: list[LogItem]) -> Callable[[], World]:
    written = Town(RULES)
    records = written.write(*items)
    return lambda: World(Town(RULES, log=as_it_is(written.log)), records)


def stitched(town: Town, records: list[StreamRecord]) -> None:
    for record in records:
        until_done(partial(town.stitch, [record]))


def background(world: World, town: Town) -> None:
    """Each message again until it is done; what is put back comes at once."""
    queue = world.town.background_queue
    while queue.messages:
        job = queue.messages[0].job
        until_done(partial(town.work, job))
        queue.messages.pop(0)


def unmerge(town: Town, of: str, *texts: str, events_to: Side | None = None) -> str:
    said = Said(identifiers=tuple(map(Identifier.parse, texts)), by="lea", why="two people", events_to=events_to)
    done = until_done(lambda: town.desk.unmerge(of, said))
    assert done.split is not None
    return done.split.id


def lift(town: Town, split_id: str) -> None:
    until_done(lambda: town.desk.lift(split_id, by="lea", why="one after all"))


# what happens


def takes_apart(world: World, shim: Shim) -> None:
    town = world.town.through(shim)
    stitched(town, world.records)
    unmerge(town, "user_id:u1", "loyalty_card:l2", "phone:+33612345678", events_to=Side.RIGHT)
    background(world, town)


def takes_apart_and_back(world: World, shim: Shim) -> None:
    """What comes in between knows the split; what comes after does not."""
    town = world.town.through(shim)
    stitched(town, world.records[:-1])
    split = unmerge(town, "user_id:u1", "loyalty_card:l2", "phone:+33612345678", events_to=Side.LEFT)
    stitched(town, world.records[-1:])
    town.now += timedelta(hours=1)
    lift(town, split)
    background(world, town)


def is_shared(world: World, shim: Shim) -> None:
    town = world.town.through(shim)
    stitched(town, world.records)
    background(world, town)


def is_shared_in_the_background(world: World, shim: Shim) -> None:
    with bounded(refolds=2):
        is_shared(world, shim)


def is_too_much(world: World, shim: Shim) -> None:
    with bounded(assertions=2):
        is_shared(world, shim)


def is_taken_apart_while_it_is_too_much(world: World, shim: Shim) -> None:
    with bounded(assertions=2):
        town = world.town.through(shim)
        stitched(town, world.records[:1])
        split = unmerge(town, "user_id:u1", "email:x@b.fr")
        stitched(town, world.records[1:])
        lift(town, split)
        background(world, town)


def end(world: World) -> Any:
    town, people = world.town, world.town.people
    reader = ProfileReader(town.identities, town.fragments)
    ids = sorted({own for group in people.groups for own in people.ids_of(group)})
    profiles = {own: reader.snapshot(own) for own in ids}
    return {
        "differs from the reference": town.problems(),
        "people": {
            own: {
                "root": each.id,
                "identifiers": sorted(each.identifiers.values()),
                "traits": dict(each.traits),
                "counts": {name: seen.count for name, seen in each.occurrences.items()},
                "seen": [str(each.first_seen), str(each.last_seen)],
            }
            for own, each in profiles.items()
        },
        "splits": [[each.id, each.is_lifted] for each in people.splits],
        "consents": [[each.person_id, each.granted, str(each.at)] for each in town.consents.states(ids)],
        "announced": {(fact.kind, fact.detail["cause"]) for fact in town.announcer.facts if fact.kind != "Event"},
        "events announced": {fact.detail["messageId"] for fact in town.announcer.facts if fact.kind == "Event"},
    }


MISTYPED, SHARED, CONFLICT = world_of(mistyped()), world_of(shared()), world_of(conflict())
SCENARIOS = {
    "two are taken apart": Scenario(MISTYPED, takes_apart, end),
    "two are taken apart and back": Scenario(MISTYPED, takes_apart_and_back, end),
    "a tablet is shared": Scenario(SHARED, is_shared, end),
    "a tablet is shared, in the background": Scenario(SHARED, is_shared_in_the_background, end),
    "evidence in conflict": Scenario(CONFLICT, is_shared, end),
    "evidence in conflict, in the background": Scenario(CONFLICT, is_too_much, end),
    "a split in quarantine": Scenario(CONFLICT, is_taken_apart_while_it_is_too_much, end),
}
EACH = pytest.mark.parametrize("name", SCENARIOS)


@EACH
def test_the_sound_end_is_the_references(name: str) -> None:
    sound = sound_run(SCENARIOS[name]).end
    assert sound["differs from the reference"] == []
    assert any(kind == "Profile Merged" for kind, _ in sound["announced"])


def test_the_scenarios_are_what_they_say() -> None:
    ends = {name: sound_run(scenario).end for name, scenario in SCENARIOS.items()}
    apart, back = (ends[name]["people"].values() for name in ("two are taken apart", "two are taken apart and back"))
    assert {tuple(each["identifiers"]) for each in apart} == {
        ("anonymous_id:a1", "email:a@b.fr", "user_id:u1"),
        ("loyalty_card:l2", "phone:+33612345678"),
    }
    assert len({tuple(each["identifiers"]) for each in back}) == 1
    for name in ("a tablet is shared", "a tablet is shared, in the background"):
        later = next(each for each in ends[name]["people"].values() if "\x1f1" in each["root"] or "Product Added" in each["counts"])
        assert later["counts"] == {"Product Viewed": 5, "Consent Withdrawn": 1, "Product Added": 1}
    waits = sound_run(SCENARIOS["evidence in conflict, in the background"]).calls
    assert any(call.port == "background_queue" for call in waits)


@EACH
def test_a_kill_at_any_call_ends_the_same(name: str) -> None:
    assert assert_same_end(SCENARIOS[name], KILLS) > 40


@EACH
def test_a_call_that_fails_in_any_way_ends_the_same(name: str) -> None:
    assert_same_end(SCENARIOS[name], PASSING)


@EACH
@given(plan=plans(calls=120, kinds=tuple(Kind), size=4))
@settings(max_examples=15, deadline=None)
def test_four_faults_of_any_kind_end_the_same(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)
