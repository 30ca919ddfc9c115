"""A backfill evaluates everybody, and tells once what it was asked to tell, whatever happens between any two calls of whoever begins it and
of the evaluating function."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.segments.backfilling import BackfillDesk
from ariane.segments.deciding import ENTERED, EXITED
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import segment, view_of
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.segment_functions import backfill_desk
from tests.faults.segment_kill import KillWorld, methods
from tests.faults.shim import Shim

PUBLISHED = NOON + timedelta(hours=1)
PLANS = segment("plans", {"trait": "plan", "equals": "gold"})
OLD = segment("fans", {"performed": "Product Viewed"})
FANS = segment("fans", {"performed": "Product Viewed", "times": {"gte": 2}}, version="v2", published_at=PUBLISHED)
LATELY = segment("lately", {"performed": "Product Viewed", "times": {"gte": 1}, "within": "30 days"}, published_at=PUBLISHED)
GONE = segment("gone", {"performed": "Product Viewed"})
PEOPLE = 4


def looked(*segments: Any) -> KillWorld:
    """Each browser once more than the one before; the last belongs to u1, who has a plan. Then it is two hours later."""
    made = KillWorld(view_of(*segments), pace=timedelta(seconds=3))
    made.now = NOON + timedelta(minutes=30)
    for number in range(PEOPLE):
        views = (item(track(message_id=f"{number}-{each}", minute=each, anonymousId=f"a{number}")) for each in range(1 + number % 2))
        made.happen(*views)
    made.happen(item(identify(message_id="i", minute=20, userId="u1", anonymousId=f"a{PEOPLE - 1}", traits={"plan": "gold"})))
    made.now = NOON + timedelta(hours=2)
    return made


def new() -> KillWorld:
    """What the conditions ask for, the log alone has."""
    made = looked()
    made.publish(LATELY, PLANS, epoch=2)
    return made


def changed() -> KillWorld:
    """Twice instead of once is asked for, and another one is not published any more."""
    made = looked(OLD, GONE)
    made.publish(FANS, epoch=2)
    return made


def desk(here: KillWorld, shim: Shim) -> BackfillDesk:
    return backfill_desk(here.port(shim), view=lambda: here.view, clock=here.clock)


def runs(here: KillWorld, shim: Shim) -> None:
    """What fails is tried again after a while; the messages of that are delayed."""
    until_done(lambda: desk(here, shim).start_backfill(announce=True, by="ada"))
    for _ in range(12):
        here.arrive(shim)


def runs_quietly(here: KillWorld, shim: Shim) -> None:
    until_done(lambda: desk(here, shim).start_backfill(by="ada"))
    for _ in range(12):
        here.arrive(shim)


def is_taken_up(here: KillWorld, shim: Shim) -> None:
    """All messages are lost on the way; an operator has the parts put again."""
    begun = here.desk.start_backfill(announce=True)
    here.queue.messages.clear()
    until_done(lambda: desk(here, shim).resume(begun.backfill.id))
    for _ in range(12):
        here.arrive(shim)


def end(here: KillWorld) -> Mapping[str, Any]:
    """Whoever died while beginning one begins another; of those that ended, each went through everybody."""
    done = [each for each in here.desk.latest() if each.is_done]
    return {**here.end(), "people": {(each.total(lambda part: part.people), each.total(lambda part: part.failed)) for each in done}}


PATH = {
    *("backfills.find", "backfills.parts", "backfills.save", "people_scan.page", "evaluate_queue.put", "identities.heads"),
    *("fragments.load", "segment_rows.load", "segment_rows.commit"),
}
TOLD = {"announcer.publish", "segment_rows.announced"}
BEGUN = {"backfills.create"}
REFOLDED = {"log.scan", "fragments.save"}
SCENARIOS: dict[str, tuple[Scenario[KillWorld], int, set[str]]] = {
    "new": (Scenario(new, runs, end), 200, PATH | TOLD | BEGUN),
    "changed": (Scenario(changed, runs, end), 150, PATH | TOLD | BEGUN),
    "changed, quietly": (Scenario(changed, runs_quietly, end), 150, PATH | BEGUN),
    "taken up again": (Scenario(new, is_taken_up, end), 200, PATH | TOLD),
}
EACH = pytest.mark.parametrize("name", SCENARIOS)


def browser(number: int) -> str:
    return prs("user_id:u1") if number == PEOPLE - 1 else prs(f"anonymous_id:a{number}")


def told(name: str) -> set[tuple[str, str, str]]:
    facts = [(fact[0], dict(fact[1:])) for fact in sound_run(SCENARIOS[name][0]).end["facts"]]
    return {(kind, each["segment"], each["profile"]) for kind, each in facts if kind in (ENTERED, EXITED) and each["cause"] == "backfill"}


def test_the_scenarios_are_what_they_say() -> None:
    everybody = {browser(number) for number in range(PEOPLE)}
    for name in ("new", "taken up again"):
        assert told(name) == {(ENTERED, "lately", each) for each in everybody} | {(ENTERED, "plans", browser(PEOPLE - 1))}
    assert told("changed") == {(EXITED, "fans", browser(0)), (EXITED, "fans", browser(2))}
    assert told("changed, quietly") == set()
    for name in SCENARIOS:
        sound = sound_run(SCENARIOS[name][0]).end
        assert sound["people"] == {(PEOPLE, 0)}
        assert "gone" not in sound["members"]
    members = [sound_run(SCENARIOS[name][0]).end["members"]["fans"] for name in ("changed", "changed, quietly")]
    assert [{each[0] for each in listed} for listed in members] == [{browser(1), browser(3)}] * 2


@EACH
def test_a_kill_at_any_call_ends_the_same(name: str) -> None:
    scenario, least, path = SCENARIOS[name]
    assert methods(sound_run(scenario).calls) >= path
    points = assert_same_end(scenario, KILLS)
    assert points >= least, f"{points} points"


def test_what_the_log_alone_has_is_read_under_the_same_faults() -> None:
    assert methods(sound_run(SCENARIOS["new"][0]).calls) >= REFOLDED


def test_a_call_that_fails_in_any_way_ends_the_same() -> None:
    assert_same_end(SCENARIOS["new"][0], PASSING)


@EACH
@given(plan=plans(calls=80, kinds=tuple(Kind), size=3))
@settings(max_examples=10, deadline=None)
def test_three_faults_of_any_kind_end_the_same(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name][0], plan)
