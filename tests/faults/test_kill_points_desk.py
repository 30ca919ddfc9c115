"""What is done about identities by hand is done once, and told to everybody, whatever happens between any two calls."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.adapters.memory.fragments import MemoryFragments
from ariane.errors import Retryable
from ariane.identity.jobs import FollowJob, message_of
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.identity_desk import Done, IdentityDesk
from ariane.profiles.identity_requests import linking, unmerging
from ariane.profiles.reader import ProfileReader
from ariane.profiles.unmerge_preview import UnmergePreview
from tests.builders.identity_desk import DeskWorld
from tests.builders.identity_worlds import says
from tests.builders.profiles import KEY
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, played, sound_run, until_done
from tests.faults.shim import Killed, Shim

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


def asks(world: DeskWorld, shim: Shim, order: Callable[[IdentityDesk], Done], *, again: bool = True) -> Done:
    """A minute later ``again``, until it is answered."""

    def attempt() -> Done:
        identities = shim.wrap("identities", world.identities)
        aftermath = Aftermath(shim.wrap("background_queue", world.queue), shim.wrap("announcer", world.announcer))
        reader = ProfileReader(identities, MemoryFragments())
        directory = ProfileDirectory(reader, identities, rules=lambda: world.rules, key=lambda: KEY)
        known: Mapping[str, Any] = {"rules": lambda: world.rules, "key": lambda: KEY}
        preview = UnmergePreview(world.log, world.runs, **known)
        return order(IdentityDesk(identities, directory, lambda: aftermath, preview=preview, **known, clock=lambda: world.now))

    def a_minute_later() -> None:
        world.now += timedelta(minutes=1)

    return until_done(attempt, pause=a_minute_later) if again else attempt()


def takes_apart(world: DeskWorld, shim: Shim) -> None:
    asks(world, shim, lambda desk: desk.unmerge(USER, unmerging(TAKEN, world.rules, by="lea")))


def takes_apart_and_back(world: DeskWorld, shim: Shim) -> None:
    done = asks(world, shim, lambda desk: desk.unmerge(USER, unmerging(TAKEN, world.rules, by="lea")))
    assert done.split is not None
    split_id = done.split.id
    asks(world, shim, lambda desk: desk.lift(split_id, by="max", why="one after all"))


def puts_together(world: DeskWorld, shim: Shim) -> None:
    asks(world, shim, lambda desk: desk.link(USER, linking(JOINED, world.rules, by="lea")))


def asks_once(world: DeskWorld, shim: Shim, order: Callable[[IdentityDesk], Done]) -> Done | None:
    """And never again, whatever comes of it; the background works on. None: nobody knows."""
    try:
        return asks(world, shim, order, again=False)
    except (Killed, Retryable):
        return None
    finally:
        world.work()


def takes_apart_once(world: DeskWorld, shim: Shim) -> None:
    asks_once(world, shim, lambda desk: desk.unmerge(USER, unmerging(TAKEN, world.rules, by="lea")))


def takes_back_once(world: DeskWorld, shim: Shim) -> None:
    """What was taken apart without a fault, and followed."""
    done = world.desk().unmerge(USER, unmerging(TAKEN, world.rules, by="lea"))
    world.work()
    assert done.split is not None
    split_id = done.split.id
    asks_once(world, shim, lambda desk: desk.lift(split_id, by="max", why="one after all"))


def puts_together_once(world: DeskWorld, shim: Shim) -> None:
    asks_once(world, shim, lambda desk: desk.link(USER, linking(JOINED, world.rules, by="lea")))


def is_followed_by_the_background_alone(world: DeskWorld, shim: Shim) -> None:
    """Who made the change died at once; the background may die too, and gets its message again."""
    deaf = DeskWorld(identities=world.identities)
    done = deaf.desk().unmerge(USER, unmerging(TAKEN, world.rules, by="lea"))
    assert done.split is not None
    (follow,) = [job for job in deaf.queue.jobs if isinstance(job, FollowJob)]
    worker = replace(
        world.worker(),
        changes=shim.wrap("identities", world.identities),
        announcer=shim.wrap("announcer", world.announcer),
        queue=shim.wrap("background_queue", world.queue),
    )
    until_done(lambda: worker.take(message_of(follow), sent_at=world.now))
    while world.queue.messages:
        job = world.queue.messages.pop(0).job
        until_done(lambda job=job: worker.take(message_of(job), sent_at=world.now))  # type: ignore[misc]


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
        "left to do": sorted({str(getattr(job, "partition", job)) for job in world.queue.jobs if not isinstance(job, FollowJob)}),
        "folded again": sorted({*world.refolded}),
    }


def untouched(name: str) -> Any:
    """The end where the order never was committed."""

    def others(_: Any) -> list[Any]:
        world = build()
        if name == "takes_back_once":
            world.desk().unmerge(USER, unmerging(TAKEN, world.rules, by="lea"))
            world.work()
        return [end(world)]

    return others


def _splits_of(world: DeskWorld, text: str) -> set[str]:
    found = world.desk().explain(text)
    return {split.id for split in found.explanation.splits} if found.explanation else set()


ORDERS = (takes_apart, takes_apart_and_back, puts_together)
SCENARIOS = {play.__name__: Scenario(build, play, end) for play in ORDERS}
FOLLOWED = Scenario(build, is_followed_by_the_background_alone, end)
ONCE = {
    each.__name__: Scenario(build, each, end, untouched(each.__name__)) for each in (takes_apart_once, takes_back_once, puts_together_once)
}
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


@pytest.mark.parametrize("name", ONCE)
def test_whoever_dies_and_never_asks_again_leaves_all_of_it_or_nothing(name: str) -> None:
    """What was committed is announced, folded again and resolved, with nobody's help."""
    assert assert_same_end(ONCE[name], KILLS) >= 14
    assert_same_end(ONCE[name], PASSING)


def test_a_change_that_the_background_alone_follows_comes_to_the_same_whatever_fails() -> None:
    sound = sound_run(FOLLOWED).end
    assert sound == sound_run(ONCE["takes_apart_once"]).end
    assert assert_same_end(FOLLOWED, (*KILLS, *PASSING)) >= 20


@pytest.mark.parametrize("name", ONCE)
def test_a_kill_after_the_commit_is_mended_by_the_background(name: str) -> None:
    """Not by luck: the commit is there, and the process that made it said nothing to anybody."""
    sound = sound_run(ONCE[name])
    (commit,) = [call for call in sound.calls if call.method == "commit"]
    assert sound.end not in ONCE[name].others(sound.end)
    assert played(ONCE[name], {commit.number: Kind.KILL_AFTER}).end == sound.end
    assert played(ONCE[name], {commit.number: Kind.KILL_BEFORE}).end in ONCE[name].others(sound.end)


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
