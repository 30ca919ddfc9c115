"""The mapping of an import: what the columns of a file become. A YAML file beside the data; JSON in the API."""

import codecs
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from ariane.conditions.model import PropertyTest
from ariane.definitions.strict import Definition, at_field, matching
from ariane.imports.time_formats import time_format
from ariane.instants import parse_instant

MOST_RULES = 50
MOST_FIELDS = 200
REPORT_COLUMNS = ("_line", "_code", "_message")
"""What the report of rejects adds to a line. In a file that is sent again they are known and left out."""

RAW = "_raw"
"""In a report of NDJSON: a line that is no JSON object, as a text."""

_NOT_OF_FILES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})
_NO_SIGNS = frozenset("\r\n\0")

type Column = Annotated[str, Field(min_length=1, max_length=200)]
type Path = Annotated[str, Field(max_length=200), matching(r"[^.\s][^.]*(\.[^.]+)*", "is not a name, or names with dots between")]
type Constant = str | int | float | bool
type EventName = Annotated[str, Field(min_length=1, max_length=200)]


def _encoding(name: str) -> str:
    """By its one name."""
    try:
        known = codecs.lookup(name).name
        "a".encode(known)  # a codec of bytes, such as zlib, refuses
    except (LookupError, ValueError) as error:
        raise ValueError(f"{name!r} is no encoding of texts that is known, such as utf-8, utf-16, cp1252 or latin-1") from error
    if known in _NOT_OF_FILES:
        raise ValueError(f"{name!r} is no encoding that files are written in, such as utf-8, utf-16, cp1252 or latin-1")
    return known


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone such as Europe/Paris") from error
    return name


def _instant(text: str) -> str:
    try:
        parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not an ISO 8601 instant such as 2026-11-22T08:00:00Z") from error
    return text


def _sign(text: str) -> str:
    if text in _NO_SIGNS:
        raise ValueError("is a line end, or NUL")
    return text


type Encoding = Annotated[str, AfterValidator(_encoding)]
type TimeFormat = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(time_format)]
type TimeZone = Annotated[str, AfterValidator(_zone)]
type Type = Literal["text", "number", "integer", "boolean", "instant", "list"]


class FromColumn(Definition):
    """A cell, read as a type. An empty one, or a null word, leaves the field out unless ``default`` or ``required`` says otherwise."""

    column: Column
    type: Type = "text"
    formats: Annotated[tuple[TimeFormat, ...], Field(max_length=10)] = ()
    """Of an instant: strptime formats, tried in order. Without: ISO 8601."""
    separator: Annotated[str, Field(min_length=1, max_length=3)] = ","
    """Of a list."""
    prefix: str = ""
    default: Constant | None = None
    required: bool = False
    removes: bool = False
    """Of a trait: an empty cell removes it."""


class Fixed(Definition):
    value: Constant


class Sum(Definition):
    """The product of these columns, summed over the lines of the group; without a group, of the one line. Exact in decimals."""

    sum: Annotated[tuple[Column, ...], Field(min_length=1, max_length=5)]


def _value_tag(value: Any) -> str:
    if isinstance(value, Mapping):
        return next((f"<{key}>" for key in ("value", "sum") if key in value), "<column>")
    if isinstance(value, Fixed):
        return "<value>"
    if isinstance(value, Sum):
        return "<sum>"
    return "<column>" if isinstance(value, FromColumn) else "<name>"


type Value = Annotated[
    Annotated[Column, Tag("<name>")]
    | Annotated[FromColumn, Tag("<column>")]
    | Annotated[Fixed, Tag("<value>")]
    | Annotated[Sum, Tag("<sum>")],
    Discriminator(_value_tag),
]
"""A column's name alone is its text."""
type Fields = Annotated[dict[Path, Value], Field(max_length=MOST_FIELDS)]


class Timestamp(FromColumn):
    type: Literal["instant"] = "instant"


class FixedTime(Definition):
    value: Annotated[str, AfterValidator(_instant)]


def _time_tag(value: Any) -> str:
    if isinstance(value, Mapping):
        return "<value>" if "value" in value else "<column>"
    if isinstance(value, FixedTime):
        return "<value>"
    return "<column>" if isinstance(value, Timestamp) else "<name>"


type Time = Annotated[
    Annotated[Column, Tag("<name>")] | Annotated[Timestamp, Tag("<column>")] | Annotated[FixedTime, Tag("<value>")],
    Discriminator(_time_tag),
]


