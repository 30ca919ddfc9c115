"""What stitch records of people for conditions: merged, divided, refolded, it is what the log tells."""

from dataclasses import replace
from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ariane.conditions.entries import until
from ariane.conditions.observing import Asked, Observing
from ariane.conditions.series import Entry, Keep, Observed, Run, Series
from ariane.events.model import Message
from ariane.identity.epochs import later_self
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.profiles.applying import apply
from ariane.profiles.bundles import MOST_OBSERVED, Bundle
from ariane.profiles.completeness import is_complete
from ariane.profiles.fragment_sums import plus
from ariane.profiles.fragments import Fragment, StoredFragment, decode, encode
from ariane.profiles.observed_bounds import MAX_OBSERVED_BYTES
from tests.builders.homes import from_scratch, refolded, share, stored_by_home
from tests.builders.observing import CATEGORIES, DEAR, KEEPS, PLAN, SPENT, VIEWED, alike, log_view_of, view_of
from tests.builders.profiles import KEY, NOON, Stack, event_in, identify, item, prs, track

TABLET = "anonymous_id:tablet"
LATER = person_id(later_self(Identifier.parse(TABLET)), KEY)
MINUTE = 60_000
NOON_MILLIS = int(NOON.timestamp() * 1000)

DRAWN = st.lists(
    st.tuples(st.sampled_from(["view", "order", "plan", "page"]), st.integers(0, 5_000), st.integers(1, 300)),
    max_size=14,
    unique_by=lambda e: e[1],
)


def message(kind: str, minute: int, amount: int, *, number: int, **ids: Any) -> Message:
    """One of the events that the plan looks at, and one that it does not."""
    given_ids = ids or {"anonymousId": "tablet"}
    if kind == "plan":
        return identify(message_id=f"m{number}", minute=minute, traits={"plan": ["free", "gold", None][amount % 3]}, **given_ids)
    properties = {"price": amount, "total": f"{amount}.10", "products": [{"category": f"c{amount % 4}"}, {"category": "all"}]}
    name = {"view": "Product Viewed", "order": "Order Completed", "page": "Size Guide Opened"}[kind]
    context = {"location": {"latitude": amount / 10, "longitude": 1.5}} if amount % 2 else {}
    return track(name, message_id=f"m{number}", minute=minute, properties=properties, context=context, **given_ids)


def told(stack: Stack, messages: list[Message]) -> Stack:
    for each in messages:
        stack.deliver(item(each))
    return stack


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(DRAWN, st.integers(0, 5_000))
def test_after_a_division_each_side_is_as_if_the_other_had_never_been(drawn: list[tuple[str, int, int]], minute: int) -> None:
    messages = [message(*each, number=number) for number, each in enumerate(drawn)]
    stack = told(Stack(observing=PLAN), messages)
    share(stack, TABLET, minute=minute)
    refolded(stack, TABLET)
    for home in (prs(TABLET), LATER):
        mine = [each for each, (_, at, _) in zip(messages, drawn, strict=True) if (at >= minute) is (home == LATER)]
        assert_alike(stack, home, told(Stack(observing=PLAN), mine), prs(TABLET))


def assert_alike(stack: Stack, home: str, other: Stack, other_home: str) -> None:
    view, alone = view_of(stack, home), view_of(other, other_home)
    for series in KEEPS:
        one, two = alike(view.observed(series), alone.observed(series))
        assert one == two, series
    said = [view.settings("plan"), alone.settings("plan")]
    since = max((each.watermark + 1 for each in said if each.watermark is not None), default=0)
    one_runs, two_runs = ([run._replace(first=max(run.first, since)) for run in each.runs if run.last >= since] for each in said)
    assert one_runs == two_runs


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(DRAWN, st.lists(st.integers(0, 2), min_size=14, max_size=14))
def test_what_is_recorded_over_several_identifiers_is_what_the_log_tells(drawn: list[tuple[str, int, int]], who: list[int]) -> None:
    stack = Stack(observing=PLAN)
    people: list[dict[str, Any]] = [{"anonymousId": "a1"}, {"userId": "u1"}, {"userId": "u1", "anonymousId": "a1"}]
    told(stack, [message(*each, number=number, **people[who[number]]) for number, each in enumerate(drawn)])
    told(stack, [identify(message_id="link", minute=6_000, userId="u1", anonymousId="a1")])
    view, log = view_of(stack, prs("user_id:u1")), log_view_of(stack, prs("user_id:u1"))
    for series in KEEPS:
        one, two = alike(view.observed(series), log.observed(series))
        assert one == two, series
    mark = view.settings("plan").watermark
    known = [run for run in log.settings("plan").runs if mark is None or run.last > mark]
    assert [run.value for run in view.settings("plan").runs] == [run.value for run in known]
    assert log.events == len(drawn) + 1
    assert log.facts == view.facts


