"""When did it happen, if the sender's clock may be wrong or lie?"""

from datetime import datetime, timedelta
from typing import Any

from ariane.errors import Rejected
from ariane.instants import parse_instant

_DAY = timedelta(hours=24)
REACH = _DAY
"""How far back a public source's word may count."""
MOST_SKEW = _DAY
"""Between two clocks; what is further apart is no skew."""


def sent_instant(value: Any) -> datetime | None:
    """An instant of the transport (``sentAt``): what cannot be read counts as not given."""
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def stated_instant(value: Any) -> datetime | None:
    """The time that an event states of itself; None when it states none. Raises Rejected ``invalid_timestamp``."""
    if value is None:
        return None
    instant = sent_instant(value)
    if instant is None:
        raise Rejected("invalid_timestamp", "timestamp is not an ISO 8601 instant")
    return instant


def corrected(original: datetime | None, *, sent_at: datetime | None, received_at: datetime, is_public: bool) -> datetime:
    """The event's time on our clock: the sender's skew (received - sent) is taken out when it is at most a day.

    Never after ``received_at``. Public sources cannot reach further back than a day: nobody rewrites history with a browser's key.
    """
    if original is None:
        return received_at
    skew = received_at - sent_at if sent_at is not None else timedelta()
    instant = _shifted(original, skew) if abs(skew) <= MOST_SKEW else original
    earliest = received_at - REACH if is_public else instant
    return min(max(instant, earliest), received_at)


def is_clamped(instant: datetime, *, received_at: datetime) -> bool:
    """Of a public source's event: whether its clock reached further back than counts."""
    return instant <= received_at - REACH


def _shifted(instant: datetime, by: timedelta) -> datetime:
    try:
        return instant + by
    except OverflowError:  # within a day of the calendar's ends
        return instant
