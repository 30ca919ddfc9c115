"""Conditions of every kind where a journey asks them: at entry, in a branch, after a wait in which time alone changed the answer; what an
exit asks of its event. Answered by what is recorded beside the profile, and by the log where nothing is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import orjson
import pytest

from ariane.journeys.admission import Refusal
from ariane.journeys.enrolment import Status
from tests.builders.living_journeys import ADDRESS, WHO, LivingTheatre
from tests.builders.profiles import prs
from tests.builders.segments import segment

HOUR = timedelta(hours=1)
LATELY = segment("lately", {"performed": "Product Viewed", "within": "1 hour"})
VIEWERS = segment("viewers", {"performed": "Product Viewed"})


class Case(NamedTuple):
    condition: dict[str, Any]
    holds: bool
    """Ten minutes after noon; two hours later it does not, or does, and nothing has happened."""


WITHIN: dict[str, Any] = {"performed": "Product Viewed", "within": "1 hour"}
GRANTED: dict[str, Any] = {"consent": {"topic": "offers", "channel": "email"}}
WITHDRAWN: dict[str, Any] = {"consent": {"topic": "offers", "channel": "email", "is": "withdrawn"}}
CASES = {
    "events in a window": Case({**WITHIN, "times": {"gte": 2}}, holds=True),
    "events whose properties pass": Case({**WITHIN, "where": [{"property": "price", "gte": 50}]}, holds=True),
    "a sum in a window": Case({"performed": "Order Completed", "sum": {"property": "total", "gte": 100}, "within": "1 hour"}, holds=True),
    "no event in a window": Case({"not": WITHIN}, holds=False),
    "a computed trait": Case({"trait": "last_order_at", "within": "1 hour"}, holds=True),
    "a computed trait that is old": Case({"trait": "last_order_at", "older_than": "1 hour"}, holds=False),
    "a segment": Case({"segment": "lately"}, holds=True),
    "a segment for some time": Case({"segment": "viewers", "for": "1 hour"}, holds=False),
    "a trait for some time": Case({"has_been": {"trait": "plan", "equals": "free", "for": "1 hour"}}, holds=False),
    "and": Case({"all": [{"trait": "plan", "equals": "free"}, GRANTED, {"segment": "lately"}]}, holds=True),
    "or": Case({"any": [WITHDRAWN, {"trait": "order_count", "gte": 5}, WITHIN]}, holds=True),
    "and, or and not in each other": Case(
        {"all": [GRANTED, {"any": [{"trait": "plan", "equals": "gold"}, {"not": {"any": [WITHIN, {"segment": "lately"}]}}]}]}, holds=False
    ),
}
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
RECORDED = pytest.mark.parametrize("is_recorded", [True, False], ids=["recorded", "by the log"])


def theatre(case: dict[str, Any], *, is_recorded: bool, journey: str) -> LivingTheatre:
    """u1 looked twice, ordered, agreed and has a plan, all in the first five minutes after noon."""
    here = LivingTheatre()
    asked = [segment("asked", case)] if is_recorded else []
    here.people.publish(LATELY, VIEWERS, *asked)
    here.publish(journey)
    here.says(minute=0, plan="free", email=ADDRESS)
    here.happens("Product Viewed", minute=1, price=20)
    here.happens("Product Viewed", minute=2, price=80)
    here.happens("Order Completed", minute=3, order_id="o1", total=120)
    here.decides("Consent Granted", minute=4)
    return here


def entered_if(condition: dict[str, Any]) -> str:
    return f"""
name: cart
entry: {{event: Product Added, key: cart_id, if: {orjson.dumps(condition).decode()}}}
steps:
  - send: {{channel: email, template: reminder, topic: offers}}
"""


def branching(condition: dict[str, Any], *, wait: str = "", leaves: str = "") -> str:
    waiting = f"  - wait: {wait}\n" if wait else ""
    leaving = f"exit: {leaves}\n" if leaves else ""
    return f"""
name: cart
entry: {{event: Product Added, key: cart_id}}
{leaving}steps:
{waiting}  - branch:
      - if: {orjson.dumps(condition).decode()}
        then:
          - send: {{channel: email, template: holds, topic: offers}}
      - else:
          - send: {{channel: email, template: fails, topic: offers}}
