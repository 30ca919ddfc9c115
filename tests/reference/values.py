"""What an operator says of values, written from its documentation alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.person import DAY

type Json = Any
_UNITS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": DAY, "week": 7 * DAY}
OPERATORS = frozenset({
    "equals", "not_equals", "in", "not_in", "gt", "gte", "lt", "lte", "between", "contains", "starts_with", "ends_with", "exists",
    "before", "after", "within", "older_than", "within_next", "anniversary",
})  # fmt: skip


def milliseconds(duration: str) -> int:
    sign = -1 if duration.startswith("-") else 1
    count, _, unit = duration.removeprefix("-").strip().partition(" ")
    if not unit:
        count, unit = re.fullmatch(r"(\d+)([a-z]+)", count).groups()  # type: ignore[union-attr]
    return sign * int(count) * _UNITS[unit.rstrip("s")]


def found_at(holder: Json, path: str) -> Iterator[Json]:
    """Every value at a dotted path, through lists on the way. Null is nothing."""
    name, _, rest = path.partition(".")
    value = holder.get(name) if isinstance(holder, Mapping) else None
    if value is None:
        return
    if not rest:
        yield value
        return
    for each in value if isinstance(value, list) else [value]:
        yield from found_at(each, rest)


def scalars_at(holder: Json, path: str) -> Iterator[Json]:
    """What is counted and summed up: texts, numbers and booleans, each element of a list by itself."""
    for value in found_at(holder, path):
        yield from _scalars(value)


def _scalars(value: Json) -> Iterator[Json]:
    if isinstance(value, list):
        for each in value:
            yield from _scalars(each)
    elif isinstance(value, str | int | float):
        yield value


def number(value: Json) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value))
    if isinstance(value, str) and len(value) < 40 and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return Decimal(value)
    return None


def value_key(value: Json) -> tuple[str, Json]:
    """A number and its text are one value; so are true and 1."""
    found = Decimal(value) if isinstance(value, bool) else number(value)
    return ("text", value) if found is None else ("number", found)


def instant(value: Json) -> int | None:
    """Milliseconds; a plain date is its midnight in UTC."""
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        moment = datetime.fromisoformat(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None


def same(value: Json, other: Json) -> bool:
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if isinstance(value, str) and isinstance(other, str):
        return value == other or (instant(value) is not None and instant(value) == instant(other))
    left = number(value)
    return left is not None and left == number(other)


def passes(test: Mapping[str, Json], values: Sequence[Json], at: int, time_zone: str) -> bool:
    """One operator over all the values found: true for one is true; the negative ones are the opposite of their positive."""
    ((operator, operand),) = [(name, test[name]) for name in test if name in OPERATORS and test[name] is not None]
    if operator == "exists":
        return bool(values) is operand
    if operator == "not_equals":
        return not any(same(value, operand) for value in values)
    if operator == "not_in":
        return not any(same(value, each) for value in values for each in operand)
    return any(_true_for(operator, operand, value, at, time_zone) for value in values)


def _true_for(operator: str, operand: Json, value: Json, at: int, time_zone: str) -> bool:
    if operator == "equals":
        return same(value, operand)
    if operator == "in":
        return any(same(value, each) for each in operand)
    if operator in ("contains", "starts_with", "ends_with"):
        return _textual(operator, operand, value)
    if operator in ("within", "older_than", "within_next"):
        return _timely(operator, milliseconds(operand), instant(value), at)
    if operator == "anniversary":
        return is_anniversary(value, milliseconds(operand["offset"]) // DAY if "offset" in operand else 0, at, time_zone)
    if operator == "between":
        return _ordered("gte", value, operand[0]) and _ordered("lte", value, operand[1])
    return _ordered({"before": "lt", "after": "gt"}.get(operator, operator), value, operand)


def _ordered(operator: str, value: Json, operand: Json) -> bool:
    left: Any = number(value)
    right: Any = number(operand)
    if left is None or right is None:
        left, right = instant(value), instant(operand)
    if left is None or right is None:
        return False
    return bool({"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[operator])


def _textual(operator: str, operand: Json, value: Json) -> bool:
    if operator == "contains" and isinstance(value, list):
        return any(same(each, operand) for each in value)
    if not isinstance(value, str) or not isinstance(operand, str):
        return False
    return {"contains": operand in value, "starts_with": value.startswith(operand), "ends_with": value.endswith(operand)}[operator]


def _timely(operator: str, span: int, moment: int | None, at: int) -> bool:
    if moment is None:
        return False
    if operator == "within":
        return at - span <= moment <= at
    return moment < at - span if operator == "older_than" else at <= moment <= at + span


def local_day(at: int, time_zone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(ZoneInfo(time_zone)).date()


def day_of(value: Json, time_zone: str) -> date | None:
    """The day that a value names: a plain date is that day everywhere, an instant its day where the person lives."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    moment = instant(value)
    return None if moment is None else local_day(moment, time_zone)


def is_anniversary(value: Json, offset_days: int, at: int, time_zone: str) -> bool:
    """Whether today is so many days after (before) an anniversary, the day itself included; 29 February is the 28th in common years."""
    day = day_of(value, time_zone)
    if day is None:
        return False
    today = local_day(at, time_zone)
    return any(
        in_year(day, year) + timedelta(days=offset_days) == today for year in range(today.year - 12, today.year + 13) if 1 < year < 9_999
    )


def in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def midnight(day: date, shift_days: int, time_zone: str) -> int:
    """Where the local day so many days after ``day`` begins."""
    wanted = day + timedelta(days=shift_days)
    naive = datetime(wanted.year, wanted.month, wanted.day, tzinfo=ZoneInfo(time_zone))
    return (naive.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
