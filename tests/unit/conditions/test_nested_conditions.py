"""Segments in conditions, what has been so for so long, and what an evaluation costs."""

from datetime import datetime
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from ariane.conditions.catalogue import Catalogue, needs, segments_named, traits_named
from ariane.conditions.evaluate import Evaluation, holds, steps
from ariane.conditions.series import MOST_ENTRIES, Keep, Series
from ariane.conditions.steps import MIN
from ariane.errors import Permanent
from tests.builders.views import DAY, HOUR, NOON, Person, did, read, said

ACTIVE = read({"performed": "A", "within": "1 hour"})


def test_a_segment_holds_as_its_condition_does() -> None:
    catalogue = Catalogue({}, {"active": ACTIVE, "calm": read({"not": {"segment": "active"}})})
    condition = read({"segment": "calm"})
    view = Person([did("A", 0)]).log([condition], catalogue)

    assert steps(condition, view, catalogue, now=NOON).changes(MIN, NOON + DAY) == [(NOON, False), (NOON + HOUR + 1, True)]


def test_a_member_for_so_long_has_not_left_in_between() -> None:
    catalogue = Catalogue({}, {"active": ACTIVE})
    condition = read({"segment": "active", "for": "90 minutes"})
    view = Person([did("A", 0), did("A", HOUR), did("A", 2 * HOUR + 2)]).log([condition], catalogue)
    found = steps(condition, view, catalogue, now=NOON).changes(MIN, NOON + DAY)

    assert [(millis - NOON, value) for millis, value in found] == [(HOUR * 3 // 2, True), (2 * HOUR + 1, False)]


def test_a_segment_that_is_gone_has_no_members() -> None:
    condition = read({"segment": "gone"})

    assert not holds(condition, Person().log([condition]), Catalogue(), NOON)


def test_a_long_chain_of_segments_is_no_deep_one() -> None:
    chain = {f"s{number}": read({"not": {"segment": f"s{number + 1}"}}) for number in range(3_000)}
    catalogue = Catalogue({}, {**chain, "s3000": ACTIVE})
    view = Person([did("A", -1)]).log([read({"segment": "s0"})], catalogue)

    assert Evaluation(view, catalogue, NOON).segment("s0").at(NOON)


@pytest.mark.parametrize("circle", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}])
def test_a_circle_ends_with_an_error(circle: dict[str, str]) -> None:
    catalogue = Catalogue({}, {name: read({"segment": other}) for name, other in circle.items()})

    with pytest.raises(Permanent, match="segment_circle"):
        holds(read({"segment": "a"}), Person().log([]), catalogue, NOON)
    assert needs([read({"segment": "a"})], catalogue).series == {}


def test_a_trait_has_been_so_since_it_was_set() -> None:
    condition = read({"has_been": {"trait": "plan", "equals": "free", "for": "14 days"}})
    person = Person([said(-20 * DAY, plan="free"), said(-DAY, plan="free"), said(0, plan="gold")])
    found = steps(condition, person.kept([condition]), Catalogue(), now=NOON)

    assert found.changes(MIN, NOON + DAY) == [(NOON - 6 * DAY, True), (NOON, False)]


def test_what_was_never_said_has_never_been_anything_else() -> None:
    condition = read({"has_been": {"trait": "plan", "not_equals": "gold", "for": "14 days"}})

    assert holds(condition, Person().log([condition]), Catalogue(), NOON)


def test_instants_in_traits_are_passed_by_time_alone() -> None:
    person = Person([said(-DAY, renews="2026-11-25T12:00:00Z")])
    for operator, expected in [
        ({"within_next": "1 day"}, [(2 * DAY, True), (3 * DAY + 1, False)]),
        ({"within": "1 day"}, [(3 * DAY, True), (4 * DAY + 1, False)]),
        ({"older_than": "1 day"}, [(4 * DAY + 1, True)]),
    ]:
        condition = read({"trait": "renews", **operator})
        found = steps(condition, person.log([condition]), Catalogue(), now=NOON)
        assert [(millis - NOON, value) for millis, value in found.changes(NOON - 1, NOON + 9 * DAY)] == expected


