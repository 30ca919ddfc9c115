"""One travel of one profile through a journey."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from ariane.instants import parse_instant

UNMERGED = "unmerged"
"""Reason of the end of a run that an un-merge left with the wrong person."""
_LONGEST_KEY = 300


class Status(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    EXITED = "exited"
    """By the journey's exit event or an ``exit`` step; or its entry event turned out to be another person's."""
    MERGED = "merged"
    """Another run of the same journey and key, of a profile that turned out to be the same person, goes on instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    profile: str
    """Root person id at entry: the partition, whatever the root is now."""
    journey: str
    version: str
    key: str
    number: int
    """0 for the first run of this key, one more for each re-entry."""
    cause: str
    """``{source}/{message id}`` of the entry event."""
    fact: Mapping[str, Any]
    """The entry event, as the bus brought it."""
    entered_at: datetime
    status: Status = Status.RUNNING
    reason: str | None = None
    node: str | None = None
    """Where it stands; after the end, where it stood last."""
    visit: int = 0
    """How many nodes it had reached when it came to this one: tells two visits of one node apart."""
    reached_at: datetime | None = None
    due: datetime | None = None
    """When it must be looked at next; none once it has ended."""
    lock: int = 0

    @property
    def sort(self) -> str:
        return f"{run_prefix(self.journey, self.key)}{self.number:04d}"

    @property
    def entry_time(self) -> datetime:
        """Of the entry event itself: what exits are compared with."""
        return parse_instant(self.fact["timestamp"])

    @property
    def seniority(self) -> tuple[str, str, datetime, datetime, str, str]:
        """By journey and key; of those that meet there, the first is the one that goes on."""
        return (self.journey, self.key, self.entry_time, self.entered_at, self.profile, self.sort)

    @property
    def is_running(self) -> bool:
        return self.status is Status.RUNNING


def run_prefix(journey: str, key: str) -> str:
    """Of the sort keys of all runs of a journey with this key. Brands choose the key's characters and length, so they are tamed here."""
    plain = quote(key, safe=" -_.:/@+")
    if len(plain) > _LONGEST_KEY:
        plain = "~" + sha256(key.encode()).hexdigest()
    return f"E#{journey}#{plain}#"
