"""Properties of the step function, over journeys and inputs of any shape."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ariane.journeys.compile import compile_journey
from ariane.journeys.definition import JourneyFile
from ariane.journeys.enrolment import Enrolment, Status
from ariane.journeys.graph import Journey, SendNode, read_journey
from ariane.journeys.step import PATIENCE, Due, Ended, Entered, Input, MessageDecided, WakeUp, effects_of, step
from ariane.messaging.model import SendRequest
from tests.builders.journeys import CART, NOON, Told, enrolment, journey_of, started

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that run the tests are shared: slowness is not a failure."""

PLANS = ("gold", "free", "none")
GIVEN_UP = Ended(Status.EXITED, "exit_event")


def _branch(children: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    arm = st.tuples(st.sampled_from(PLANS), children).map(lambda pair: {"if": {"trait": "plan", "equals": pair[0]}, "then": pair[1]})
    otherwise = st.one_of(st.just([]), children.map(lambda steps: [{"else": steps}]))
    return st.tuples(st.lists(arm, min_size=1, max_size=2), otherwise).map(lambda parts: {"branch": parts[0] + parts[1]})


_leaf: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(["0 hours", "30 seconds", "1 hour", "2 days"]).map(lambda wait: {"wait": wait}),
    st.sampled_from(["email", "sms"]).map(lambda channel: {"send": {"channel": channel, "template": "t", "topic": "x"}}),
    st.just({"exit": {}}),
)
_steps = st.recursive(st.lists(_leaf, max_size=3), lambda inner: st.lists(st.one_of(_leaf, _branch(inner)), max_size=3), max_leaves=8)


@st.composite
def journeys(draw: st.DrawFn) -> Journey:
    steps = draw(_steps.filter(bool))
    file = JourneyFile.model_validate({"name": "any", "entry": {"event": "E"}, "steps": steps}, strict=False)
    return compile_journey(file)


_moves = st.lists(st.tuples(st.sampled_from(["due", "decided", "stale_due", "stale_decided", "exit"]), st.sampled_from(PLANS)), max_size=25)


def given_of(move: str, plan: str, run: Enrolment) -> Input:
    who = Told({"plan": plan})
    match move:
        case "due":
            return Due(run.lock, who)
        case "stale_due":
            return Due(run.lock - 1, who)
        case "decided":
            return MessageDecided(run.node or "", run.visit, who)
        case "stale_decided":
            return MessageDecided(run.node or "", run.visit - 1, who)
        case _:
            return GIVEN_UP


def moments(run: Enrolment, now: datetime) -> datetime:
    return max(now, run.due or now)


@unhurried
@given(journeys(), _moves)
def test_a_run_has_ended_or_has_a_due_time(journey: Journey, moves: list[tuple[str, str]]) -> None:
    now = NOON
    run = started(journey, now=now)
    for move, plan in moves:
        assert run.is_running == (run.due is not None)
        now = moments(run, now)
        run, _ = step(journey, run, given_of(move, plan, run), now)
    assert run.is_running == (run.due is not None)


@unhurried
@given(journeys(), _moves)
def test_an_input_given_again_changes_and_asks_nothing(journey: Journey, moves: list[tuple[str, str]]) -> None:
    now = NOON
    run = started(journey, now=now)
    for move, plan in moves:
        now = moments(run, now)
        given_input = given_of(move, plan, run)
        run, _ = step(journey, run, given_input, now)
        assert step(journey, run, given_input, now) == (run, ())


@unhurried
@given(journeys(), _moves)
def test_after_an_exit_nothing_is_due_and_nothing_moves_it(journey: Journey, moves: list[tuple[str, str]]) -> None:
    run, effects = step(journey, started(journey), GIVEN_UP, NOON)
    assert (run.due, effects) == (None, ())
    for move, plan in moves:
        assert step(journey, run, given_of(move, plan, run), NOON + timedelta(days=9)) == (run, ())


