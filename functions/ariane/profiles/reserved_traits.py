"""The traits that Segment's spec reserves, and what they have to be. What is something else is kept out of the profile; where what is meant
is plain, it is taken for that: a number said as a text, an instant said in seconds."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ariane.conditions.entries import MOST_EXACT, amount_of
from ariane.instants import format_instant, from_millis, parse_instant, to_millis

FIRST_NAME_TRAITS = ("firstName", "first_name")
LAST_NAME_TRAITS = ("lastName", "last_name")
"""As Segment spells them, which are the reserved ones, and as much of the field does; the first that is there counts."""
ADDRESS_PARTS = ("street", "city", "postalCode", "state", "country")
_SECONDS_END = 10**11
"""A number below is seconds since 1970, as Unix has it; above, milliseconds."""


class _Mistyped:
    """Not a value: JSON has no such thing."""


MISTYPED: Final = _Mistyped()


class Typed(NamedTuple):
    value: Any
    """MISTYPED: nothing of it can be taken."""
    is_whole: bool = True
    """False: something of it was left out."""


def typed(name: str, value: Any) -> Typed:
    """As the profile takes a trait. A trait that is not reserved may be anything; null removes any."""
    check = RESERVED.get(name)
    if check is None or value is None:
        return Typed(value)
    if name == "address":
        return _address(value)
    found = check(value)
    return Typed(found, is_whole=found is not MISTYPED)


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else MISTYPED


def _text_or_number(value: Any) -> Any:
    """Numbers of telephones, postal codes and accounts."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _number(value: Any) -> Any:
    amount = amount_of(value)
    if amount is None or abs(amount) > MOST_EXACT:
        return MISTYPED
    return value if not isinstance(value, str) else int(amount) if amount == int(amount) else float(amount)


def _instant(value: Any) -> Any:
    """An ISO 8601 instant or date, as it was written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    try:
        parse_instant(value)
    except (TypeError, ValueError, OverflowError):
        return MISTYPED
    return value


def _from_number(value: float) -> Any:
    try:
        millis = int(value * 1000 if abs(value) < _SECONDS_END else value)
    except (ValueError, OverflowError):
        return MISTYPED
    instant = from_millis(millis)
    return format_instant(instant) if to_millis(instant) == millis else MISTYPED


def _object(value: Any) -> Any:
    return value if isinstance(value, Mapping) else MISTYPED


def _address(value: Any) -> Typed:
    """Without the parts that are no text."""
    if not isinstance(value, Mapping):
        return Typed(MISTYPED, is_whole=False)
    parts = {name: _text_or_number(part) if name in ADDRESS_PARTS and part is not None else part for name, part in value.items()}
    found = {name: part for name, part in parts.items() if part is not MISTYPED}
    return Typed(found if found or not value else MISTYPED, is_whole=len(found) == len(parts))


RESERVED: Mapping[str, Callable[[Any], Any]] = {
    "address": _object,
    "age": _number,
    "avatar": _text,
    "birthday": _instant,
    "company": _object,
    "createdAt": _instant,
    "description": _text,
    "email": _text,
    "firstName": _text,
    "gender": _text,
    "lastName": _text,
    "name": _text,
    "phone": _text_or_number,
    "title": _text,
    "username": _text_or_number,
    "website": _text,
}
