"""Instants on the wire and in keys: aware UTC, milliseconds, one spelling (``2026-11-22T05:18:51.943Z``): text order is time order."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


class Clock(Protocol):
    """Where a service takes the time from; tests pass a clock that stands still."""

    def __call__(self) -> datetime: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


def format_instant(instant: datetime) -> str:
    """The one spelling. Raises ValueError for a naive datetime."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant, in UTC, cut to milliseconds; without an offset it is UTC. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    utc = instant.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def to_millis(instant: datetime) -> int:
    """Milliseconds since the epoch."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: int) -> datetime:
    """Beyond the years 1 to 9999 their first, or last, millisecond: no calendar that we write in goes further."""
    return _EPOCH + timedelta(milliseconds=min(max(millis, _FIRST), _LAST))


def moved(instant: datetime, by: timedelta) -> datetime:
    """As far as the years 1 to 9999 go."""
    try:
        return instant + by
    except OverflowError:
        return from_millis(_LAST if by > timedelta(0) else _FIRST)
