"""What a brand may say of one kind of identifier."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DEFAULT_LIMIT = 5
LAST_PRIORITY = 100
"""Of a namespace that says none; so at most one may."""
DEFAULT_NAMESPACES: Mapping[str, Mapping[str, Any]] = {
    "user_id": {"priority": 1, "limit": 1, "unique": True},
    "email": {"priority": 2, "limit": 5, "normalise": "email"},
    "phone": {"priority": 3, "limit": 5, "normalise": "phone"},
    "loyalty_card": {"priority": 4, "limit": 3},
    "device_id": {"priority": 8, "limit": "none", "device": True},
    "anonymous_id": {"priority": 9, "limit": "none", "device": True},
    "advertising_id": {"priority": 10, "limit": "none", "device": True, "normalise": "lower"},
    "ga_client_id": {"priority": 11, "limit": "none", "device": True},
}
"""After ``anonymous_id``: an event's own person stays its visitor, whoever sells advertisements."""

OWN_FIELDS = frozenset({"user_id", "anonymous_id", "device_id", "advertising_id", "ga_client_id"})
"""Namespaces that have a place of their own in a message: no trait is read for them unless the rules name one."""

_DURATION = re.compile(r"\s*(\d{1,6}) ?(second|minute|hour|day|week)s?\s*")
_SECONDS: Mapping[str, int] = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_LONGEST = 3660 * 86400


class Normaliser(StrEnum):
    TRIM = "trim"
    LOWER = "lower"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` values per profile; with ``within_seconds``, at most so many first sightings in any window of that length."""

    count: int
    within_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    name: str
    priority: int = LAST_PRIORITY
    """Smaller goes first: the anchor of an event is its identifier of the smallest priority."""
    limit: Limit | None = Limit(DEFAULT_LIMIT)
    """None: unlimited."""
    is_unique: bool = False
    """Two values never share a profile."""
    is_device: bool = False
    """May be shared by several people."""
    normaliser: Normaliser = Normaliser.TRIM
    traits: tuple[str, ...] = ()
    """Traits whose value is such an identifier. Unless said, the trait of the same name; none for ids that are fields of their own."""


def seconds_of(text: object) -> int | None:
    """Of ``30 days``; None for what is no duration above nothing and up to ten years. The words are those of the journeys' durations."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    return seconds if 0 < seconds <= _LONGEST else None
