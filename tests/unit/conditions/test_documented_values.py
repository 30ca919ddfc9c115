"""The tables of missing and mistyped values in the reference: every row is asked of the evaluator."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ariane.conditions.catalogue import Catalogue
from ariane.conditions.evaluate import holds
from ariane.conditions.model import TraitTest
from ariane.conditions.values import PropertyTest
from ariane.definitions.yaml_source import read_yaml
from tests.builders.views import NOON, Person, did, read, said

PAGE = Path(__file__).parents[3] / "docs/reference/conditions.md"
TRAIT_ROWS, EVENT_ROWS = "| test | value of x | holds |", "| test of `performed: A` | values of p, event by event | holds |"
NOTHING = Catalogue({}, {})
_MISSING = object()
_CODE = re.compile(r"`([^`]*)`|missing|none")


def rows(header: str) -> Iterator[tuple[str, str, bool]]:
    lines = PAGE.read_text("utf-8").split(header)[1].splitlines()[2:]
    for line in lines:
        if not line.startswith("|"):
            return
        test, values, answer = (cell.strip() for cell in line.strip("|").split("|"))
        yield test.strip("`"), values, {"yes": True, "no": False}[answer]


def values_in(cell: str) -> list[Any]:
    found = [match for match in _CODE.finditer(cell) if match[0] != "none"]
    return [_MISSING if match[0] == "missing" else read_yaml("", match[1]).data for match in found]


@pytest.mark.parametrize(("test", "value", "expected"), [*rows(TRAIT_ROWS)])
def test_a_trait_is_compared_as_documented(test: str, value: str, expected: bool) -> None:
    condition = read({"trait": "x", **as_mapping(test)})
    (told,) = values_in(value)
    person = Person([] if told is _MISSING else [said(-1, x=told)])

    assert holds(condition, person.log([condition], NOTHING), NOTHING, NOON) is expected


@pytest.mark.parametrize(("test", "values", "expected"), [*rows(EVENT_ROWS)])
def test_values_of_events_come_to_what_is_documented(test: str, values: str, expected: bool) -> None:
    condition = read({"performed": "A", **as_mapping(test)})
    told = values_in(values)
    person = Person([did("A", -1 - number, {} if value is _MISSING else {"p": value}) for number, value in enumerate(told)])

    assert holds(condition, person.log([condition], NOTHING), NOTHING, NOON) is expected


@pytest.mark.parametrize("operator", TraitTest.operators())
def test_every_operator_is_documented_with_a_missing_and_a_mistyped_value(operator: str) -> None:
    about = [(value, expected) for test, value, expected in rows(TRAIT_ROWS) if test.startswith(f"{operator}:")]

    assert [value for value, _ in about if value == "missing"]
    assert len(about) > 2


def test_the_tables_are_found() -> None:
    assert len([*rows(TRAIT_ROWS)]) > 80
    assert len([*rows(EVENT_ROWS)]) > 20
    assert set(PropertyTest.operators()) < set(TraitTest.operators())


def as_mapping(test: str) -> dict[str, Any]:
    data = read_yaml("", test).data
    assert isinstance(data, dict)
    return data
