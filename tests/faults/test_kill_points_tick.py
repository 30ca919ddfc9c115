"""What is due is handed over, and what stayed undecided is settled, whatever happens to a tick: the next one goes on."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.journey_queue import MemoryJourneyQueue
from ariane.adapters.memory.ledger import MemoryLedger, MemorySuppressions
from ariane.journeys import tick
from ariane.messaging.ledger import Claim, ClaimResult, RunningEnrolment
from ariane.messaging.model import MessageClass, Status
from ariane.wiring.tick import Tick
from tests.builders.journeys import NOON, enrolment
from tests.builders.messaging import an_entry
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

MINUTE = timedelta(minutes=1)
TICKS = 3


@dataclass
class World:
    runs: MemoryEnrolments = field(default_factory=MemoryEnrolments)
    queue: MemoryJourneyQueue = field(default_factory=MemoryJourneyQueue)
    now: Any = NOON + timedelta(hours=26)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(enrolments=self.runs, heads=MemoryIdentities(), suppressions=MemorySuppressions())
        for number in range(7):
            self.runs.create(enrolment(key=f"c{number}", node="2", visit=3, due=self.now - timedelta(minutes=number)))
        self.runs.create(enrolment(key="later", node="1", visit=1, due=self.now + timedelta(hours=1)))
        for number, status in enumerate((Status.CLAIMED, Status.UNCLEAR, Status.REOPENED, Status.SENT)):
            self._decided(number, status)

    def _decided(self, number: int, status: Status) -> None:
        entry = an_entry(id=f"msg_{number}", message_class=MessageClass.MARKETING, at=NOON)
        run = RunningEnrolment(profile="prs_a", enrolment=enrolment(key="c0").sort, node="2", visit=3)
        assert self.ledger.claim(Claim(entry=entry, enrolment=run, heads={}, seen=None)) is ClaimResult.CLAIMED
        if status is not Status.CLAIMED:
            assert self.ledger.move(entry, status, reason="provider_throttled" if status is Status.REOPENED else None)


ELSEWHERE: Any = None
"""What the tick does for segments has kill points of its own."""


def play(world: World, shim: Shim) -> None:
    """Each minute both jobs, each on its own, as the handler does it; one that fails is the next minute's."""
    for _ in range(TICKS):
        service = Tick(
            index=shim.wrap("runs", world.runs),
            queue=shim.wrap("journey_queue", world.queue),
            ledger=shim.wrap("ledger", world.ledger),
            clock=lambda: world.now,
            horizon=MINUTE,
            people=ELSEWHERE,
            counts=ELSEWHERE,
            exports=ELSEWHERE,
        )
        until_done(service.hand_over_due)
        until_done(service.settle_messages)
        world.now += MINUTE


def end(world: World) -> Any:
    entries = [[entry.id, entry.status, entry.reason] for entry in world.ledger.entries_of(["prs_a"])]
    return {"handed over": {(each.body["enrolment"], each.body["v"]) for each in world.queue.messages}, "ledger": sorted(entries)}


SCENARIO = Scenario(World, play, end)


@pytest.fixture(autouse=True, scope="module")
def _short_pages() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tick, "PAGE", 2)
        yield


def test_the_scenario_is_what_it_says() -> None:
    sound = sound_run(SCENARIO)
    assert len(sound.end["handed over"]) == 7
    assert [entry[1:] for entry in sound.end["ledger"]] == [
        [Status.UNCLEAR, "never_settled"],
        [Status.UNCLEAR, "never_settled"],
        [Status.FAILED, "provider_throttled"],
        [Status.SENT, None],
    ]
    assert len([call for call in sound.calls if call.method == "due"]) == 5 * TICKS


def test_a_kill_at_any_call_hands_over_and_settles_all_the_same() -> None:
    assert assert_same_end(SCENARIO, KILLS) > 40


def test_a_call_that_fails_in_any_way_hands_over_and_settles_all_the_same() -> None:
    assert_same_end(SCENARIO, PASSING)


@given(plan=plans(calls=40, kinds=tuple(Kind), size=4))
@settings(max_examples=50, deadline=None)
def test_four_faults_of_any_kind_hand_over_and_settle_all_the_same(plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIO, plan)
