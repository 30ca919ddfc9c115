"""A cell's text as a value. What cannot be read is Rejected by the column's name, never by its content."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from ariane.errors import Rejected
from ariane.imports.mapping import FromColumn, MappingFile, Numbers
from ariane.instants import format_instant

_LARGEST = Decimal("1e15")
_LONGEST_NUMBER = 40
_BLANKS = str.maketrans("\u00a0\u202f\u2009", "   ")
_GROUPED = {
    "western": re.compile(r"[+-]?[0-9]{1,3}(\|[0-9]{3})+"),
    "indian": re.compile(r"[+-]?[0-9]{1,2}(\|[0-9]{2})*\|[0-9]{3}"),
}
"""Digits before the decimal sign, ``|`` between their groups."""
_MOST_ELEMENTS = 1_000


class Cells:
    """Reads texts by a mapping's words. ``None``: the cell says nothing."""

    def __init__(self, mapping: MappingFile) -> None:
        self._nulls = frozenset(mapping.nulls)
        self._numbers = mapping.numbers
        self._true = frozenset(word.lower() for word in mapping.booleans.true)
        self._false = frozenset(word.lower() for word in mapping.booleans.false)
        self._zone = UTC if mapping.time_zone == "UTC" else ZoneInfo(mapping.time_zone)

    def is_null(self, cell: Any) -> bool:
        return cell is None or (isinstance(cell, str) and cell.strip() in self._nulls)

    def reader(self, spec: FromColumn) -> Callable[[Any], Any]:
        """What reads the spec's cells: a JSON value, or None where there is none. The reader raises Rejected."""
        read = getattr(self, f"_{spec.type}")

        def cell(value: Any) -> Any:
            if self.is_null(value):
                if spec.required:
                    raise Rejected("cell_missing", f"column {spec.column!r} is empty")
                return spec.default
            found = read(value, spec)
            return found if not spec.prefix else f"{spec.prefix}{found}"

        return cell

    def decimal(self, value: Any, column: str) -> Decimal:
        """Exact. Raises Rejected ``not_a_number``."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _no_number(column)
        text = plain_number(value, self._numbers) if isinstance(value, str) else repr(value)
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise _no_number(column) from error
        if not number.is_finite() or abs(number) > _LARGEST:
            raise _no_number(column)
        return number

    def _text(self, value: Any, _: FromColumn) -> Any:
        return value.strip() if isinstance(value, str) else value

    def _number(self, value: Any, spec: FromColumn) -> int | float:
        return as_json(self.decimal(value, spec.column))

    def _integer(self, value: Any, spec: FromColumn) -> int:
        number = self.decimal(value, spec.column)
        if number != number.to_integral_value():
            raise Rejected("not_an_integer", f"column {spec.column!r} is not a whole number")
        return int(number)

    def _boolean(self, value: Any, spec: FromColumn) -> bool:
        word = str(value).strip().lower()
        if word in self._true or word in self._false:
            return word in self._true
        raise Rejected("not_a_boolean", f"column {spec.column!r} is none of the mapping's words for true and false")

    def _list(self, value: Any, spec: FromColumn) -> list[Any]:
        if isinstance(value, list):
            return value
        parts = [part.strip() for part in str(value).split(spec.separator, _MOST_ELEMENTS)]
        return [part for part in parts if part]

    def _instant(self, value: Any, spec: FromColumn) -> str:
        return format_instant(self.instant(value, spec))

    def instant(self, value: Any, spec: FromColumn) -> datetime:
        """Raises Rejected ``not_a_time``, also for a day that the calendar does not have."""
        text = str(value).strip()
        for read in spec.formats or (None,):
            try:
                found = datetime.fromisoformat(text) if read is None else datetime.strptime(text, read)  # noqa: DTZ007 - the zone is the mapping's
                return self._in_utc(found)
            except (ValueError, OverflowError):
                continue
        how = f"in any of its formats ({', '.join(spec.formats)})" if spec.formats else "in ISO 8601; say its formats"
        raise Rejected("not_a_time", f"column {spec.column!r} is no time that exists {how}")

    def _in_utc(self, moment: datetime) -> datetime:
        aware = moment.replace(tzinfo=self._zone) if moment.tzinfo is None else moment
        return aware.astimezone(UTC)


def plain_number(text: str, numbers: Numbers) -> str:
    """``1 234,50 €`` is none, ``1 234,50`` is ``1234.50``, and ``12,50`` is none where commas are for thousands: it is no ``1250``."""
    if len(text) > _LONGEST_NUMBER:
        return "none"
    bare = text.strip()
    if numbers.thousands and not bare.isdecimal():
        bare = _ungrouped(bare, numbers)
    if numbers.decimal != ".":
        bare = "none" if "." in bare else bare.replace(numbers.decimal, ".")
    return "none" if "_" in bare else bare


def _ungrouped(bare: str, numbers: Numbers) -> str:
    told = bare
    if numbers.thousands == " ":
        told = bare.translate(_BLANKS)
        told = told[:1] + told[1:].lstrip() if told[:1] in "+-" else told
    if numbers.thousands not in told:
        return told
    whole, sign, fraction = told.partition(numbers.decimal)
    if numbers.thousands in fraction or not _GROUPED[numbers.grouping].fullmatch(whole.replace(numbers.thousands, "|")):
        return "none"
    return whole.replace(numbers.thousands, "") + sign + fraction


def as_json(number: Decimal) -> int | float:
    """Whole numbers as such; of others the double next to them, which has 15 digits right."""
    if number == number.to_integral_value() and abs(number) < 2**53:
        return int(number)
    found = float(number)
    return found if math.isfinite(found) else 0


def _no_number(column: str) -> Rejected:
    return Rejected("not_a_number", f"column {column!r} is not a number as the mapping has them (numbers: decimal, thousands)")