@pytest.mark.parametrize(
    ("born", "offset", "day"),
    [
        ("1980-11-25", "0 days", "2026-11-25"),
        ("1980-11-25", "-2 days", "2026-11-23"),
        ("1980-02-29", "0 days", "2027-02-28"),
        ("1980-01-10", "-20 days", "2026-12-21"),
        ("1980-11-24T23:30:00Z", "0 days", "2026-11-25"),
        ("1980-11-25", "365 days", "2026-11-25"),
    ],
)
def test_an_anniversary_is_the_whole_local_day(born: str, offset: str, day: str) -> None:
    condition = read({"trait": "born", "anniversary": {"offset": offset}})
    found = steps(condition, Person([said(-DAY, born=born)]).log([condition]), Catalogue(), now=NOON)
    first = found.next_change(NOON)
    assert first is not None
    last = found.next_change(first)

    expected = midnight_in_paris(day)
    assert (first, last) == (expected, expected + DAY)
    assert not found.at(expected - 1)
    assert found.at(expected)


def midnight_in_paris(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Paris")).timestamp() * 1000)


def test_what_is_looked_back_upon_is_kept_for_longer() -> None:
    counted = read({"performed": "A", "times": {"gte": 3}, "within": "1 hour"})
    catalogue = Catalogue({}, {"busy": counted})

    assert needs([counted], catalogue).series == {Series("A"): Keep(3, 3_600)}
    assert needs([read({"segment": "busy"})], catalogue).series == {Series("A"): Keep(3, 3_600)}
    assert needs([read({"segment": "busy", "for": "2 hours"})], catalogue).series == {Series("A"): Keep(MOST_ENTRIES, 3 * 3_600)}


@pytest.mark.parametrize(
    ("document", "keep"),
    [
        ({"performed": "A"}, Keep()),
        ({"performed": "A", "times": {"gte": 5}}, Keep(1, None)),
        ({"performed": "A", "times": {"gte": 5}, "within": "1 day"}, Keep(5, 86_400)),
        ({"performed": "A", "times": {"gt": 5}, "within": "1 day"}, Keep(6, 86_400)),
        ({"performed": "A", "times": {"equals": 5}, "within": "1 day"}, Keep(6, 86_400)),
        ({"performed": "A", "times": {"lt": 5}, "within": "1 day"}, Keep(5, 86_400)),
        ({"performed": "A", "times": {"between": [1, 5]}, "within": "1 day"}, Keep(6, 86_400)),
        ({"performed": "A", "times": {"gte": 5_000}, "within": "1 day"}, Keep(MOST_ENTRIES, 86_400)),
        ({"performed": "A", "times": {"gte": 5}, "since": "enrolment"}, Keep(5, None)),
    ],
)
def test_no_more_is_kept_than_the_question_takes(document: object, keep: Keep) -> None:
    assert needs([read(document)], Catalogue()).series == {Series("A"): keep}


def test_what_conditions_name_is_found_at_any_depth() -> None:
    condition = read({"any": [{"not": {"segment": "a"}}, {"all": [{"trait": "address.city", "exists": True}, {"segment": "b"}]}]})

    assert segments_named(condition) == {"a", "b"}
    assert traits_named(condition) == {"address"}
    assert needs([condition], Catalogue()).traits == {"address"}


def test_a_hundred_segments_of_an_ordinary_person_take_no_time() -> None:
    """A bound that a slow machine keeps; measured figures are in the reference of measurements."""
    segments = {f"s{number}": read({"performed": "A", "times": {"gte": 10}, "within": f"{number + 1} days"}) for number in range(100)}
    catalogue = Catalogue({}, segments)
    view = Person([did("A", -number * DAY) for number in range(20)]).log(segments.values(), catalogue)

    begun = perf_counter()
    evaluation = Evaluation(view, catalogue, NOON)
    assert sum(evaluation.segment(name).at(NOON) for name in segments) == 92
    assert perf_counter() - begun < 2
