"""Tests of one value: exactly one operator with its operand."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from ariane.conditions.durations import Duration, parse_duration
from ariane.definitions.strict import Definition, at_field, matching
from ariane.instants import parse_instant

type Scalar = str | int | float | bool
type Path = Annotated[
    str, Field(max_length=200), matching(r"[^.\s][^.]*(\.[^.]+)*", "is not a name, or names with dots between, such as address.city")
]
type EventName = Annotated[str, Field(max_length=200), matching(r"[^*]+\*?|\*", "is not an event's name; a * may only be its end")]
"""May end in ``*``."""

MOST_CHOICES = 500
"""Of ``in`` and ``not_in``."""
LONGEST_TEXT = 2_048
"""Of an operand."""
_LONGEST_SHOWN = 100


def _instant(text: str) -> str:
    try:
        parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{_shown(text)} is not an ISO 8601 instant such as 2026-11-22T08:00:00Z") from error
    return text


def _orderable(value: Any) -> Any:
    try:
        return _instant(value) if isinstance(value, str) else _number(value)
    except ValueError as error:
        raise ValueError(f"{_shown(value)} is neither a number nor an ISO 8601 instant such as 2026-11-22T08:00:00Z") from error


def _number(value: Any) -> Any:
    """None: not given."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{_shown(value)} is no number")
    return value


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _window(text: str) -> str:
    if not parse_duration(text):
        raise ValueError(f"{text!r} is no time at all; the shortest is 1 second")
    return text


def _in_order(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    low, high = pair
    if isinstance(low, str) != isinstance(high, str):
        raise ValueError("needs two numbers or two instants")
    if (parse_instant(low) > parse_instant(high)) if isinstance(low, str) else low > high:
        raise ValueError(f"the first, {low}, is above the second, {high}")
    return pair


_DATES = ["2026-11-22", "2026-11-22T08:00:00Z"]

type Instant = Annotated[str, AfterValidator(_instant), Field(examples=_DATES)]
type Orderable = Annotated[str | int | float, BeforeValidator(_orderable)]
type Number = Annotated[int | float, BeforeValidator(_number)]
type Range = Annotated[tuple[Orderable, Orderable], AfterValidator(_in_order)]
type Numbers = Annotated[tuple[Number, Number], AfterValidator(_in_order)]
type Period = Annotated[tuple[Instant, Instant], AfterValidator(_in_order)]
type Window = Annotated[Duration, AfterValidator(_window)]
"""A duration above zero."""
type Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
type Choices = Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=MOST_CHOICES)]


def parse_offset(text: str) -> timedelta:
    """A duration, which may be negative: ``0 days``, ``-7 days``. Raises ValueError for anything else than whole days within a year."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not an offset such as '0 days' or '-7 days'")
    bare = text.strip()
    try:
        offset = parse_duration(bare.removeprefix("-"))
    except ValueError as error:
        raise ValueError(f"{text!r} is not an offset such as '0 days' or '-7 days'") from error
    if offset % timedelta(days=1) or offset > timedelta(days=365):
        raise ValueError(f"{text!r} is not a number of whole days within a year")
    return -offset if bare.startswith("-") else offset


def _offset(text: str) -> str:
    parse_offset(text)
    return text


class Anniversary(Definition):
    """True for the whole local day, each year, that is so long after (or before) the day of the date."""

    offset: Annotated[str, AfterValidator(_offset)] = "0 days"


class OneOperator(Definition):
    """Exactly one of the operators that the class has as fields."""

    @classmethod
    def operators(cls) -> tuple[str, ...]:
        return tuple(field.alias or name for name, field in cls.model_fields.items() if name not in cls.subjects())

    @classmethod
    def subjects(cls) -> frozenset[str]:
        """Fields that are no operators."""
        return frozenset()

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError(f"needs exactly one operator of: {', '.join(self.operators())}")
        return self

    def _given(self) -> list[tuple[str, Any]]:
        fields = ((field.alias or name, name) for name, field in type(self).model_fields.items() if name not in self.subjects())
        return [(alias, value) for alias, name in fields if (value := getattr(self, name)) is not None]

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """For editors: what it is about, and one operator."""
        found = handler(schema)
        keys = len(cls.subjects()) + 1
        handler.resolve_ref_schema(found).update(minProperties=keys, maxProperties=keys)
        return found

    @cached_property
    def asked(self) -> tuple[str, Any]:
        """Operator and operand."""
        return self._given()[0]

    @property
    def operator(self) -> str:
        return self.asked[0]

    @property
    def operand(self) -> Any:
        return self.asked[1]


class ValueTest(OneOperator):
    """Several tests of one value are joined with ``all``."""

    equals: Scalar | None = None
    """By type; a number and its text are equal, and so are two spellings of an instant."""
    not_equals: Scalar | None = None
    """Also where there is no value."""
    in_: Choices | None = Field(default=None, alias="in")
    """Equals one of them."""
    not_in: Choices | None = None
    """Also where there is no value."""
    gt: Orderable | None = None
    """Above a number, or later than an instant."""
    gte: Orderable | None = None
    lt: Orderable | None = None
    lte: Orderable | None = None
    between: Range | None = None
    """Two numbers or two instants; both belong to it."""
    contains: Scalar | None = None
    """A text that has this in it, or a list that has it as an element."""
    starts_with: Text | None = None
    ends_with: Text | None = None
    exists: bool | None = None
    before: Instant | None = None
    after: Instant | None = None
    within: Window | None = None
    """An instant of the last so long."""
    older_than: Duration | None = None
    """An instant longer ago than this."""
    within_next: Window | None = None
    """An instant of the next so long."""


class PropertyTest(ValueTest):
    """Of an event. A path through a list is true for the list when it is true for one of its elements. Operators that look at the clock
    look from the event's own instant."""

    property: Path

    @classmethod
    def subjects(cls) -> frozenset[str]:
        return frozenset({"property"})


class NumberTest(OneOperator):
    equals: Number | None = None
    not_equals: Number | None = None
    gt: Number | None = None
    gte: Number | None = None
    lt: Number | None = None
    lte: Number | None = None
    between: Numbers | None = None


def _count(value: Any) -> Any:
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, float) or (each is not None and each < 0):
            raise ValueError(f"{each} is no number of times: a whole one, zero or more")
    return value


class TimesTest(NumberTest):
    @model_validator(mode="after")
    def _whole(self) -> Self:
        try:
            _count(self.operand)
        except ValueError as error:
            raise at_field(self.operator, str(error)) from error
        return self


class AmountTest(NumberTest):
    """Of what the values of a property come to."""

    property: Path

    @classmethod
    def subjects(cls) -> frozenset[str]:
        return frozenset({"property"})


def period_of(pair: tuple[str, str]) -> tuple[datetime, datetime]:
    return parse_instant(pair[0]), parse_instant(pair[1])
