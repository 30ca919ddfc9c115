"""Computed traits over time: built in, and a brand's own."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.computed import BUILT_IN, ComputedTrait
from ariane.conditions.computed_steps import computed_steps, lifecycle_steps
from ariane.conditions.evaluate import BeyondMemory, computed_values, holds, steps
from ariane.conditions.observing import Happened
from ariane.conditions.steps import MIN
from ariane.profiles.person_view import PersonFacts
from tests.builders.views import DAY, HOUR, NOON, Person, did, read

ALL = [*BUILT_IN, "lifecycle"]


def trait(**fields: Any) -> ComputedTrait:
    return ComputedTrait.model_validate_json(orjson.dumps(fields))


def values(asked: ComputedTrait, *events: Happened, until: int = 1_000 * DAY) -> list[tuple[int, Any]]:
    catalogue = Catalogue({"asked": asked})
    found = computed_steps(asked, Person(events).log([], catalogue, traits=["asked"]), now=NOON)
    return [(millis - NOON, value) for millis, value in found.changes(MIN, NOON + until)]


def order(at: int, total: Any, *products: dict[str, Any], channel: str = "web") -> Happened:
    return did("Order Completed", at, {"total": total, "products": [*products], "sales_channel": channel})


def test_the_built_in_traits_of_a_customer() -> None:
    shoe, hat = {"category": "shoes", "size": "42"}, {"category": "hats", "size": "M"}
    person = Person(
        [
            order(-30 * DAY, "50.10", shoe, hat, channel="store"),
            order(-2 * DAY, 49.9, shoe),
            did("Order Refunded", -DAY, {"total": 10}),
            *(did("Product Viewed", -number * HOUR, {"product_id": f"p{number}"}) for number in range(7, 0, -1)),
            did("Product Viewed", 0, {"product_id": "p3"}),
            did("Product Added", -HOUR, {"product_id": "p1"}),
            did("Product Added", -2, {"product_id": "p2"}),
            did("Product Removed", -1, {"product_id": "p1"}),
        ],
        facts=PersonFacts(None, NOON - 40 * DAY, "user_id:u1", "Europe/Paris"),
    )

    for view in (person.log([], traits=ALL), person.kept([], traits=ALL)):
        assert computed_values(view, Catalogue(), NOON) == {
            "order_count": 2,
            "lifetime_value": 90,
            "average_order_value": 50,
            "first_order_at": "2026-10-23T12:00:00.000Z",
            "last_order_at": "2026-11-20T12:00:00.000Z",
            "favourite_category": "shoes",
            "favourite_channel": "web",
            "favourite_size": "42",
            "last_viewed": ["p3", "p1", "p2", "p4", "p5"],
            "open_basket": ["p2"],
            "lifecycle": "retention",
        }


def test_of_somebody_without_events_only_what_counts_is_there() -> None:
    assert computed_values(Person().log([], traits=ALL), Catalogue(), NOON) == {"order_count": 0, "lifetime_value": 0, "lifecycle": "reach"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"count": "A"}, [(0, 1), (5, 3)]),
        ({"count": "A", "within": "1 second"}, [(0, 1), (5, 3), (1_001, 2), (1_006, 0)]),
        ({"sum": "A", "property": "p", "within": "1 second"}, [(0, 3), (5, 12), (1_001, 9), (1_006, 0)]),
        ({"sum": "A", "property": "p", "where": [{"property": "p", "gt": 3}]}, [(5, 9)]),
        ({"sum": "A", "property": "p", "minus": {"sum": "A", "property": "p", "where": [{"property": "p", "gt": 4}]}}, [(0, 3), (5, 7)]),
        ({"min": "A", "property": "p"}, [(0, 3)]),
        ({"max": "A", "property": "p", "within": "1 second"}, [(0, 3), (5, 5), (1_006, None)]),
        ({"average": "A", "property": "p"}, [(0, 3), (5, 4)]),
        ({"distinct": "A", "property": "p"}, [(0, 1), (5, 3)]),
        ({"first": "A"}, [(0, "2026-11-22T12:00:00.000Z")]),
        ({"last": "A"}, [(0, "2026-11-22T12:00:00.000Z"), (5, "2026-11-22T12:00:00.005Z")]),
        ({"first": "A", "property": "p"}, [(0, 3)]),
        ({"last": "A", "property": "p"}, [(0, 3), (5, 5)]),
        ({"most_frequent": "A", "property": "p"}, [(0, 3), (5, 5)]),
        ({"recent": "A", "property": "p"}, [(0, [3]), (5, [5, 4, 3])]),
    ],
)
def test_each_kind_runs_through_time(fields: dict[str, Any], expected: list[tuple[int, Any]]) -> None:
    found = values(trait(**fields), did("A", 0, {"p": 3}), did("A", 5, {"p": 4}), did("A", 5, {"p": 5}))

    assert [(millis, int(value) if isinstance(value, Decimal) else value) for millis, value in found] == expected


def test_days_since_are_whole_and_go_on() -> None:
    found = values(trait(days_since="A"), did("A", 0), did("A", DAY + HOUR), until=4 * DAY)

    assert found == [(0, 0), (DAY, 1), (DAY + HOUR, 0), (2 * DAY + HOUR, 1), (3 * DAY + HOUR, 2)]


def test_a_condition_on_days_since_turns_true_at_its_instant() -> None:
    catalogue = Catalogue({"idle": trait(days_since="A")})
    condition = read({"trait": "idle", "gte": 30})
    found = steps(condition, Person([did("A", -DAY)]).kept([condition], catalogue), catalogue, now=NOON)

    assert found.next_change(NOON) == NOON + 29 * DAY


def test_the_value_met_most_often_is_the_latest_of_equals() -> None:
    events = [did("A", at, {"c": value}) for at, value in [(0, "x"), (1, "y"), (2, "y"), (3, "x")]]

    assert values(trait(most_frequent="A", property="c"), *events) == [(0, "x"), (1, "y"), (3, "x")]
    assert values(trait(most_frequent="A", property="c", within="1 second"), *events)[3:] == [(1_001, "y"), (1_002, "x"), (1_004, None)]


def test_a_basket_is_emptied_by_an_order_and_by_age() -> None:
    asked = BUILT_IN["open_basket"]
    added = [did("Product Added", 0, {"product_id": "a"}), did("Product Added", 1, {"product_id": "b"})]

    assert values(asked, *added, order(2, 10), did("Product Added", 3, {"product_id": "c"})) == [
        (0, ["a"]), (1, ["b", "a"]), (2, None), (3, ["c"]), (7 * DAY + 4, None),
    ]  # fmt: skip
    assert values(asked, *added) == [(0, ["a"]), (1, ["b", "a"]), (7 * DAY + 1, ["b"]), (7 * DAY + 2, None)]
    assert values(asked, *added, did("Product Removed", 1, {"product_id": "b"})) == [(0, ["a"]), (7 * DAY + 1, None)]


def test_the_life_cycle_goes_on_with_orders() -> None:
    person = Person([order(-HOUR, 10), order(0, 10)], facts=PersonFacts(None, NOON - DAY, "user_id:u1", "Europe/Paris"))
    found = lifecycle_steps(person.kept([], traits=["lifecycle"]))

    assert [value for _, value in found.pieces] == ["reach", "acquisition", "conversion", "retention"]
    assert found.since(NOON) == NOON
    assert lifecycle_steps(Person([order(0, 1), order(0, 1)]).log([], traits=["lifecycle"])).at(NOON) == "retention"


def test_computed_traits_and_the_life_cycle_are_traits_in_conditions() -> None:
    condition = read(
        {
            "all": [
                {"trait": "lifetime_value", "gte": 30},
                {"trait": "lifecycle", "equals": "retention"},
                {"trait": "open_basket", "contains": "a"},
            ]
        }
    )
    person = Person([order(-3, "10.5"), order(-2, 19.5), did("Product Added", -1, {"product_id": "a"})])

    assert holds(condition, person.log([condition]), Catalogue(), NOON)
    assert holds(condition, person.kept([condition]), Catalogue(), NOON)


def test_a_trait_that_was_switched_off_is_a_plain_one() -> None:
    condition = read({"trait": "order_count", "exists": False})

    assert holds(condition, Person().log([condition], Catalogue({})), Catalogue({}), NOON)
    assert needs([condition], Catalogue({})).traits == {"order_count"}


def test_more_values_than_are_tallied_take_the_log() -> None:
    asked = trait(distinct="A", property="p")
    catalogue = Catalogue({"asked": asked})
    person = Person([did("A", number, {"p": number}) for number in range(250)])

    with pytest.raises(BeyondMemory):
        computed_values(person.kept([], catalogue, traits=["asked", "lifecycle"]), catalogue, NOON + HOUR)
    assert computed_values(person.log([], catalogue, traits=["asked", "lifecycle"]), catalogue, NOON + HOUR)["asked"] == 250


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"count": "A", "sum": "A", "property": "p"},
        {"sum": "A"},
        {"count": "A", "property": "p"},
        {"max": "A", "property": "p", "minus": {"sum": "B", "property": "p"}},
        {"first": "A", "within": "1 day"},
        {"count": "A", "within": "0 days"},
        {"median": "A", "property": "p"},
    ],
)
def test_what_is_no_computed_trait_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        trait(**fields)


def test_the_built_in_traits_read_back_from_what_is_published() -> None:
    for name, asked in BUILT_IN.items():
        assert trait(**asked.model_dump(mode="json", by_alias=True, exclude_unset=True)) == asked, name
