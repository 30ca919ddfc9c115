"""Entries, exits, waits, merges and pinned versions, through the runner with every port in memory."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ariane.definitions.store import JourneyState, LiveJourney
from ariane.errors import Conflict, Rejected, Retryable
from ariane.events.model import LogItem, SourceKind
from ariane.instants import format_instant
from ariane.journeys.admission import Refusal
from ariane.journeys.enrolment import Enrolment, Status
from ariane.journeys.inbox import parse_incoming
from tests.builders.journeys import CART, CONFIRMATION, NOON, Theatre, fact, merged_into, profile

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def theatre() -> Theatre:
    theatre = Theatre()
    theatre.publish(CART, CONFIRMATION)
    return theatre


def test_a_cart_left_for_an_hour_asks_for_its_reminder_once(theatre: Theatre) -> None:
    assert theatre.enter("cart", fact(cart_id="c1")) == "entered"
    theatre.pass_time(59 * MINUTE)
    assert theatre.send_queue.requests == []

    theatre.pass_time(2 * MINUTE)

    (request,) = theatre.send_queue.requests
    assert (request.journey, request.key, request.template, request.node, request.visit) == ("cart", "c1", "reminder", "2", 2)


def test_the_outcome_of_the_message_completes_the_run(theatre: Theatre) -> None:
    theatre.enter("confirmation", fact("Order Completed", order_id="o1"))
    theatre.deliver(theatre.outcome_of())

    assert (theatre.only_run().status, theatre.only_run().due) == (Status.COMPLETED, None)


def test_the_same_event_starts_one_run(theatre: Theatre) -> None:
    theatre.enter("confirmation", fact("Order Completed", order_id="o1"))

    assert theatre.enter("confirmation", fact("Order Completed", order_id="o1")) == "repeated"
    assert len(theatre.all_runs()) == 1
    assert len({request.message_id for request in theatre.send_queue.requests}) == 1


def test_carts_run_beside_each_other_and_one_cart_once(theatre: Theatre) -> None:
    theatre.enter("cart", fact(id="m1", cart_id="c1"))

    assert theatre.enter("cart", fact(id="m2", cart_id="c2")) == "entered"
    assert theatre.enter("cart", fact(id="m3", cart_id="c1")) == Refusal.RUNNING


def test_an_order_ends_every_run_at_once_and_in_the_middle_of_a_wait(theatre: Theatre) -> None:
    theatre.enter("cart", fact(id="m1", cart_id="c1"))
    theatre.enter("cart", fact(id="m2", cart_id="c2"))

    assert theatre.awaited(fact("Order Completed", id="m3", at=NOON + MINUTE)) == "exited 2"
    assert {(run.status, run.due) for run in theatre.all_runs()} == {(Status.EXITED, None)}
    theatre.pass_time(2 * HOUR)
    assert theatre.send_queue.requests == []


def test_an_order_under_another_id_of_the_profile_ends_the_run(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="c1"))
    theatre.profiles.put(profile("prs_b", "prs_a"))

    assert theatre.awaited(fact("Order Completed", id="m3", profile="prs_b", at=NOON)) == "exited 1"


def test_an_order_before_the_cart_ends_nothing(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="c1"))

    assert theatre.awaited(fact("Order Completed", id="m3", at=NOON - timedelta(milliseconds=1))) == "exited 0"


def test_an_exit_that_arrived_first_keeps_the_run_from_starting(theatre: Theatre) -> None:
    theatre.profiles.put(profile(Order_Completed=NOON))

    assert theatre.enter("cart", fact(cart_id="c1")) == Refusal.EXITED
    assert theatre.all_runs() == []


def test_an_exit_that_was_never_announced_is_seen_before_the_send(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="c1"))
    theatre.profiles.put(profile(Order_Completed=NOON + MINUTE))
    theatre.pass_time(2 * HOUR)

    assert theatre.only_run().status is Status.EXITED
    assert theatre.send_queue.requests == []


MATCHED = CART.replace("{event: Order Completed}", "{event: Order Completed, match: cart_id}")


def test_a_matched_exit_ends_the_run_with_its_key_only(theatre: Theatre) -> None:
    theatre.publish(MATCHED)
    theatre.enter("cart", fact(id="m1", cart_id="c1"))
    theatre.enter("cart", fact(id="m2", cart_id="c2"))

    theatre.awaited(fact("Order Completed", id="m3", cart_id="c2"))

    assert [(run.key, run.status) for run in theatre.all_runs()] == [("c1", Status.RUNNING), ("c2", Status.EXITED)]


@pytest.mark.parametrize(("ordered", "expected"), [("c1", Refusal.EXITED), ("c2", "entered")])
def test_a_matched_exit_that_arrived_first_is_looked_up_in_the_log_of_every_member(theatre: Theatre, ordered: str, expected: str) -> None:
    theatre.publish(MATCHED)
    theatre.profiles.put(profile("prs_a", "prs_b", Order_Completed=NOON + MINUTE))
    at = format_instant(NOON + MINUTE)
    order = {"type": "track", "event": "Order Completed", "messageId": "o", "timestamp": at, "properties": {"cart_id": ordered}}
    theatre.history.append(LogItem("prs_b", f"{at}#0", "till", SourceKind.STORE, NOON, (order,)))

    assert theatre.enter("cart", fact(cart_id="c1")) == expected


def test_a_cart_comes_back_after_the_pause_and_only_so_often(theatre: Theatre) -> None:
    def enter_and_leave(number: int) -> str:
        result = theatre.enter("cart", fact(id=f"m{number}", at=theatre.now, cart_id="c1"))
        theatre.awaited(fact("Order Completed", id=f"o{number}", at=theatre.now))
        return result

    results = [enter_and_leave(0)]
    theatre.now += DAY - MINUTE
    results.append(enter_and_leave(1))
    for number in (2, 3, 4):
        theatre.now += DAY
        results.append(enter_and_leave(number))

    assert results == ["entered", Refusal.TOO_SOON, "entered", "entered", Refusal.TOO_OFTEN]
    assert [run.number for run in theatre.all_runs()] == [0, 1, 2]


def test_without_a_re_entry_rule_a_key_runs_once(theatre: Theatre) -> None:
    theatre.enter("confirmation", fact("Order Completed", order_id="o1"))
    theatre.deliver(theatre.outcome_of())

    assert theatre.enter("confirmation", fact("Order Completed", id="m9", order_id="o1")) == Refusal.TOO_OFTEN


def test_an_old_event_and_an_import_start_nothing(theatre: Theatre) -> None:
    assert theatre.enter("cart", fact(at=NOON - HOUR - MINUTE)) == Refusal.TOO_OLD
    assert theatre.enter("cart", fact() | {"kind": "import"}) == Refusal.IMPORTED


def test_the_entry_condition_looks_at_properties_and_the_whole_profile(theatre: Theatre) -> None:
    theatre.publish(CART.replace("key: cart_id}", "key: cart_id, where: [{property: price, gte: 50}], if: {trait: plan, equals: gold}}"))

    assert theatre.enter("cart", fact(id="m1", price=20)) == Refusal.OTHER_EVENT
    assert theatre.enter("cart", fact(id="m2", price=50)) == Refusal.CONDITION
    theatre.profiles.put(profile(traits={"plan": "gold"}))
    assert theatre.enter("cart", fact(id="m3", price=50)) == "entered"


def test_a_branch_reads_the_profile_of_its_moment(theatre: Theatre) -> None:
    theatre.publish(
        CART.replace(
            "  - send: {channel: email, template: reminder, topic: offers}",
            "  - branch:\n"
            "      - if: {trait: plan, equals: gold}\n"
            "        then: [{send: {channel: sms, template: gold, topic: offers}}]\n"
            "      - else: [{exit: {}}]",
        )
    )
    theatre.enter("cart", fact(id="m1", cart_id="c1"))
    theatre.enter("cart", fact(id="m2", cart_id="c1", profile="prs_b"))
    theatre.profiles.put(profile(traits={"plan": "gold"}))
    theatre.pass_time(HOUR + MINUTE)

    assert [(request.profile, request.template, request.node) for request in theatre.send_queue.requests] == [("prs_a", "gold", "2.1.1")]
    assert theatre.runs.get("prs_b", "E#cart#c1#0000").status is Status.EXITED


def test_a_run_finishes_on_the_version_it_entered(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="c1"))
    theatre.publish(CART.replace("reminder", "other"))
    theatre.enter("cart", fact(id="m2", cart_id="c2"))
    theatre.pass_time(2 * HOUR)

    assert {request.key: request.template for request in theatre.send_queue.requests} == {"c1": "reminder", "c2": "other"}


@pytest.mark.parametrize("state", [JourneyState.PAUSED, JourneyState.STOPPED])
def test_a_journey_that_is_not_live_starts_nothing_and_finishes_what_runs(theatre: Theatre, state: JourneyState) -> None:
    theatre.enter("cart", fact(cart_id="c1"))
    live = theatre.documents.live("cart")
    assert live is not None
    theatre.documents.point("cart", LiveJourney(live.version, state, by_publish=False), over=live)

    assert theatre.enter("cart", fact(id="m2", cart_id="c2")) == Refusal.NOT_LIVE
    theatre.pass_time(2 * HOUR)
    assert [request.key for request in theatre.send_queue.requests][:1] == ["c1"]


def test_two_runs_of_one_cart_that_meet_in_a_merge_become_one(theatre: Theatre) -> None:
    theatre.enter("cart", fact(id="m1", cart_id="c1", profile="prs_b"))
    theatre.enter("cart", fact(id="m2", cart_id="c1", profile="prs_a", at=NOON + MINUTE))
    theatre.enter("cart", fact(id="m3", cart_id="c2", profile="prs_a"))
    theatre.profiles.put(merged_into(profile("prs_a"), "prs_b"))

    theatre.merged("prs_a")

    assert [(run.profile, run.key, run.status) for run in theatre.all_runs()] == [
        ("prs_a", "c1", Status.MERGED),
        ("prs_a", "c2", Status.RUNNING),
        ("prs_b", "c1", Status.RUNNING),
    ]


def test_a_merge_brings_the_other_profiles_exit(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="c1"))
    theatre.profiles.put(profile("prs_a", "prs_b", Order_Completed=NOON))
    theatre.merged("prs_a")

    assert theatre.only_run().status is Status.EXITED


def test_a_re_entry_counts_the_runs_of_every_member(theatre: Theatre) -> None:
    theatre.enter("confirmation", fact("Order Completed", id="m1", order_id="o1", profile="prs_b"))
    theatre.deliver(theatre.outcome_of())
    theatre.profiles.put(profile("prs_a", "prs_b"))

    assert theatre.enter("confirmation", fact("Order Completed", id="m2", order_id="o1")) == Refusal.TOO_OFTEN


def test_an_exit_between_the_look_and_the_commit_still_ends_the_run(theatre: Theatre) -> None:
    class LateExit:
        """The order is folded and announced right before the run is written: nobody finds a run to end."""

        def __getattr__(self, name: str) -> object:
            return getattr(theatre.runs, name)

        def create(self, run: object) -> None:
            theatre.profiles.put(profile(Order_Completed=NOON))
            assert theatre.awaited(fact("Order Completed", id="m2")) == "exited 0"
            theatre.runs.create(run)

    theatre.deliver({"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1")}, theatre.runner(runs=LateExit()))

    assert theatre.only_run().status is Status.EXITED


def test_an_exit_that_meets_another_change_is_applied_to_what_stands(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="c1"))
    (before,) = theatre.all_runs()

    class Raced:
        """Another runner moves the run on right before the exit is written."""

        def __getattr__(self, name: str) -> object:
            return getattr(theatre.runs, name)

        def save(self, run: Enrolment) -> None:
            if theatre.only_run() == before:
                theatre.runs.save(replace(before, node="2", visit=2, lock=before.lock + 1))
            theatre.runs.save(run)

    theatre.deliver({"kind": "awaited", "fact": fact("Order Completed", id="m2")}, theatre.runner(runs=Raced()))

    run = theatre.only_run()
    assert (run.status, run.node, run.lock) == (Status.EXITED, "2", before.lock + 2)


def test_a_run_that_keeps_changing_is_left_to_the_queue(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="c1"))

    class NeverInTime:
        def __getattr__(self, name: str) -> object:
            return getattr(theatre.runs, name)

        def save(self, _run: Enrolment) -> None:
            raise Conflict("enrolment_changed", "")

    with pytest.raises(Retryable):
        theatre.deliver({"kind": "awaited", "fact": fact("Order Completed", id="m2")}, theatre.runner(runs=NeverInTime()))


def test_a_message_without_an_answer_is_asked_for_again_and_given_up_after_a_day(theatre: Theatre) -> None:
    theatre.enter("confirmation", fact("Order Completed", order_id="o1"))
    theatre.pass_time(16 * MINUTE)
    assert len(theatre.send_queue.requests) == 2

    theatre.pass_time(DAY)

    assert theatre.only_run().status is Status.COMPLETED
    assert len({request.message_id for request in theatre.send_queue.requests}) == 1


def test_scaled_waits_go_straight_to_the_queue(theatre: Theatre) -> None:
    theatre.wait_scale = 1 / 1200
    theatre.enter("cart", fact(cart_id="c1"))

    assert [each.due for each in theatre.journey_queue.messages] == [NOON + timedelta(seconds=3)]


def test_a_wake_up_that_comes_early_waits_for_the_rest(theatre: Theatre) -> None:
    theatre.wait_scale = 1 / 1200
    theatre.enter("cart", fact(cart_id="c1"))
    (early,) = theatre.journey_queue.messages

    assert theatre.deliver(early.body) == "early"
    assert theatre.only_run().node == "1"
    theatre.now += timedelta(seconds=3)
    theatre.deliver_due()
    assert len(theatre.send_queue.requests) == 1


@pytest.mark.parametrize("body", [{}, {"kind": "no"}, {"kind": "entry", "journey": "cart"}, {"kind": "awaited", "fact": {"event": 1}}])
def test_a_malformed_message_is_rejected(body: dict[str, object]) -> None:
    with pytest.raises(Rejected, match="malformed_message"):
        parse_incoming(body)