@unhurried
@given(journeys(), st.lists(st.sampled_from(PLANS), min_size=1))
def test_a_run_that_is_woken_whenever_it_is_due_comes_to_its_end(journey: Journey, plans: list[str]) -> None:
    run, now = started(journey), NOON
    bound = 5 + len(journey.nodes) * (2 + PATIENCE // timedelta(minutes=15))
    for turn in range(bound):
        if not run.is_running:
            break
        now = moments(run, now)
        run, _ = step(journey, run, Due(run.lock, Told({"plan": plans[turn % len(plans)]})), now)
    assert not run.is_running


@unhurried
@given(journeys(), _moves)
def test_every_change_raises_the_lock_and_no_visit_repeats(journey: Journey, moves: list[tuple[str, str]]) -> None:
    run, now = started(journey), NOON
    seen: dict[tuple[str | None, int], SendRequest] = {}
    for move, plan in moves:
        now = moments(run, now)
        before = run
        run, effects = step(journey, run, given_of(move, plan, run), now)
        assert run.lock == before.lock + (run is not before)
        for effect in effects:
            if isinstance(effect, SendRequest):
                assert seen.setdefault((effect.node, effect.visit), effect) == effect


@unhurried
@given(journeys())
def test_a_graph_reads_back_as_it_was_compiled(journey: Journey) -> None:
    assert read_journey(journey.as_json()) == journey


def test_node_ids_are_places_in_the_file() -> None:
    arms = "[{if: {trait: plan, equals: gold}, then: [{wait: 1 day}, {wait: 2 days}]}, {else: [{exit: {}}]}]"
    journey = journey_of(f"{CART}  - branch: {arms}\n")

    assert [node.id for node in journey.nodes] == ["1", "2", "3", "3.1.1", "3.1.2", "3.2.1"]


def test_a_long_wait_is_left_to_the_tick() -> None:
    journey = journey_of(CART)
    run = started(journey)

    assert effects_of(journey, run, NOON) == ()
    due = NOON + timedelta(hours=1)
    assert effects_of(journey, run, due - timedelta(seconds=60)) == (WakeUp("prs_a", run.sort, run.lock, due),)


def test_a_wait_is_not_over_early() -> None:
    journey = journey_of(CART)
    run = started(journey)

    assert step(journey, run, Due(run.lock, Told()), NOON + timedelta(minutes=59)) == (run, ())


def test_only_waits_are_scaled() -> None:
    journey = journey_of(CART).with_waits_scaled(1 / 3600)

    assert started(journey).due == NOON + timedelta(seconds=1)
    assert (journey.reentry_after_seconds, journey.max_event_age_seconds) == (86_400, 3_600)


def test_a_key_with_the_separator_or_of_any_length_keeps_runs_apart() -> None:
    sorts = {enrolment(key=key, number=number).sort for key in ("a", "a#0000", "a%23", "é" * 900, "é" * 901, "") for number in (0, 1)}

    assert len(sorts) == 12
    assert all(len(sort.encode()) < 1024 for sort in sorts)


def test_a_send_node_waits_for_its_message_with_a_safety_net() -> None:
    journey = journey_of(CART.replace("  - wait: 1 hour\n", ""))
    run = started(journey)

    assert isinstance(journey.node(run.node or ""), SendNode)
    assert run.due == NOON + timedelta(minutes=15)
    again, effects = step(journey, run, Due(run.lock, Told()), NOON + timedelta(minutes=15))
    assert effects == effects_of(journey, run, NOON)
    assert again == replace(run, due=NOON + timedelta(minutes=30), lock=run.lock + 1)
    assert step(journey, run, Entered(Told()), NOON) == (run, ())


def test_a_wake_up_for_an_earlier_state_does_not_end_the_next_wait() -> None:
    journey = journey_of(CART.replace("- wait: 1 hour", "- wait: 0 hours\n  - wait: 0 hours"))
    first = started(journey)
    second, _ = step(journey, first, Due(first.lock, Told()), NOON)

    assert (first.node, second.node) == ("1", "2")
    assert step(journey, second, Due(first.lock, Told()), NOON) == (second, ())