class Rule(Definition):
    """The first rule whose ``when`` passes says what a line (or the first line of a group) becomes: an event, traits of a person
    (``identify``), an object, or nothing."""

    when: Annotated[tuple[PropertyTest, ...], Field(max_length=20)] = ()
    event: EventName | None = None
    identify: Literal[True] | None = None
    object: Literal["products", "stock", "ad_spend", "tv_spots"] | None = None
    skip: Literal[True] | None = None
    timestamp: Time | None = None
    """Required of an event. Traits and objects without one are as of the file's own time."""
    identifiers: Annotated[dict[Annotated[str, matching(r"[a-z][a-z0-9_]*", "is not a namespace")], Value], Field(max_length=20)] = Field(
        default_factory=dict
    )
    traits: Fields = Field(default_factory=dict)
    properties: Fields = Field(default_factory=dict)
    item: Fields = Field(default_factory=dict)
    """Of each line of a group: one element of the group's list."""
    key: Annotated[tuple[Column, ...], Field(max_length=10)] = ()
    """Of an object: the columns that tell it from others."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [name for name in ("event", "identify", "object", "skip") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError("says what a line becomes with exactly one of event, identify, object, skip")
        return self

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.event is not None and self.timestamp is None:
            raise at_field("timestamp", "is required of an event: without its own time a second import could not know it again")
        if (self.event or self.identify) and not self.identifiers:
            raise at_field("identifiers", "is required: whose event or traits are they?")
        if (self.object is not None) != bool(self.key):
            raise at_field("key", "is required of an object, and of nothing else: the columns that tell it from others")
        if self.item and self.event is None:
            raise at_field("item", "belongs to an event")
        return self

    def values(self) -> Iterator[tuple[str, Any]]:
        for name in ("identifiers", "traits", "properties", "item"):
            for field, value in getattr(self, name).items():
                yield f"{name}.{field}", value


class Group(Definition):
    """Lines that follow each other with equal ``by`` columns are one event; each of them is an element of its list ``items``."""

    by: Annotated[tuple[Column, ...], Field(min_length=1, max_length=5)]
    items: Path = "products"


class Numbers(Definition):
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", ""] = ""
    """Before groups of three digits, and nowhere else."""
    grouping: Literal["western", "indian"] = "western"
    """``indian``: 12,34,567, groups of two before the last one of three."""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.decimal == self.thousands:
            raise at_field("thousands", "is the decimal sign too")
        if self.grouping != "western" and not self.thousands:
            raise at_field("grouping", "needs thousands: what stands between the groups")
        return self


type Words = Annotated[tuple[str, ...], Field(max_length=30)]


class Booleans(Definition):
    """In any case."""

    true: Words = ("true", "1", "yes", "y", "t", "oui", "o", "vrai")
    false: Words = ("false", "0", "no", "n", "f", "non", "faux")


class MappingFile(Definition):
    source: Annotated[str, Field(min_length=1, max_length=100)]
    """A source of kind ``import`` in ``brand/sources.yaml``."""
    revision: Annotated[int, Field(ge=1)] = 1
    """Raised, the same lines are other events: for what was imported with a wrong mapping and shall come once more."""
    format: Literal["csv", "ndjson"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_sign)] | None = None
    quote: Annotated[str, Field(max_length=1), AfterValidator(_sign)] = '"'
    """Empty: no quotes."""
    encoding: Encoding | None = None
    header: Annotated[tuple[Column, ...], Field(min_length=1, max_length=2_000)] | None = None
    """The columns of a file that has no line with their names."""
    nulls: Words = ("", "null", "NULL", "NaN", "nan", "\\N", "N/A", "n/a")
    numbers: Numbers = Numbers()
    booleans: Booleans = Booleans()
    time_zone: TimeZone = "UTC"
    """Of times without an offset."""
    key: Annotated[tuple[Column, ...], Field(max_length=10)] = ()
    """The columns that tell a line from every other one, such as a receipt's number and the line's. Without: equal lines all count."""
    group: Group | None = None
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=MOST_RULES)]

    @property
    def is_as_of_its_file(self) -> bool:
        """Whether some rule has no time but the file's."""
        return any(rule.timestamp is None and not rule.skip for rule in self.rules)

    @property
    def counts_lines(self) -> bool:
        """Whether a line, or group, is told apart by how many equal ones came before it."""
        return not self.key

    @property
    def time_columns(self) -> tuple[str, ...]:
        """Every column that some rule reads a line's time from, by name."""
        told = (rule.timestamp for rule in self.rules)
        return tuple(sorted({each if isinstance(each, str) else each.column for each in told if isinstance(each, str | Timestamp)}))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for place, rule in enumerate(self.rules):
            if self.group is None and rule.item:
                raise at_field(f"rules.{place}.item", "needs group: a line by itself has properties")
            if self.group is not None and (rule.object or rule.identify):
                raise at_field(f"rules.{place}", "objects and identify are of lines by themselves: no group")
            self._check_sums(place, rule)
        if self.group is not None and self.key:
            raise at_field("key", "a group's key is what it is grouped by")
        return self

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.delimiter == '"':
            raise at_field("delimiter", "is what reports are quoted by")
        if self.delimiter is not None and self.delimiter == self.quote:
            raise at_field("quote", "is the delimiter too")
        return self

    def _check_sums(self, place: int, rule: Rule) -> None:
        for field, value in rule.values():
            if isinstance(value, Sum) and not field.startswith(("properties.", "item.")):
                raise at_field(f"rules.{place}.{field}", "a sum is a property")
