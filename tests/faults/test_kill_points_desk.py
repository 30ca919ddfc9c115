"""What is done about identities by hand is done once, and told to everybody, whatever happens between any two calls."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.adapters.memory.fragments import MemoryFragments
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.identity_desk import Done, IdentityDesk
from ariane.profiles.identity_requests import linking, unmerging
from ariane.profiles.reader import ProfileReader
from tests.builders.identity_desk import DeskWorld
from tests.builders.identity_worlds import says
from tests.builders.profiles import KEY
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

USER, EMAIL, CARD, PHONE = "user_id:u1", "email:jeanne@shop.example", "loyalty_card:4711", "phone:+33612345678"
TAKEN = '{"identifiers": ["loyalty_card:4711"], "why": "mistyped", "events_to": "these"}'
JOINED = '{"identifiers": ["phone:+33612345678"], "why": "she called"}'


def build() -> DeskWorld:
    world = DeskWorld()
    rules = world.rules
    world.learn(
        says(USER, EMAIL, minute=1, order_by=rules),
        says(EMAIL, CARD, minute=2, source="till", order_by=rules),
        says(PHONE, "device_id:d1", minute=3, order_by=rules),
    )
    return world


def asks(world: DeskWorld, shim: Shim, order: Callable[[IdentityDesk], Done]) -> Done:
    """A minute later again, until it is answered."""

    def attempt() -> Done:
        identities = shim.wrap("identities", world.identities)
        aftermath = Aftermath(shim.wrap("background_queue", world.queue), shim.wrap("announcer", world.announcer))
        reader = ProfileReader(identities, MemoryFragments())
        directory = ProfileDirectory(reader, identities, rules=lambda: world.rules, key=lambda: KEY)
        return order(
            IdentityDesk(identities, directory, lambda: aftermath, rules=lambda: world.rules, key=lambda: KEY, clock=lambda: world.now)
        )

    def a_minute_later() -> None:
        world.now += timedelta(minutes=1)

    return until_done(attempt, pause=a_minute_later)


def takes_apart(world: DeskWorld, shim: Shim) -> None:
    asks(world, shim, lambda desk: desk.unmerge(USER, unmerging(TAKEN, world.rules, by="lea")))


def takes_apart_and_back(world: DeskWorld, shim: Shim) -> None:
    done = asks(world, shim, lambda desk: desk.unmerge(USER, unmerging(TAKEN, world.rules, by="lea")))
    assert done.split is not None
    split_id = done.split.id
    asks(world, shim, lambda desk: desk.lift(split_id, by="max", why="one after all"))


def puts_together(world: DeskWorld, shim: Shim) -> None:
    asks(world, shim, lambda desk: desk.link(USER, linking(JOINED, world.rules, by="lea")))


def end(world: DeskWorld) -> Any:
    """Without instants and the ids that follow from them: they are those of the attempt that was committed."""
    ids = {split for person in (USER, CARD) for split in _splits_of(world, person)}
    splits = sorted(
        [sorted(map(str, each.left)), sorted(map(str, each.right)), each.by, each.lifted.by if each.lifted else None]
        for each in world.identities.splits(ids).values()
    )
    return {
        "people": world.people(USER, EMAIL, CARD, PHONE),
        "splits": splits,
        "told": sorted({(fact.kind, str({**fact.detail, "at": 0, "cause": 0})) for fact in world.announcer.facts}),
        "left to do": sorted({str(getattr(job, "partition", job)) for job in world.queue.jobs}),
    }


def _splits_of(world: DeskWorld, text: str) -> set[str]:
    found = world.desk().explain(text)
    return {split.id for split in found.explanation.splits} if found.explanation else set()


SCENARIOS = {play.__name__: Scenario(build, play, end) for play in (takes_apart, takes_apart_and_back, puts_together)}
EACH = pytest.mark.parametrize("name", SCENARIOS)


def test_the_scenarios_are_what_they_say() -> None:
    apart, back, together = (sound_run(SCENARIOS[name]).end for name in SCENARIOS)

    assert apart["people"][2] == [CARD]
    assert [split[3] for split in apart["splits"]] == [None]
    assert [split[3] for split in back["splits"]] == ["max"]
    assert CARD in back["people"][0]
    assert PHONE in together["people"][0]
    assert {kind for kind, _ in apart["told"]} == {"Profile Split"}
    assert {kind for kind, _ in back["told"]} == {"Profile Split", "Profile Merged"}
    assert len(apart["left to do"]) == 1


@EACH
def test_a_kill_at_any_call_changes_nothing_once_it_is_asked_again(name: str) -> None:
    assert assert_same_end(SCENARIOS[name], KILLS) >= 14


@EACH
def test_a_call_that_fails_in_any_way_changes_nothing_once_it_is_asked_again(name: str) -> None:
    assert_same_end(SCENARIOS[name], PASSING)


@EACH
@given(plan=plans(calls=40, kinds=tuple(Kind), size=3))
@settings(max_examples=25, deadline=None)
def test_three_faults_of_any_kind_change_nothing(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)