"""


@EACH
@RECORDED
def test_an_entry_asks_when_the_event_comes(case: Case, is_recorded: bool) -> None:
    for minute, holds in ((10, case.holds), (130, not case.holds)):
        here = theatre(case.condition, is_recorded=is_recorded, journey=entered_if(case.condition))

        assert here.begins("cart", minute=minute) == ("entered" if holds else Refusal.CONDITION)


@EACH
@RECORDED
def test_a_branch_takes_the_arm_that_holds(case: Case, is_recorded: bool) -> None:
    here = theatre(case.condition, is_recorded=is_recorded, journey=branching(case.condition))
    here.begins("cart", minute=10)

    assert here.templates() == ["holds" if case.holds else "fails"]


@EACH
@RECORDED
def test_after_a_wait_the_arm_is_the_one_that_time_alone_made_true(case: Case, is_recorded: bool) -> None:
    here = theatre(case.condition, is_recorded=is_recorded, journey=branching(case.condition, wait="2 hours"))
    here.begins("cart", minute=10)
    here.pass_time(2 * HOUR - timedelta(minutes=1))
    assert here.templates() == []
    here.pass_time(timedelta(minutes=2))

    assert here.templates() == ["fails" if case.holds else "holds"]


MEANWHILE: dict[str, tuple[dict[str, Any], bool, Callable[[LivingTheatre], object]]] = {
    "an event since the run began": (
        {"performed": "Product Viewed", "since": "enrolment"},
        True,
        lambda here: here.happens("Product Viewed", minute=30, price=1),
    ),
    "an event from before is none since the run began": (
        {"performed": "Product Viewed", "since": "enrolment"},
        False,
        lambda here: here.happens("Page Viewed", minute=30),
    ),
    "a withdrawal": ({"not": WITHDRAWN}, False, lambda here: here.decides("Consent Withdrawn", minute=30)),
    "a plan": ({"any": [{"trait": "plan", "in": ["gold"]}, WITHDRAWN]}, True, lambda here: here.says(minute=30, plan="gold")),
    "a second order": ({"trait": "order_count", "gte": 2}, True, lambda here: here.happens("Order Completed", minute=30, order_id="o2")),
}


@pytest.mark.parametrize(("condition", "holds", "happens"), MEANWHILE.values(), ids=MEANWHILE)
@RECORDED
def test_after_a_wait_what_happened_meanwhile_counts(
    condition: dict[str, Any], holds: bool, happens: Callable[[LivingTheatre], object], is_recorded: bool
) -> None:
    here = theatre(condition, is_recorded=is_recorded, journey=branching(condition, wait="1 hour"))
    here.begins("cart", minute=10)
    happens(here)
    here.pass_time(HOUR)

    assert here.templates() == ["holds" if holds else "fails"]


@pytest.mark.parametrize(
    ("test", "ends"),
    [
        ({"property": "total", "gte": 50}, {"total": 50}),
        ({"property": "coupon", "exists": False}, {"total": 9}),
        ({"property": "products.category", "in": ["shoes", "bags"]}, {"products": [{"category": "hats"}, {"category": "bags"}]}),
        ({"property": "delivered_at", "older_than": "1 day"}, {"delivered_at": "2026-11-20T12:00:00Z"}),
    ],
)
def test_an_exit_ends_the_run_for_events_that_pass_its_tests_alone(test: dict[str, Any], ends: dict[str, Any]) -> None:
    leaves = orjson.dumps({"event": "Order Completed", "where": [test]}).decode()
    here = theatre(WITHIN, is_recorded=True, journey=branching(WITHIN, wait="2 hours", leaves=leaves))
    here.begins("cart", minute=10)
    here.orders(minute=20, total=1, coupon="X", products=[{"category": "hats"}], delivered_at="2026-11-22T11:00:00Z")
    assert run_of(here).status is Status.RUNNING
    here.orders(minute=30, **ends)
    here.pass_time(3 * HOUR)

    assert (run_of(here).status, here.templates()) == (Status.EXITED, [])


def run_of(here: LivingTheatre) -> Any:
    (run,) = here.runs.runs([prs(WHO)])
    return run
