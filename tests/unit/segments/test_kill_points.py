"""Who is in which segment, and what was told of it, end the same whatever happens to the evaluating function between any two calls: events,
merges, splits."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.identity.model import Side
from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier
from ariane.profiles.announcing import facts_of_transition
from ariane.profiles.refolding import follow
from ariane.segments.deciding import ENTERED, EXITED, LIFECYCLE_CHANGED
from tests.builders.profiles import KEY, NOON, RULES, identify, item, prs, track
from tests.builders.segments import segment, view_of
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run
from tests.faults.segment_kill import KillWorld, methods
from tests.faults.shim import Shim

VIEWERS = segment("viewers", {"performed": "Product Viewed"})
BUYERS = segment("buyers", {"performed": "Order Completed"})
UNDECIDED = segment("undecided", {"all": [{"performed": "Product Viewed"}, {"not": {"performed": "Order Completed"}}]})
CARTED = segment("carted", {"performed": "Product Added", "times": {"gte": 1}, "within": "1 hours"})
KNOWN = segment("known", {"all": [{"trait": "plan", "equals": "gold"}]})
CARD: dict[str, Any] = {"context": {"externalIds": [{"id": "7", "type": "loyalty_card"}]}, "anonymousId": None}
A, B = prs("user_id:u1"), prs("loyalty_card:7")


def world() -> KillWorld:
    made = KillWorld(view_of(VIEWERS, BUYERS, UNDECIDED, CARTED))
    made.now = NOON + timedelta(hours=3)
    return made


def enters(here: KillWorld, shim: Shim) -> None:
    """Two people, one message each, and one with two."""
    here.happens(shim, item(track(message_id="1", anonymousId="a1")), item(track("Order Completed", message_id="2", anonymousId="a2")))
    here.happens(shim, item(track(message_id="3", minute=1, anonymousId="a3")), item(track(message_id="4", minute=2, anonymousId="a3")))


def leaves(here: KillWorld, shim: Shim) -> None:
    here.happens(shim, item(track(message_id="1", anonymousId="a1")))
    here.now += timedelta(hours=1)
    here.happens(shim, item(track("Order Completed", message_id="2", minute=200, anonymousId="a1")))


def enters_and_leaves_at_once(here: KillWorld, shim: Shim) -> None:
    """One event takes them out of one segment and into another; of somebody else an event comes late, of two changes."""
    leaves(here, shim)
    here.happens(shim, item(track("Product Added", message_id="3", minute=4, anonymousId="a2")))


def bought(here: KillWorld, shim: Shim) -> None:
    """u1 looked, the card bought."""
    here.happens(shim, item(track(message_id="1", anonymousId=None, userId="u1")))
    here.happens(shim, item(track("Order Completed", message_id="2", minute=1, **CARD)))


def is_merged(here: KillWorld, shim: Shim) -> None:
    bought(here, shim)
    here.happens(shim, item(identify(message_id="3", minute=2, userId="u1", traits={"loyalty_card": "7"})))
    here.happens(shim, item(track("Product Added", message_id="4", minute=150, **CARD)))


def is_parted(here: KillWorld, shim: Shim) -> None:
    is_merged(here, shim)
    here.now += timedelta(hours=1)
    operator = Operator(here.stack.identities, KEY, expect=lambda _owner, _cause: None)
    card = Identifier("loyalty_card", "7")
    _, transition = operator.split([card], rules=RULES, by="ada", why="a mistake", at=here.now, events_to=Side.RIGHT)
    follow([transition], stores=here.stores, key=KEY, rules=RULES, observing=here.view.observing)
    here.stack.announcer.publish(facts_of_transition(transition))
    here.settled(shim)
    here.happens(shim, item(track("Order Completed", message_id="5", minute=230, anonymousId=None, userId="u1")))


EVALUATED = {
    "identities.heads",
    "fragments.load",
    "segment_rows.load",
    "segment_rows.commit",
    "segment_rows.announced",
    "announcer.publish",
}
SCENARIOS: dict[str, tuple[Scenario[KillWorld], int]] = {
    "entry": (Scenario(world, enters, KillWorld.end), 30),
    "exit": (Scenario(world, leaves, KillWorld.end), 25),
    "both": (Scenario(world, enters_and_leaves_at_once, KillWorld.end), 40),
    "merge": (Scenario(world, is_merged, KillWorld.end), 55),
    "split": (Scenario(world, is_parted, KillWorld.end), 90),
}
"""With how many points there are at least."""
EACH = pytest.mark.parametrize("name", SCENARIOS)


def told(name: str, kind: str, person: str | None = None) -> list[str]:
    """Segments, or stages of the life cycle."""
    facts = [dict(fact[1:]) for fact in sound_run(SCENARIOS[name][0]).end["facts"] if fact[0] == kind]
    return sorted(str(each.get("segment", each.get("to"))) for each in facts if person in (None, each["profile"]))


def test_the_scenarios_are_what_they_say() -> None:
    a1, a2 = prs("anonymous_id:a1"), prs("anonymous_id:a2")
    assert told("entry", ENTERED) == ["buyers", *["undecided"] * 2, *["viewers"] * 2]
    assert told("exit", ENTERED, a1) == ["buyers", "undecided", "viewers"]
    assert told("exit", EXITED, a1) == ["undecided"]
    assert (told("both", ENTERED, a2), told("both", EXITED, a2)) == (["carted"], ["carted"])
    assert "retention" in told("merge", LIFECYCLE_CHANGED) or "conversion" in told("merge", LIFECYCLE_CHANGED)
    merged, parted = (sound_run(SCENARIOS[name][0]).end["rows"] for name in ("merge", "split"))
    assert {own: sorted(row["memberships"]) for own, row in merged.items()} == {A: ["buyers", "carted", "viewers"]}
    assert {own: sorted(row["memberships"]) for own, row in parted.items()} == {A: ["buyers", "viewers"], B: ["buyers"]}
    assert parted[B]["causes"]


@EACH
def test_a_kill_at_any_call_ends_the_same(name: str) -> None:
    scenario, least = SCENARIOS[name]
    assert methods(sound_run(scenario).calls) >= EVALUATED
    points = assert_same_end(scenario, KILLS)
    assert points >= least, f"{points} points"


@EACH
def test_a_call_that_fails_in_any_way_ends_the_same(name: str) -> None:
    assert_same_end(SCENARIOS[name][0], PASSING)


@EACH
@given(plan=plans(calls=60, kinds=tuple(Kind), size=3))
@settings(max_examples=20, deadline=None)
def test_three_faults_of_any_kind_end_the_same(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name][0], plan)
