"""Conditions on events, at the very edges of their windows; and that what fragments keep for them tells the same as the log."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.conditions.catalogue import Catalogue
from ariane.conditions.evaluate import BeyondMemory, holds, steps
from ariane.conditions.series import Consent
from ariane.conditions.steps import MIN
from ariane.profiles.person_view import PersonFacts
from tests.builders.views import DAY, HOUR, MINUTE, NOON, Person, did, read

unhurried = settings(deadline=None)
NOTHING = Catalogue({}, {})
PARIS = {"latitude": 48.8566, "longitude": 2.3522}


def told(document: Any, person: Person, *, at: int = 0, catalogue: Catalogue = NOTHING) -> bool:
    condition = read(document)
    return holds(condition, person.log([condition], catalogue), catalogue, NOON + at)


def changes(document: Any, person: Person, *, now: int = 0, catalogue: Catalogue = NOTHING) -> list[tuple[int, bool]]:
    condition = read(document)
    found = steps(condition, person.log([condition], catalogue), catalogue, now=NOON + now)
    return [(millis - NOON, value) for millis, value in found.changes(MIN, NOON + 1_000 * DAY)]


def test_a_window_has_both_its_ends() -> None:
    person = Person([did("A", -DAY)])

    assert changes({"performed": "A", "within": "7 days"}, person) == [(-DAY, True), (6 * DAY + 1, False)]


def test_each_event_keeps_a_window_open_for_itself() -> None:
    person = Person([did("A", 0), did("A", 3), did("A", 3), did("A", HOUR)])

    counted = {"performed": "A", "times": {"gte": 3}, "within": "1 hour"}
    assert changes(counted, person) == [(3, True), (HOUR + 4, False)]
    assert changes({**counted, "times": {"equals": 4}}, person) == [(HOUR, True), (HOUR + 1, False)]


def test_a_period_has_both_its_ends_and_its_answer_stays() -> None:
    period = ["2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.005Z"]

    for at, expected in [(-1, []), (0, [(0, True)]), (5, [(5, True)]), (6, [])]:
        assert changes({"performed": "A", "between": period}, Person([did("A", at)])) == expected


@pytest.mark.parametrize(("enrolled", "expected"), [(None, False), (NOON - 5, True), (NOON - 4, False)])
def test_since_enrolment_begins_with_the_run(enrolled: int | None, expected: bool) -> None:
    facts = PersonFacts(None, None, "user_id:u1", "Europe/Paris", enrolled)

    assert told({"performed": "A", "since": "enrolment"}, Person([did("A", -5)], facts=facts)) is expected
    assert told({"performed": "A", "since": "enrolment", "times": {"lt": 1}}, Person([did("A", -5)], facts=facts)) is not expected


def test_sums_slide() -> None:
    person = Person([did("A", 0, {"total": "10.10"}), did("A", 5, {"total": 0.2}), did("A", MINUTE, {"total": -0.3})])

    assert changes({"performed": "A", "sum": {"property": "total", "equals": 10.3}, "within": "1 minute"}, person) == [
        (5, True),
        (MINUTE, False),
    ]
    assert changes({"performed": "A", "max": {"property": "total", "gt": 5}, "within": "1 minute"}, person) == [
        (0, True),
        (MINUTE + 1, False),
    ]
    assert changes({"performed": "A", "min": {"property": "total", "lt": 0}, "within": "1 minute"}, person) == [
        (MINUTE, True), (2 * MINUTE + 1, False),
    ]  # fmt: skip


def test_different_values_are_counted_within_a_window() -> None:
    person = Person([did("A", 0, {"sku": "x"}), did("A", 1, {"sku": ["x", "y"]}), did("A", 2, {"sku": "z"})])

    assert changes({"performed": "A", "distinct": {"property": "sku", "gte": 3}, "within": "1 minute"}, person) == [
        (2, True),
        (MINUTE + 2, False),
    ]


def test_names_may_end_in_a_star() -> None:
    person = Person([did("Order Completed", -2), did("Order Refunded", -1), did("Ordered", -1)])

    assert told({"performed": "Order *", "times": {"equals": 2}}, person)
    assert told({"performed": "*", "times": {"equals": 3}}, person)


def test_the_clock_of_a_where_is_the_events_own() -> None:
    renewed = did("A", -90 * DAY, {"at": "2026-08-23T12:00:00Z"})
    condition = {"performed": "A", "where": [{"property": "at", "within": "7 days"}]}

    assert told(condition, Person([renewed]))
    assert not told(condition, Person([did("A", 0, renewed.properties)]))


def test_the_last_and_the_first_are_compared_with_all_of_that_name() -> None:
    person = Person([did("A", -3, {"c": "x"}), did("A", -2, {"c": "y"}), did("A", -1, {"c": "x"})])
    by_x = [{"property": "c", "equals": "x"}]

    assert changes({"last": "A", "where": by_x}, person) == [(-3, True), (-2, False), (-1, True)]
    assert changes({"first": "A", "where": by_x}, person) == [(-3, True)]
    assert changes({"first": "A", "where": [{"property": "c", "equals": "y"}]}, person) == []


def test_of_several_at_one_instant_any_is_the_last_and_the_first() -> None:
    person = Person([did("A", -1, {"c": "x"}), did("A", -1, {"c": "y"})])

    for which, value in [("last", "x"), ("last", "y"), ("first", "x"), ("first", "y")]:
        assert told({which: "A", "where": [{"property": "c", "equals": value}]}, person)


def test_a_sequence_stays_true_from_its_last_event_on() -> None:
    condition = {"sequence": {"events": ["A", {"event": "B", "where": [{"property": "x", "equals": 1}]}, "A"], "within": "1 hour"}}

    assert changes(condition, Person([did("A", 0), did("B", 1, {"x": 1}), did("A", HOUR)])) == [(HOUR, True)]
    assert changes(condition, Person([did("A", 0), did("B", 1, {"x": 1}), did("A", HOUR + 1)])) == []
    assert changes(condition, Person([did("A", 0), did("B", 1, {"x": 2}), did("A", 2)])) == []


def test_events_of_one_instant_are_no_sequence() -> None:
    assert not told({"sequence": {"events": ["A", "B"]}}, Person([did("A", -1), did("B", -1)]))
    assert not told({"sequence": {"events": ["A", "A"]}}, Person([did("A", -1)]))
    assert told({"sequence": {"events": ["A", "A"]}}, Person([did("A", -2), did("A", -1)]))


def test_a_sequence_may_begin_again_before_it_is_completed() -> None:
    person = Person([did("A", 0), did("B", HOUR), did("A", 2 * HOUR), did("B", 2 * HOUR + 1), did("C", 2 * HOUR + 2)])

    assert changes({"sequence": {"events": ["A", "B", "C"], "within": "1 hour"}}, person) == [(2 * HOUR + 2, True)]


def test_near_is_where_the_latest_place_is_for_half_an_hour() -> None:
    near = {"near": {"lat": 48.85, "lon": 2.35, "km": 5}}
    lyon = {"latitude": 45.76, "longitude": 4.83}

    assert changes(near, Person([did("A", 0, location=PARIS)])) == [(0, True), (30 * MINUTE + 1, False)]
    assert changes(near, Person([did("A", 0, location=PARIS), did("B", 5, location=lyon), did("C", 6)])) == [(0, True), (5, False)]
    assert told(near, Person([did("A", 0, location=PARIS), did("A", 0, location=lyon)]))
    for wrong in (
        None,
        "Paris",
        {"latitude": 91, "longitude": 0},
        {"latitude": True, "longitude": 2},
        {"latitude": "48.8", "longitude": 2},
    ):
        assert not told(near, Person([did("A", 0, location=wrong)]))


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([], "unknown"),
        ([Consent("offers", "email", True, NOON - 2, "a")], "granted"),
        ([Consent("offers", "email", False, NOON - 2, "a")], "withdrawn"),
        ([Consent("offers", "email", False, NOON - 2, "a"), Consent("offers", "email", True, NOON - 1, "b")], "granted"),
        ([Consent("offers", "email", True, NOON - 2, "a"), Consent("*", "*", False, NOON - 1, "a")], "withdrawn"),
        ([Consent("offers", "email", True, NOON - 1, "a"), Consent("*", "*", False, NOON - 2, "a")], "granted"),
        ([Consent("offers", "email", True, NOON - 1, "a"), Consent("offers", "*", False, NOON - 1, "a")], "withdrawn"),
        ([Consent("news", "email", True, NOON - 1, "a"), Consent("offers", "sms", True, NOON - 1, "b")], "unknown"),
        ([Consent("offers", "email", True, NOON + 1, "a")], "unknown"),
    ],
)
def test_consent_is_what_stands_of_each_address(decisions: list[Consent], expected: str) -> None:
    person = Person(consents=decisions)

    for state in ("granted", "withdrawn", "unknown"):
        assert told({"consent": {"topic": "offers", "channel": "email", "is": state}}, person) is (state == expected)


def test_a_bucket_is_a_share_of_people_and_the_same_ones_at_any_time() -> None:
    people = [Person(facts=PersonFacts(None, None, f"user_id:{number}", "Europe/Paris")) for number in range(2_000)]
    draw = {"bucket": {"salt": "spring", "percent": 12.5}}
    drawn = [told(draw, person) for person in people]

    assert 190 < sum(drawn) < 310
    assert drawn == [told(draw, person, at=400 * DAY) for person in people]
    assert drawn != [told({"bucket": {"salt": "summer", "percent": 12.5}}, person) for person in people]
    assert all(told({"bucket": {"salt": "a", "percent": 100}}, person) for person in people[:50])
    assert not any(told({"bucket": {"salt": "a", "percent": 0}}, person) for person in people[:50])


_condition = st.builds(
    lambda times, within: {"performed": "A", "times": times, "within": within} if within else {"performed": "A", "times": times},
    st.one_of(
        st.tuples(st.sampled_from(["gte", "gt", "lt", "lte", "equals", "not_equals"]), st.integers(0, 5)).map(lambda pair: dict([pair])),
        st.tuples(st.integers(0, 3), st.integers(3, 6)).map(lambda pair: {"between": [*pair]}),
    ),
    st.sampled_from([None, "1 second", "5 seconds"]),
)


@unhurried
@given(_condition, st.lists(st.integers(0, 30), max_size=12), st.integers(0, 40))
def test_what_a_fragment_keeps_tells_how_often_something_happened(document: Any, seconds: list[int], now: int) -> None:
    """At and after the latest event: nothing ever comes from the log but for events of one instant."""
    person, condition = Person([did("A", 1_000 * each) for each in seconds]), read(document)
    kept, log = (steps(condition, view, NOTHING, now=NOON) for view in (person.kept([condition]), person.log([condition])))
    latest = max([now, *seconds])

    if len({*seconds}) == len(seconds):
        assert kept.known_since <= NOON + latest * 1_000
    for millis in range(NOON, NOON + 50_000, 500):
        if kept.known_since <= millis:
            assert kept.at(millis) is log.at(millis)


def test_events_of_one_instant_open_a_window_though_none_of_them_is_kept() -> None:
    condition = read({"performed": "A", "within": "1 hour"})
    person = Person([did("A", 0), did("A", 0), did("A", 0)])

    kept = steps(condition, person.kept([condition]), NOTHING, now=NOON)
    assert kept.at(NOON)
    assert kept.next_change(NOON) == NOON + HOUR + 1


def test_what_only_the_log_knows_is_not_guessed() -> None:
    condition = read({"performed": "A", "times": {"gte": 2}})
    unread = Person([did("A", -1)]).log([read({"performed": "B"})])

    with pytest.raises(BeyondMemory):
        holds(condition, unread, NOTHING, NOON)
