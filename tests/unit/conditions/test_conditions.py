"""The language of conditions: what each operator says of present, missing and mistyped values."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ariane.conditions.catalogue import Catalogue
from ariane.conditions.durations import parse_duration
from ariane.conditions.evaluate import holds as asked_of
from ariane.conditions.evaluate import matches, name_matches
from ariane.conditions.model import Condition, PropertyTest
from ariane.conditions.values import PropertyTest as Operators
from tests.builders.views import NOON, Person, said

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that run the tests are shared: slowness is not a failure."""

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)
OPERATORS = Operators.operators()
NOTHING = Catalogue({}, {})


def read(condition: object) -> Any:
    return CONDITION.validate_json(orjson.dumps(condition))


def holds(condition: Any, traits: Mapping[str, object]) -> bool:
    person = Person([said(-1, **traits)])
    return asked_of(condition, person.log([condition], NOTHING), NOTHING, NOON)


def asks(operator: str, operand: object, value: object) -> bool:
    return holds(read({"trait": "x", operator: operand}), {"x": value})


@pytest.mark.parametrize(
    ("operator", "operand", "value", "expected"),
    [
        ("equals", "a", "a", True),
        ("equals", "a", "A", False),
        ("equals", 5, "5", True),
        ("equals", "5.0", 5, True),
        ("equals", "012", "12", False),
        ("equals", True, "true", False),
        ("equals", True, 1, False),
        ("equals", False, False, True),
        ("equals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
        ("not_equals", "a", "b", True),
        ("not_equals", 5, "5", False),
        ("in", ["a", 5], "5", True),
        ("in", ["a"], "b", False),
        ("not_in", ["a"], "b", True),
        ("not_in", ["a"], "a", False),
        ("gt", 5, 5, False),
        ("gte", 5, "5", True),
        ("lt", 5, 4.5, True),
        ("lte", 5, "six", False),
        ("gt", 5, True, False),
        ("gt", "2026-01-01", "2026-01-02T00:00:00Z", True),
        ("gt", "2026-01-01", 9_999_999, False),
        ("between", [1, 3], 3, True),
        ("between", [1, 3], 3.01, False),
        ("between", ["2026-01-01", "2026-02-01"], "2026-01-15", True),
        ("contains", "b", ["a", "b"], True),
        ("contains", "b", "abc", True),
        ("contains", 5, "5", False),
        ("contains", 5, ["5"], True),
        ("starts_with", "ab", "abc", True),
        ("starts_with", "1", 12, False),
        ("ends_with", "bc", "abc", True),
        ("exists", True, 0, True),
        ("exists", True, None, False),
        ("exists", False, None, True),
        ("exists", False, "", False),
        ("before", "2026-11-22T12:00:00Z", "2026-11-22T11:59:59.999Z", True),
        ("before", "2026-11-22T12:00:00Z", "soon", False),
        ("after", "2026-11-22", "2026-11-22T00:00:00.001Z", True),
        ("after", "2026-11-22", "2026-11-22", False),
        ("within", "30 days", "2026-10-23T12:00:00Z", True),
        ("within", "30 days", "2026-10-23T11:59:59Z", False),
        ("within", "30 days", "2026-11-22T12:00:01Z", False),
        ("older_than", "30 days", "2026-10-23T11:59:59Z", True),
        ("older_than", "30 days", "2026-10-23T12:00:00Z", False),
        ("within_next", "7 days", "2026-11-29T12:00:00Z", True),
        ("within_next", "7 days", "2026-11-29T12:00:01Z", False),
        ("within_next", "7 days", "2026-11-22T11:59:59Z", False),
    ],
)
def test_an_operator_compares_by_type(operator: str, operand: object, value: object, expected: bool) -> None:
    assert asks(operator, operand, value) is expected


OPERANDS: dict[str, object] = {
    **dict.fromkeys(OPERATORS, "2026-01-01"),
    "in": ["a"],
    "not_in": ["a"],
    **dict.fromkeys(("within", "older_than", "within_next"), "1 day"),
    "between": [1, 2],
    "exists": True,
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_missing_trait_fulfils_only_the_negative_operators(operator: str) -> None:
    condition = read({"trait": "x.y", operator: OPERANDS[operator]})

    for traits in ({}, {"x": None}, {"x": {"y": None}}, {"x": "text"}):
        assert holds(condition, traits) is (operator in ("not_equals", "not_in"))
    assert holds(read({"trait": "x", "exists": False}), {})


def test_conditions_nest() -> None:
    rich, french = {"trait": "spent", "gte": 100}, {"trait": "address.country", "equals": "FR"}
    traits = {"spent": 150, "address": {"country": "BE"}}

    assert not holds(read({"all": [rich, french]}), traits)
    assert holds(read({"any": [rich, french]}), traits)
    assert holds(read({"all": [rich, {"not": french}]}), traits)


@unhurried
@given(st.recursive(st.sampled_from([0, 1]), lambda inner: st.lists(inner, min_size=1, max_size=3)))
def test_not_of_any_is_all_of_not(shape: Any) -> None:
    def build(node: Any, join: str, *, negated: bool) -> dict[str, Any]:
        if isinstance(node, int):
            leaf = {"trait": "x", "equals": node}
            return {"not": leaf} if negated else leaf
        return {join: [build(child, {"any": "all", "all": "any"}[join], negated=negated) for child in node]}

    assert holds(read({"not": build(shape, "any", negated=False)}), {"x": 1}) is holds(read(build(shape, "all", negated=True)), {"x": 1})


def test_a_path_through_a_list_asks_each_element() -> None:
    order = {"products": [{"category": "shoes"}, {"category": "hats"}, "odd"]}

    assert matches([PropertyTest(property="products.category", equals="hats")], order, NOW)
    assert not matches([PropertyTest(property="products.category", not_equals="hats")], order, NOW)
    assert matches([PropertyTest(property="products.category", not_equals="bags")], order, NOW)


def test_event_names_may_end_in_a_star() -> None:
    assert name_matches("Order *", "Order Completed")
    assert not name_matches("Order", "Order Completed")
    assert not name_matches("Order *", None)


@pytest.mark.parametrize(
    "condition",
    [
        {"trait": "x"},
        {"trait": "x", "equals": 1, "gt": 0},
        {"trait": "x", "like": 1},
        {"performed": "Order *d"},
        {"trait": "x", "within": "a month"},
        {"trait": "x", "before": "tomorrow"},
        {"trait": "x", "gt": "five"},
        {"trait": "x", "in": []},
        {"trait": "", "equals": 1},
        {"all": []},
        "x",
    ],
)
def test_what_is_no_condition_is_refused(condition: object) -> None:
    with pytest.raises(ValidationError):
        read(condition)


def test_a_condition_reads_back_from_its_compiled_form() -> None:
    condition = read({"all": [{"trait": "x", "in": ["a", 1]}, {"not": {"trait": "y", "exists": False}}]})

    assert CONDITION.validate_json(CONDITION.dump_json(condition, exclude_none=True)) == condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1 hour", timedelta(hours=1)), ("30 days", timedelta(days=30)), ("15minutes", timedelta(minutes=15)), ("2 weeks", timedelta(14))],
)
def test_durations_are_read_as_people_write_them(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "hour", "1", "-1 day", "1.5 hours", "1 month", "999999 weeks", "1 day 2 hours"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)
