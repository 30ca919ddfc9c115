"""The keywords that a tracking plan may use mean what JSON Schema says they mean; and work is bounded."""

import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.events.property_schema import LONGEST_TEXT, TooMuch, Violation, Work, violations

PLENTY = 10**9


def of(schema: dict[str, Any], value: object) -> list[Violation]:
    return list(violations(schema, value, Work(PLENTY)))


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, -2.0, 2.5]), st.sampled_from(["", "a", "ab", "B", "12"])
)
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8)
TYPES = st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null"])
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
    "enum": st.lists(SCALARS, min_size=1, max_size=4),
    "const": SCALARS,
    "minimum": st.integers(-2, 2),
    "maximum": st.integers(-2, 2),
    "exclusiveMinimum": st.sampled_from([-1, 0.5, 1]),
    "exclusiveMaximum": st.sampled_from([-1, 0.5, 1]),
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(0, 2),
    "pattern": st.sampled_from(["^a", "b$", "^[A-Z]$", "[0-9]"]),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "additionalProperties": st.booleans(),
}
FLAT = st.fixed_dictionaries({}, optional=KEYWORDS)


def _deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    below = {"properties": st.dictionaries(NAMES, inner, max_size=3), "items": inner, "anyOf": st.lists(inner, min_size=1, max_size=3)}
    return st.fixed_dictionaries({}, optional={**KEYWORDS, **below})


SCHEMAS = st.recursive(FLAT, _deeper, max_leaves=6)


@given(schema=SCHEMAS, value=VALUES)
@settings(max_examples=1_500, deadline=None)
def test_a_value_is_valid_when_an_independent_validator_says_so(schema: dict[str, Any], value: object) -> None:
    assert (of(schema, value) == []) is jsonschema_rs.Draft202012Validator(schema).is_valid(value), (schema, value)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2026-02-28"], ["2026-02-30", "20260228", "2026-2-1", ""]),
        (
            "date-time",
            ["2026-11-22T08:00:00Z", "2026-11-22T08:00:00.123+01:00"],
            ["2026-11-22", "2026-11-22T25:00:00Z", "2026-11-22T08:00:00"],
        ),
        ("email", ["ada@example.com"], ["ada", "ada@", "a b@example.com", "@" * 400]),
        ("uri", ["https://shop.example/a?b=c"], ["shop.example", "https://a b"]),
        ("uuid", ["0b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00"], ["0b84f9c0"]),
    ],
)
def test_formats_are_asserted(name: str, good: list[str], bad: list[str]) -> None:
    assert [of({"format": name}, text) for text in good] == [[] for _ in good]
    assert all(of({"format": name}, text) for text in bad)
    assert of({"format": name}, 5) == []


def test_every_violation_is_told_with_its_place_and_no_value() -> None:
    line = {"type": "object", "required": ["sku"], "properties": {"price": {"type": "number"}}}
    schema = {"required": ["total"], "properties": {"products": {"type": "array", "items": line}}, "additionalProperties": False}
    found = of(schema, {"products": [{"sku": "s"}, {"price": "secret"}], "note": "secret", "jeanne@example.fr": 1})

    assert [(each.field, each.rule) for each in found] == [
        ("total", "required"),
        ("products[1].sku", "required"),
        ("products[1].price", "type"),
        ("note", "additionalProperties"),
        ("", "additionalProperties"),
    ]
    assert not re.search("secret|jeanne", " ".join(f"{each.field} {each.message}" for each in found))


def test_a_text_too_long_for_a_pattern_does_not_match() -> None:
    assert of({"pattern": "^a"}, "a" * LONGEST_TEXT) == []
    assert [each.rule for each in of({"pattern": "^a"}, "a" * (LONGEST_TEXT + 1))] == ["pattern"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"anyOf": [{"type": "string"}] * 10}}, [0] * 1_000),
        ({"items": {"pattern": "^a*b*$"}}, ["a" * LONGEST_TEXT] * 10),
        ({"items": {"enum": list(range(200))}}, [-1] * 300),
        ({"items": {"additionalProperties": False}}, [{str(number): 1 for number in range(300)}] * 100),
    ],
)
def test_work_is_bounded_whatever_the_schema_and_the_value_are(schema: dict[str, Any], value: object) -> None:
    with pytest.raises(TooMuch):
        list(violations(schema, value, Work(5_000)))