def test_a_refold_leaves_what_all_events_of_each_home_come_to() -> None:
    stack = told(Stack(observing=PLAN), [message("order", minute, 50 + minute, number=minute) for minute in range(20)])
    for minute in (15, 7, 0):
        share(stack, TABLET, minute=minute)
        refolded(stack, TABLET)
        assert stored_by_home(stack, from_scratch(stack)) == from_scratch(stack)


class TestWhatIsMissing:
    """Events from before a series was asked for."""

    @pytest.fixture
    def stack(self) -> Stack:
        stack = told(Stack(), [message("order", 1, 80, number=1)])
        stack.observing = PLAN
        return stack

    def test_only_the_log_tells_of_what_was_counted_before(self, stack: Stack) -> None:
        told(stack, [message("order", 2, 40, number=2)])
        view = view_of(stack, prs(TABLET))
        assert not view.observed(SPENT).is_complete
        assert view.observed(SPENT).entries == (Entry(NOON_MILLIS + 2 * MINUTE, ("40.10",)),)
        assert len(log_view_of(stack, prs(TABLET)).observed(SPENT).entries) == 2

    def test_what_never_happened_is_missing_nothing(self, stack: Stack) -> None:
        assert view_of(stack, prs(TABLET)).observed(VIEWED) == Observed()

    def test_a_refold_makes_it_whole(self, stack: Stack) -> None:
        assert not is_complete(stack.fragments.load([prs(TABLET)])[prs(TABLET)].fragment, PLAN)
        refolded(stack, TABLET)
        assert is_complete(stack.fragments.load([prs(TABLET)])[prs(TABLET)].fragment, PLAN)
        assert view_of(stack, prs(TABLET)).observed(SPENT) == log_view_of(stack, prs(TABLET)).observed(SPENT)

    def test_a_series_that_no_plan_asks_for_is_known_only_where_its_event_never_happened(self, stack: Stack) -> None:
        view = view_of(stack, prs(TABLET))
        assert not view.observed(Series("Order Completed")).is_complete
        assert view.observed(Series("Store Visited")) == Observed()

    def test_of_a_person_who_begins_under_the_plan_nothing_is_missing(self) -> None:
        stack = told(Stack(observing=PLAN), [message("order", 1, 80, number=1)])
        assert view_of(stack, prs(TABLET)).observed(SPENT).is_complete

    def test_a_writer_with_an_older_plan_makes_what_it_does_not_know_incomplete(self) -> None:
        stack = told(Stack(observing=PLAN), [message("order", 1, 80, number=1)])
        stack.observing = Observing(epoch=2)
        told(stack, [message("order", 2, 80, number=2)])
        assert not view_of(stack, prs(TABLET)).observed(SPENT).is_complete

    def test_traits_that_were_set_before_are_of_unknown_age(self) -> None:
        stack = told(Stack(), [message("plan", 1, 1, number=1)])
        stack.observing = PLAN
        assert not view_of(stack, prs(TABLET)).settings("plan").is_complete
        refolded(stack, TABLET)
        at = NOON_MILLIS + MINUTE
        assert view_of(stack, prs(TABLET)).settings("plan").runs == (Run(at, at, "gold"),)


