"""What an operator says of values. A missing one makes ``not_equals``, ``not_in``, ``exists: false`` true and every other false."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ariane.conditions.durations import parse_duration
from ariane.conditions.entries import amount_of
from ariane.conditions.values import OneOperator, PropertyTest
from ariane.instants import moved, parse_instant

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_INSTANT = 64


def matches(tests: Sequence[PropertyTest], properties: Mapping[str, Any], now: datetime) -> bool:
    """Whether an event with these properties passes all tests of a ``where``."""
    return all(passes(test, values_at(properties, test.property), now) for test in tests)


def name_matches(pattern: str, name: str | None) -> bool:
    """Event names may end in ``*``."""
    if name is None:
        return False
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def value_at(mapping: Mapping[str, Any], path: str) -> object:
    """The first value at the dotted path, None when there is none."""
    return next(values_at(mapping, path), None)


def values_at(mapping: object, path: str) -> Iterator[object]:
    """Every value at the dotted path, through lists on the way; null counts as missing."""
    head, _, rest = path.partition(".")
    found = mapping.get(head) if isinstance(mapping, Mapping) else None
    if found is None:
        return
    if not rest:
        yield found
    elif isinstance(found, list):
        for element in found:
            yield from values_at(element, rest)
    else:
        yield from values_at(found, rest)


_NEGATIONS = {"not_equals": "equals", "not_in": "in"}


def passes(test: OneOperator, values: Iterator[object], now: datetime) -> bool:
    operator, operand = test.asked
    if operator == "exists":
        return (next(values, None) is not None) is operand
    positive = _NEGATIONS.get(operator, operator)
    check = _CHECKS[positive]
    return any(check(value, operand, now) for value in values) is (positive == operator)


def _amount(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else amount_of(value)


def instant_of(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > _LONGEST_INSTANT or not _DATE.match(value):
        return None
    try:
        return parse_instant(value)
    except (ValueError, OverflowError):
        return None


def _same(value: object, operand: object) -> bool:
    if isinstance(value, bool) or isinstance(operand, bool):
        return isinstance(value, bool) and isinstance(operand, bool) and value == operand
    if isinstance(value, str) and isinstance(operand, str):
        left, right = instant_of(value), instant_of(operand)
        return value == operand or (left is not None and left == right)
    number = _amount(value)
    return number is not None and number == _amount(operand)


def _order(value: object, operand: object) -> int | None:
    """Negative, zero or positive, as ``value`` is less than, equal to or above ``operand``; None when they do not compare."""
    number, other = _amount(value), _amount(operand)
    if number is not None and other is not None:
        return (number > other) - (number < other)
    instant, moment = instant_of(value), instant_of(operand)
    if instant is not None and moment is not None:
        return (instant > moment) - (instant < moment)
    return None


def _ordered(accepts: Callable[[int], bool]) -> "_Check":
    def check(value: object, operand: object, _now: datetime) -> bool:
        order = _order(value, operand)
        return order is not None and accepts(order)

    return check


def _between(value: object, operand: Any, _now: datetime) -> bool:
    low, high = _order(value, operand[0]), _order(value, operand[1])
    return low is not None and high is not None and low >= 0 >= high


def _contains(value: object, operand: object, _now: datetime) -> bool:
    if isinstance(value, list):
        return any(_same(element, operand) for element in value)
    return isinstance(value, str) and isinstance(operand, str) and operand in value


def _within(value: object, operand: Any, now: datetime) -> bool:
    instant = instant_of(value)
    return instant is not None and moved(now, -parse_duration(operand)) <= instant <= now


def _older_than(value: object, operand: Any, now: datetime) -> bool:
    instant = instant_of(value)
    return instant is not None and instant < moved(now, -parse_duration(operand))


def _within_next(value: object, operand: Any, now: datetime) -> bool:
    instant = instant_of(value)
    return instant is not None and now <= instant <= moved(now, parse_duration(operand))


type _Check = Callable[[object, Any, datetime], bool]

_CHECKS: Mapping[str, _Check] = {
    "equals": lambda value, operand, _now: _same(value, operand),
    "in": lambda value, operand, _now: any(_same(value, choice) for choice in operand),
    "gt": _ordered(lambda order: order > 0),
    "gte": _ordered(lambda order: order >= 0),
    "lt": _ordered(lambda order: order < 0),
    "lte": _ordered(lambda order: order <= 0),
    "before": _ordered(lambda order: order < 0),
    "after": _ordered(lambda order: order > 0),
    "between": _between,
    "contains": _contains,
    "starts_with": lambda value, operand, _now: isinstance(value, str) and value.startswith(operand),
    "ends_with": lambda value, operand, _now: isinstance(value, str) and value.endswith(operand),
    "within": _within,
    "older_than": _older_than,
    "within_next": _within_next,
}
