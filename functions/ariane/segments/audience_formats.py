"""The formats an audience is exported in: lines of one, for some people after others. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from ariane.errors import Rejected
from ariane.segments import audience_csv, audience_google, audience_meta
from ariane.segments.audience_people import Person

_DEFAULT_COLUMNS = ("id", "since", "user_id", "email", "phone")
_MOST_COLUMNS = 100
_LONGEST_COLUMN = 200
_TRAITS = "traits."
_BETWEEN = ";"
"""Between several values of one identifier."""


class Format(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"
    GOOGLE = "google-customer-match"
    META = "meta-custom-audiences"

    @property
    def is_of_ads(self) -> bool:
        """Goes to somebody else: only with a grant."""
        return self in (Format.GOOGLE, Format.META)

    @property
    def ending(self) -> str:
        return "ndjson" if self is Format.NDJSON else "csv"

    @property
    def media_type(self) -> str:
        return "application/x-ndjson" if self is Format.NDJSON else "text/csv; charset=utf-8"


def format_of(text: str | None) -> Format:
    """Raises Rejected (``unknown_format``)."""
    try:
        return Format(text or "")
    except ValueError as error:
        raise Rejected("unknown_format", f"format is one of {', '.join(Format)}") from error


@dataclass(frozen=True, slots=True)
class Sheet:
    header: str
    """With its line end; empty where the format has none."""
    lines: Callable[[Person], Sequence[str]]
    """Of one person, with their ends; none: nobody could be matched by what is known."""


def sheet_of(kind: Format, columns: Sequence[str] = ()) -> Sheet:
    """``columns`` of csv and ndjson: ``id``, ``since``, a namespace of identifiers, or a dotted path of a trait (computed ones too);
    ``traits.`` before it says that a trait is meant. The platforms' columns are theirs. Raises Rejected (``invalid_columns``)."""
    if columns and kind.is_of_ads:
        raise Rejected("invalid_columns", f"the columns of {kind} are given: leave columns out")
    chosen = _checked(columns)
    match kind:
        case Format.GOOGLE:
            return _platform(audience_google.HEADER, audience_google.rows)
        case Format.META:
            return _platform(audience_meta.HEADER, audience_meta.rows)
        case Format.CSV:
            return Sheet(audience_csv.line(chosen), lambda person: [audience_csv.line([_cell(person, each) for each in chosen])])
        case Format.NDJSON:
            given = chosen if columns else ()
            return Sheet("", lambda person: [orjson.dumps(_document(person, given), default=str).decode() + "\n"])


def columns_of(text: str | None) -> tuple[str, ...]:
    """``a,b,c``."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _checked(columns: Sequence[str]) -> tuple[str, ...]:
    if len(columns) > _MOST_COLUMNS or any(not each or len(each) > _LONGEST_COLUMN for each in columns):
        raise Rejected("invalid_columns", f"columns are at most {_MOST_COLUMNS} names of at most {_LONGEST_COLUMN} characters")
    doubled = next((each for place, each in enumerate(columns) if each in columns[:place]), None)
    if doubled is not None:
        raise Rejected("invalid_columns", "columns names one column twice")
    return tuple(columns) or _DEFAULT_COLUMNS


def _platform(header: Sequence[str], rows: Callable[[Person], Sequence[Sequence[str]]]) -> Sheet:
    return Sheet(audience_csv.line(header), lambda person: [audience_csv.line(row) for row in rows(person)])


def _cell(person: Person, column: str) -> object:
    value = _value(person, column)
    return _BETWEEN.join(value) if isinstance(value, tuple) else value


def _value(person: Person, column: str) -> Any:
    if column == "id":
        return person.id
    if column == "since":
        return person.since
    if column.startswith(_TRAITS):
        return person.trait(column.removeprefix(_TRAITS))
    return person.values(column) or person.trait(column)


def _document(person: Person, columns: Sequence[str]) -> dict[str, Any]:
    if columns:
        return {each: _listed(_value(person, each)) for each in columns}
    identifiers = [{"type": each.namespace, "value": each.value} for each in person.identifiers]
    return {"id": person.id, "since": person.since, "identifiers": identifiers, "traits": dict(person.traits)}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
