"""Whether a value is what a JSON Schema says: the keywords of JSON Schema 2020-12 that a tracking plan may use, and no others.

Schemas were checked when they were published (``definitions.tracking_plan_file``): no unknown keyword, no depth or pattern without bound.
All violations are told, not the first alone; none quotes a value. ``format`` is asserted.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

type Schema = Mapping[str, Any]

LONGEST_TEXT = 512
"""Characters of a text that a ``pattern`` is asked of; a longer one does not match."""
_MATCHED_A_STEP = 64
_COMPARED_A_STEP = 4
_TELLABLE = r"[A-Za-z_$][\w$. -]{0,59}"
"""Names of properties that are said again: what is none of these may be anything."""


class TooMuch(Exception):
    """More than there was room to look at."""


class Violation(NamedTuple):
    field: str
    """``products[2].price``; empty for the whole."""
    rule: str
    """The keyword."""
    message: str
    """What follows the field's name in a sentence."""


class Work:
    """How much may still be looked at: schema and value together decide how long a check takes."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Raises TooMuch."""
        self._left -= steps
        if self._left < 0:
            raise TooMuch


def violations(schema: Schema, value: object, work: Work, field: str = "") -> Iterator[Violation]:
    """Raises TooMuch."""
    work.spend(1)
    types = schema.get("type")
    if types is not None and not _is_one_of(types, value):
        yield Violation(field, "type", f"must be {_words(types)}")
        return
    yield from _of_choice(schema, value, work, field)
    if isinstance(value, str):
        yield from _of_text(schema, value, work, field)
    elif isinstance(value, list):
        yield from _of_list(schema, value, work, field)
    elif isinstance(value, Mapping):
        yield from _of_object(schema, value, work, field)
    elif _is_number(value):
        yield from _of_number(schema, value, field)


def _of_choice(schema: Schema, value: object, work: Work, field: str) -> Iterator[Violation]:
    if "const" in schema and not _is_same(value, schema["const"]):
        yield Violation(field, "const", "is not the value that it must be")
    if "enum" in schema:
        work.spend(len(schema["enum"]) // _COMPARED_A_STEP)
        if not any(_is_same(value, each) for each in schema["enum"]):
            yield Violation(field, "enum", "is none of the values that it may be")
    forms: Sequence[Schema] = schema.get("anyOf", ())
    if forms and not any(next(violations(form, value, work, field), None) is None for form in forms):
        yield Violation(field, "anyOf", "is of none of the forms that it may have")


def _of_text(schema: Schema, value: str, work: Work, field: str) -> Iterator[Violation]:
    if len(value) < schema.get("minLength", 0):
        yield Violation(field, "minLength", f"has fewer than {schema['minLength']} characters")
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield Violation(field, "maxLength", f"has more than {schema['maxLength']} characters")
    if "pattern" in schema:
        work.spend(min(len(value), LONGEST_TEXT) ** 2 // _MATCHED_A_STEP)
        if len(value) > LONGEST_TEXT or re.search(schema["pattern"], value) is None:
            yield Violation(
                field, "pattern", "is a text that is no such number" if _takes_numbers(schema) else "does not match the pattern"
            )
    if "format" in schema and not FORMATS[schema["format"]](value):
        yield Violation(field, "format", f"is no {schema['format']}")


def _takes_numbers(schema: Schema) -> bool:
    """Then its pattern is that of a number's text."""
    types = schema.get("type", ())
    return not isinstance(types, str) and bool({"number", "integer"} & set(types))


def _of_number(schema: Schema, value: Any, field: str) -> Iterator[Violation]:
    for keyword, is_within, words in _BOUNDS:
        if keyword in schema and not is_within(value, schema[keyword]):
            yield Violation(field, keyword, f"must be {words} {schema[keyword]}")


def _of_list(schema: Schema, value: Sequence[object], work: Work, field: str) -> Iterator[Violation]:
    if len(value) < schema.get("minItems", 0):
        yield Violation(field, "minItems", f"has fewer than {schema['minItems']} elements")
    if "maxItems" in schema and len(value) > schema["maxItems"]:
        yield Violation(field, "maxItems", f"has more than {schema['maxItems']} elements")
    if "items" in schema:
        for place, element in enumerate(value):
            yield from violations(schema["items"], element, work, f"{field}[{place}]")


def _of_object(schema: Schema, value: Mapping[str, object], work: Work, field: str) -> Iterator[Violation]:
    known: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Violation(_below(field, name), "required", "is required")
    for name, inner in known.items():
        if name in value:
            yield from violations(inner, value[name], work, _below(field, name))
    if schema.get("additionalProperties") is False:
        work.spend(len(value) // _COMPARED_A_STEP)
        for name in value:
            if name not in known:
                yield Violation(*_unknown(field, name))


def _unknown(field: str, name: str) -> tuple[str, str, str]:
    if re.fullmatch(_TELLABLE, name):
        return _below(field, name), "additionalProperties", "is not in the plan"
    return field, "additionalProperties", "has a property that is not in the plan"


def _below(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _is_one_of(types: str | Sequence[str], value: object) -> bool:
    return TYPES[types](value) if isinstance(types, str) else any(TYPES[each](value) for each in types)


def _words(types: str | Sequence[str]) -> str:
    return " or ".join(_TYPE_WORDS[each] for each in ([types] if isinstance(types, str) else types))


def _is_same(value: object, other: object) -> bool:
    """As JSON compares scalars: true is not 1, and 1.0 is."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    return isinstance(value, str | int | float | None) and value == other


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return _is_number(value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return check


_DATE = r"\d{4}-\d\d-\d\d"
_DATE_TIME = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)"
_EMAIL = r"[^@\s]{1,64}@[^@\s.]{1,63}(\.[^@\s.]{1,63}){1,8}"
_URI = r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\s]+"
_UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_LONGEST_FORMAT = 2_048
"""Patterns are compiled when they are first asked for, not while a cold start waits."""

_is_day = _reads(date.fromisoformat)
_is_moment = _reads(lambda text: datetime.fromisoformat(text.upper()))

FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": lambda text: re.fullmatch(_DATE, text) is not None and _is_day(text),
    "date-time": lambda text: re.fullmatch(_DATE_TIME, text) is not None and _is_moment(text),
    "email": lambda text: len(text) <= 320 and re.fullmatch(_EMAIL, text) is not None,
    "uri": lambda text: len(text) <= _LONGEST_FORMAT and re.fullmatch(_URI, text) is not None,
    "uuid": lambda text: re.fullmatch(_UUID, text) is not None,
}
TYPES: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
    "null": lambda value: value is None,
}
_TYPE_WORDS: Mapping[str, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_BOUNDS: Sequence[tuple[str, Callable[[Any, Any], bool], str]] = (
    ("minimum", lambda value, bound: value >= bound, "at least"),
    ("maximum", lambda value, bound: value <= bound, "at most"),
    ("exclusiveMinimum", lambda value, bound: value > bound, "above"),
    ("exclusiveMaximum", lambda value, bound: value < bound, "below"),
)
