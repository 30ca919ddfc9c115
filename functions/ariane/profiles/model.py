"""A profile: the fold of the fragments of one identity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often one event name happened, first and last (by the events' own, clamped time)."""

    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one person. ``id`` is the root person id; reading changes nothing."""

    id: str
    identifiers: Mapping[str, str]
    """person id of each identifier -> ``namespace:value``; the root's own is among them. These ids are also the partition keys of the
    person's events, enrolments and messages."""
    traits: Mapping[str, Any]
    occurrences: Mapping[str, Occurrences]
    """By event name: a track's ``event``; pages and screens count as ``$page`` and ``$screen``."""
    first_seen: datetime | None
    last_seen: datetime | None
    version: int
    """The root's head version: merges and consent decisions raise it, claims check it. 0: the root has no head yet."""

    groups: Mapping[str, datetime] = field(default_factory=dict)
    """Accounts (``groupId``) that the person's ``group`` events named, and when first."""
    removed_traits: frozenset[str] = frozenset()
    """Traits whose latest word is a removal: neither here nor never said."""

    @property
    def member_ids(self) -> tuple[str, ...]:
        return tuple(self.identifiers)

    def values_of(self, namespace: str) -> tuple[str, ...]:
        prefix = namespace + ":"
        return tuple(value[len(prefix) :] for value in self.identifiers.values() if value.startswith(prefix))