@given(DRAWN, DRAWN)
def test_a_device_that_wakes_leaves_the_sum_as_if_it_had_never_been_in_it(
    one: list[tuple[str, int, int]], two: list[tuple[str, int, int]]
) -> None:
    sleeper, other = (
        apply(Fragment(person_id=own), [event_in(message(*each, number=number)) for number, each in enumerate(drawn)], PLAN)
        for own, drawn in (("prs_a", one), ("prs_b", two))
    )
    left = Bundle(holder="prs_r").with_sealed([sleeper, other]).without(sleeper).total
    for key, mine in other.observed.items():
        rest = left.observed[key]
        expected = mine if rest.watermark is None else until(mine, rest.watermark)
        assert rest.entries == expected.entries
        assert (rest.base.times, rest.base.total) == (expected.base.times, expected.base.total)
    together = [plus(plus(Fragment(person_id=""), sleeper), left), plus(plus(Fragment(person_id=""), sleeper), other)]
    for key in together[1].observed:
        assert len(set(map(repr, alike(*(each.observed[key] for each in together))))) == 1


def many_orders(count: int) -> Fragment:
    drawn = [message("order", minute, minute, number=minute) for minute in range(count)]
    series = (Asked(SPENT, Keep(entries=1_000, seconds=None), 1), Asked(Series("*"), Keep(entries=1_000, seconds=None), 1))
    return reduce(lambda fragment, each: apply(fragment, [event_in(each)], Observing(1, series)), drawn, Fragment(person_id="p"))


def test_a_fragment_keeps_no_more_than_its_bytes_and_knows_what_it_gave_up() -> None:
    fragment = many_orders(2_000)
    assert MAX_OBSERVED_BYTES / 4 < len(encode(fragment)) < MAX_OBSERVED_BYTES + 500
    for observed in fragment.observed.values():
        assert len(observed.entries) + observed.base.times == 2_000
    assert len(encode(Bundle(holder="r").with_sealed([fragment]).total)) < MOST_OBSERVED + 500


def test_a_very_long_value_is_summed_up_at_once() -> None:
    series = (Asked(Series("E", path="text"), Keep(entries=5, seconds=None), 1),)
    events = [event_in(track("E", message_id=f"{n}", minute=n, properties={"text": "x" * (300 if n == 2 else 3)})) for n in range(4)]
    (observed,) = apply(Fragment(person_id="p"), events, Observing(1, series)).observed.values()
    assert (len(observed.entries), observed.base.times) == (1, 3)


def test_an_unobserved_person_takes_not_a_byte_more() -> None:
    events = [event_in(message("page", 1, 2, number=1))]
    assert len(encode(apply(Fragment(person_id="p"), events, PLAN))) == len(encode(apply(Fragment(person_id="p"), events)))


def test_what_a_release_before_this_one_stored_is_read() -> None:
    before = encode(apply(Fragment(person_id="p"), [event_in(message("order", 1, 1, number=1))]))
    assert before[0] == 1
    assert decode("p", before).observes == 0


def test_what_is_asked_for_no_more_is_dropped_at_the_next_write() -> None:
    events = [event_in(message("order", 1, 201, number=1)), event_in(message("view", 2, 201, number=2))]
    fragment = apply(Fragment(person_id="p"), events, PLAN)
    assert len(fragment.observed) == len(KEEPS)
    left = apply(fragment, [], replace(PLAN, epoch=4, series=(Asked(DEAR, KEEPS[DEAR], 3),)))
    assert (set(left.observed), left.observes) == ({DEAR.key}, 4)


def test_values_of_all_that_was_ordered_are_tallied() -> None:
    stack = told(Stack(observing=PLAN), [message("order", minute, minute, number=minute) for minute in range(8)])
    values = view_of(stack, prs(TABLET)).observed(CATEGORIES).base.values
    assert {name: tally.times for name, tally in values.items()} == {"all": 8, "c0": 2, "c1": 2, "c2": 2, "c3": 2}


def test_a_stored_fragment_keeps_all_that_was_recorded() -> None:
    drawn = [("order", 5, 80), ("view", 6, 250), ("plan", 7, 1), ("order", 9, 81), ("order", 10, 82), ("plan", 11, 2)]
    fragment = apply(Fragment(person_id="p"), [event_in(message(*each, number=n)) for n, each in enumerate(drawn)], PLAN)
    assert decode("p", encode(fragment)) == fragment
    assert StoredFragment(fragment=fragment).fragment.observed[SPENT.key].base.times == 1
