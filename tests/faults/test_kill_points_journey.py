"""A run ends the same and asks for the same messages, whatever happens to the runner and to the tick between any two calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.journeys.enrolment import Enrolment
from ariane.journeys.step import SAFETY_NET
from ariane.journeys.tick import hand_over_due
from tests.builders.journeys import CART, CONFIRMATION, NOON, PORTS, Theatre, fact, merged_into, profile
from tests.builders.profiles import item, track
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

WELCOME = """
name: welcome
entry: {event: Signed Up}
exit: {event: Account Closed}
steps:
  - branch:
      - if: {trait: vip, equals: true}
        then:
          - send: {channel: sms, template: vip, topic: offers}
      - else:
          - wait: 30 seconds
          - send: {channel: email, template: hello, topic: offers}
  - wait: 2 days
  - branch:
      - if: {trait: orders, gte: 1}
        then:
          - exit: {}
  - send: {channel: email, template: nudge, topic: offers}
"""
ORDERED = """
name: ordered
entry: {event: Checkout Started, key: cart_id}
exit: {event: Order Completed, match: cart_id}
steps:
  - send: {channel: email, template: checkout, topic: offers}
"""


@dataclass
class Stage:
    """The journey function and the tick, each call of theirs through the shim; each delivery finds a runner that knows nothing yet."""

    theatre: Theatre
    shim: Shim

    def deliver(self, body: Mapping[str, Any]) -> None:
        def attempt() -> None:
            ports = {name: self.shim.wrap(name, getattr(self.theatre, name), worker="journey") for name in PORTS}
            self.theatre.deliver(body, self.theatre.runner(**ports))

        until_done(attempt)

    def enter(self, journey: str, of: Mapping[str, Any]) -> None:
        self.deliver({"kind": "entry", "journey": journey, "fact": of})

    def pass_time(self, span: timedelta) -> None:
        """The tick at each instant at which something is due: in between it would find nothing."""
        until = self.theatre.now + span
        while (then := self._next()) is not None and then <= until:
            self.theatre.now = max(self.theatre.now, then)
            self._tick()
            self.theatre.deliver_due(self.deliver)
        self.theatre.now = until

    def _next(self) -> datetime | None:
        dues = [each.due for each in (*self.theatre.all_runs(), *self.theatre.journey_queue.messages) if each.due]
        return max(min(dues), self.theatre.now + timedelta(seconds=1)) if dues else None

    def _tick(self) -> None:
        runs = self.shim.wrap("runs", self.theatre.runs, worker="tick")
        queue = self.shim.wrap("journey_queue", self.theatre.journey_queue, worker="tick")
        until_done(lambda: hand_over_due(runs, queue, clock=self.theatre.clock, horizon=timedelta(minutes=1)))

    def messages_sent(self) -> None:
        """The sender reports of every request, of each as often as it was asked for. A run whose request was lost asks again, later."""
        while any(map(self._lacks_request, self.theatre.all_runs())):
            self.pass_time(SAFETY_NET)
        for number in range(len(self.theatre.send_queue.requests)):
            self.deliver(self.theatre.outcome_of(number))

    def _lacks_request(self, run: Enrolment) -> bool:
        asked = {(each.profile, each.enrolment, each.visit) for each in self.theatre.send_queue.requests}
        is_soon = run.due is not None and run.due - self.theatre.now <= SAFETY_NET
        return run.is_running and is_soon and (run.profile, run.sort, run.visit) not in asked


def abandoned_cart(stage: Stage) -> None:
    """A wait, a message, its outcome; and the same fact again when all is over."""
    stage.enter("cart", fact(cart_id="c1"))
    stage.pass_time(timedelta(hours=1))
    stage.messages_sent()
    stage.enter("cart", fact(cart_id="c1"))


def bought_while_waiting(stage: Stage) -> None:
    stage.enter("cart", fact(cart_id="c1"))
    stage.pass_time(timedelta(minutes=20))
    stage.theatre.profiles.put(profile(Order_Completed=stage.theatre.now))
    stage.deliver({"kind": "awaited", "fact": fact("Order Completed", id="m2", at=stage.theatre.now)})
    stage.pass_time(timedelta(hours=2))


def bought_before_the_run_was_known(stage: Stage) -> None:
    """The exit was handled first and found no run: the entry finds it in the log, where it names the cart."""
    order = track("Order Completed", message_id="m2", minute=1, properties={"cart_id": "c1"})
    logged = item(order)
    stage.theatre.history.append(logged)
    known = profile("prs_a", logged.person_id, Order_Completed=NOON + timedelta(minutes=1))
    stage.theatre.profiles.put(known)
    stage.deliver({"kind": "awaited", "fact": fact("Order Completed", id="m2", cart_id="c1", at=NOON + timedelta(minutes=1))})
    stage.enter("ordered", fact("Checkout Started", cart_id="c1"))
    stage.enter("ordered", fact("Checkout Started", id="m3", cart_id="c2"))
    stage.messages_sent()


def comes_back(stage: Stage) -> None:
    """A second run a day later, and a third event too soon after it."""
    for number, pause in enumerate((timedelta(0), timedelta(days=1), timedelta(hours=3))):
        stage.pass_time(pause)
        stage.enter("cart", fact(id=f"m{number}", cart_id="c1", at=stage.theatre.now))
        stage.pass_time(timedelta(hours=1))
        stage.messages_sent()


def merged_while_both_wait(stage: Stage) -> None:
    """Two profiles' runs of one cart; the earlier goes on, for both. The absorbed profile's run of another cart goes on as well."""
    stage.enter("cart", fact(cart_id="c1"))
    stage.pass_time(timedelta(minutes=5))
    later = stage.theatre.now
    stage.enter("cart", fact(id="m2", cart_id="c1", profile="prs_b", at=later))
    stage.enter("cart", fact(id="m3", cart_id="c2", profile="prs_b", at=later))
    stage.theatre.profiles.put(merged_into(profile("prs_a"), "prs_b"))
    stage.deliver({"kind": "merged", "fact": {"into": "prs_a"}})
    stage.pass_time(timedelta(hours=2))
    stage.messages_sent()


def parted_while_both_wait(stage: Stage) -> None:
    """Two who were taken for one left a cart each; and one of them another, which began while they were apart."""
    stage.enter("cart", fact(id="m1", cart_id="c1", profile="prs_b"))
    stage.theatre.profiles.put(merged_into(profile("prs_a"), "prs_b"))
    stage.enter("cart", fact(id="m2", cart_id="c2"))
    stage.enter("cart", fact(id="m3", cart_id="c3") | {"fragment": "prs_b"})
    stage.theatre.profiles.put(profile("prs_a"), profile("prs_b"))
    stage.deliver({"kind": "split", "fact": {"from": "prs_a", "into": ["prs_a", "prs_b"]}})
    stage.pass_time(timedelta(hours=2))
    stage.messages_sent()


def branches(stage: Stage) -> None:
    """One takes the first arm and has ordered by the second; the other waits half a minute, as only the queue can, and gets the nudge."""
    stage.theatre.profiles.put(profile("prs_a", traits={"vip": True}), profile("prs_b"))
    for who in ("prs_a", "prs_b"):
        stage.enter("welcome", fact("Signed Up", id=f"hello {who}", profile=who))
    stage.pass_time(timedelta(minutes=1))
    stage.messages_sent()
    stage.theatre.profiles.put(profile("prs_a", traits={"vip": True, "orders": 2}))
    stage.pass_time(timedelta(days=2))
    stage.messages_sent()


def an_answer_never_comes(stage: Stage) -> None:
    """The run asks again each quarter of an hour, all stands still for a day, and then the run goes on without it."""
    stage.enter("confirmation", fact("Order Completed", order_id="o1"))
    stage.pass_time(2 * SAFETY_NET)
    stage.theatre.now += timedelta(days=1)
    stage.pass_time(2 * SAFETY_NET)


def published() -> Theatre:
    theatre = Theatre()
    theatre.publish(CART, CONFIRMATION, WELCOME, ORDERED)
    return theatre


def end(theatre: Theatre) -> Any:
    """Without instants: a wake-up that was lost is repaired, later."""
    runs = [
        [
            run.status,
            run.profile,
            run.journey,
            run.key,
            run.number,
            run.cause,
            run.version,
            run.reason,
            run.node,
            run.visit,
            run.due is None,
        ]
        for run in theatre.all_runs()
    ]
    return {
        "runs": runs,
        "requests": {(each.profile, each.message_id, each.template, each.node) for each in theatre.send_queue.requests},
        "queue": [each.body for each in theatre.journey_queue.messages],
    }


def scenario(play: Callable[[Stage], None]) -> Scenario[Theatre]:
    return Scenario(published, lambda theatre, shim: play(Stage(theatre, shim)), end)


SCENARIOS = {
    play.__name__: scenario(play)
    for play in (
        abandoned_cart,
        bought_while_waiting,
        bought_before_the_run_was_known,
        comes_back,
        merged_while_both_wait,
        parted_while_both_wait,
        branches,
        an_answer_never_comes,
    )
}
ENDS = {
    "abandoned_cart": (["completed"], 1),
    "bought_while_waiting": (["exited"], 0),
    "bought_before_the_run_was_known": (["completed"], 1),
    "comes_back": (["completed", "completed"], 2),
    "merged_while_both_wait": (["completed", "merged", "completed"], 2),
    "parted_while_both_wait": (["completed", "exited", "completed"], 2),
    "branches": (["exited", "completed"], 3),
    "an_answer_never_comes": (["completed"], 1),
}
EACH = pytest.mark.parametrize("name", SCENARIOS)


@EACH
def test_the_scenarios_are_what_they_say(name: str) -> None:
    sound = sound_run(SCENARIOS[name])
    assert ([run[0] for run in sound.end["runs"]], len(sound.end["requests"])) == ENDS[name]
    assert sound.end["queue"] == []


@EACH
def test_a_kill_at_any_call_changes_neither_the_end_nor_the_messages(name: str) -> None:
    assert assert_same_end(SCENARIOS[name], KILLS) >= 14


@EACH
def test_a_call_that_fails_in_any_way_changes_neither_the_end_nor_the_messages(name: str) -> None:
    assert_same_end(SCENARIOS[name], PASSING)


@EACH
@given(plan=plans(calls=60))
@settings(max_examples=12, deadline=None)
def test_two_kills_change_neither_the_end_nor_the_messages(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)


@EACH
@given(plan=plans(calls=60, kinds=tuple(Kind), size=4))
@settings(max_examples=12, deadline=None)
def test_four_faults_of_any_kind_change_neither_the_end_nor_the_messages(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)
