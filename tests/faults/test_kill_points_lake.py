"""Every event lands at least once with the person that it was stitched to, whatever happens to landing between any two calls."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hypothesis import given, settings

from ariane.lake.messages import message_of
from tests.builders.homes import share
from tests.builders.lake import Shore, facts_of, partition_message
from tests.builders.profiles import Stack, identify, item, prs, track
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

DEVICE = "6f1ed002-ab55-4a4f-8c1a-2f3e5d7c9b1a"
BATCHES = (
    [item(track(message_id="early")), item(track(message_id="bot", anonymousId="a2", context={"bot": True}))],
    [
        item(identify(message_id="login", minute=1, userId="u1", anonymousId="a1")),
        item(track(message_id="other", minute=2, anonymousId="a3")),
    ],
    [
        item(track("Order Completed", message_id="order", minute=60 * 14, anonymousId=None, userId="u1")),
        item(track(message_id="device", minute=60, anonymousId=DEVICE)),
    ],
)
PORTS = ("identities", "fragments", "log")


@dataclass
class World:
    shore: Shore = field(default_factory=lambda: Shore(Stack()))


def worker_of(world: World, shim: Shim) -> Shore:
    """Stitching is sound: what may fail is landing."""
    shore = world.shore
    proxies: Any = {name: shim.wrap(name, getattr(shore.stack, name)) for name in PORTS}
    return replace(
        shore, stack=replace(shore.stack, **proxies), lake=shim.wrap("lake", shore.lake), queue=shim.wrap("land_queue", shore.queue)
    )


def play(world: World, shim: Shim) -> None:
    """Stitch is behind with the second batch when it is to land; then people meet, and a device turns out to be shared."""
    shore, worker = world.shore, worker_of(world, shim)
    first, second, third = (shore.stack.write(*batch) for batch in BATCHES)
    shore.stack.stitch(first)
    until_done(partial(worker.land, first))
    until_done(partial(worker.land, second))
    shore.stack.stitch([*second, *third])
    until_done(partial(worker.land, third))
    until_taken(shore, worker, [message_of(each) for each in shore.queue.take()])
    share(shore.stack, f"anonymous_id:{DEVICE}", minute=0)
    until_taken(shore, worker, [*facts_of(shore.stack), partition_message(prs(f"anonymous_id:{DEVICE}"))])


def until_taken(shore: Shore, worker: Shore, bodies: list[str]) -> None:
    """As the queue does it: what failed comes again, and what the function asks of itself meanwhile comes too."""
    for _ in range(40):
        if not bodies:
            return
        names = [each.message for each in until_done(partial(worker.take, *bodies))]
        bodies = [bodies[int(name)] for name in names] + [message_of(each) for each in shore.queue.take()]
    raise AssertionError("the queue does not get empty")


def end(world: World) -> Any:
    """As the views have it: of each event the line that landed last, of each person the latest profile."""
    shore = world.shore
    rows = {row["message_id"]: row for row in sorted(shore.events(), key=lambda row: str(row["landed_at"]))}
    people = {row["person_id"]: row["profile_id"] for row in sorted(shore.identities(), key=lambda row: str(row["mapped_at"]))}
    return {
        "events": {name: [row["person_id"], people.get(row["person_id"], row["profile_id"]), row["is_bot"]] for name, row in rows.items()},
        "unstitched": sorted(name for name, row in rows.items() if not row["is_stitched"]),
        "left": shore.queue.messages,
    }


SCENARIO = Scenario(World, play, end)


def test_all_of_it_lands_with_the_people_as_they_are() -> None:
    sound, shore = sound_run(SCENARIO).end, Shore(Stack())
    for batch in BATCHES:
        shore.stack.deliver(*batch)
    assert sorted(sound["events"]) == ["bot", "device", "early", "login", "order", "other"]
    assert sound["unstitched"] == []
    assert {sound["events"][name][1] for name in ("early", "login", "order")} == {shore.stack.profile("user_id:u1").id}
    assert sound["events"]["device"][0] != prs(f"anonymous_id:{DEVICE}")


def test_a_kill_at_any_call_loses_nothing() -> None:
    assert assert_same_end(SCENARIO, KILLS) > 30


def test_a_call_that_fails_in_any_way_loses_nothing() -> None:
    assert_same_end(SCENARIO, PASSING)


@given(plan=plans(calls=40, kinds=tuple(Kind), size=4))
@settings(max_examples=25, deadline=None)
def test_several_faults_lose_nothing(plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIO, plan)
