"""The log's ports, and those of what stands beside it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ariane.events.model import LogItem


class EventLog(Protocol):
    """The append side."""

    def append(self, item: LogItem) -> bool:
        """Durable on return. False: it is there already, which is as good. Never overwrites. Raises Retryable (throttled, unreachable)."""
        ...


class Overflow(Protocol):
    """Where a log item waits when the log is throttled."""

    def put(self, item: LogItem) -> None:
        """Durable on return. Raises Retryable."""
        ...


class Drain(Protocol):
    """What empties the overflow queue into the log."""

    def drain(self, body: str) -> None:
        """One queue message. Idempotent. Raises Retryable while the log is throttled, Permanent for what is no log item."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[LogItem, ...]
    cursor: str | None
    """Opaque; None after the last page."""


class EventHistory(Protocol):
    """The read side. Raises Retryable."""

    def get(self, person_id: str, sort: str) -> LogItem | None: ...

    def page(
        self,
        person_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """At most ``limit`` items of one person id whose key's time lies in [since, until], by key.

        An item's key holds the earliest time that its events state of themselves: an event in it may have happened later, and its clamped
        time may be another. A page may be short, even empty, and still have a cursor.
        """
        ...

    def mark_duplicates(self, person_id: str, sort: str, places: Collection[int]) -> None:
        """Adds to the item's ``duplicates``; idempotent. Nothing happens where the item is gone (it expired)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """An event, or a whole request (``index`` None), that was refused."""

    source: str
    at: datetime
    code: str
    message: str
    index: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredReject:
    """``id`` is stable: the same content refused on the same day is one entry."""

    id: str
    reject: Reject


class RejectStore(Protocol):
    def put(self, rejects: Sequence[Reject]) -> None:
        """Durable on return; idempotent by content. Bodies are cut at 64 KB. Raises Retryable."""
        ...


class RejectHistory(Protocol):
    """The read side of the rejects. Raises Retryable."""

    def of_day(self, day: str, *, limit: int = 100, cursor: str | None = None) -> tuple[Sequence[StoredReject], str | None]:
        """The rejects of a day (``2026-11-22``), in no particular order, and the cursor of the next page."""
        ...


class Meter(Protocol):
    """Counts what operators want to see; never fails."""

    def count(self, name: str, value: int = 1, **dimensions: str) -> None: ...
