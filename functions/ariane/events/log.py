"""The log's ports, and those of what stands beside it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ariane.events.model import LogItem, SourceKind


class LogKey(NamedTuple):
    """Where an item lies in the log."""

    person_id: str
    sort: str


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
        time may be another. A page may be short, even empty, and still have a cursor. It may lag behind the latest writes by a moment.
        """
        ...

    def mark_duplicates(self, person_id: str, sort: str, places: Collection[int]) -> None:
        """Adds to the item's ``duplicates``; idempotent. Nothing happens where the item is gone (it expired)."""
        ...

    def scan(self, person_id: str, *, limit: int = 500, cursor: str | None = None) -> Page:
        """Everything of one person id, by key, page by page; sees every write committed before the call."""
        ...

    def mark_refolded(self, person_id: str, marks: Sequence[tuple[str, str]]) -> None:
        """(sort key, entry): adds to each item's ``refolded``; idempotent. Nothing happens where an item is gone."""
        ...


class Shape(StrEnum):
    """What the body of a reject is, and so how it is tried again."""

    ITEM = "item"
    """One item of a request, as its reader gave it."""
    TRANSLATED = "translated"
    """One item of a protocol that is not Segment's, as its client sent it: a body that its path's reader reads alone."""
    REQUEST = "request"
    """A whole body, inflated; the query of a request that has none."""
    RECORD = "record"
    """``{"pk", "sk", …}`` of a log item that could not be stitched, or a stream's image that is no log item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What a refused item or request came with beside its body: with it, another attempt decides as the first one did."""

    method: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that decide something; never a credential or a cookie."""
    query: Sequence[tuple[str, str]] = ()
    source_ip: str | None = None
    """Truncated, unless the source keeps addresses."""
    batch: Mapping[str, Any] = field(default_factory=dict)
    """What the item's batch said for all of its items: ``sentAt``, ``context``, ``integrations``, as far as given."""
    is_compressed: bool = False
    is_partial: bool = False
    """The batch said more than is kept: there is no faithful other attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """An event, or a whole request (``index`` None), that was refused."""

    source: str
    at: datetime
    """When it was received."""
    code: str
    message: str
    index: int | None
    body: bytes
    kind: SourceKind | None = None
    shape: Shape = Shape.ITEM
    transport: Transport = field(default_factory=Transport)
    kept_at: datetime | None = None
    """When it was refused; None: when it was received."""
    is_untold: bool = False
    """The item says neither when it was nor which it is: its place and its request's receipt tell it from an equal one."""


@dataclass(frozen=True, slots=True)
class Retried:
    at: datetime
    by: str
    """The API token's name."""


@dataclass(frozen=True, slots=True)
class StoredReject:
    """``id`` is stable: the same content refused on the same day is one entry."""

    id: str
    reject: Reject
    size: int = 0
    """Bytes of the whole body, as it was refused."""
    is_truncated: bool = False
    """Not all of the body was kept, or is there any more."""
    retried: Retried | None = None


@dataclass(frozen=True, slots=True)
class RejectCount:
    """Refusals of one source on one day by one code, repeats included."""

    day: str
    source: str
    code: str
    refused: int
    not_kept: int
    """Of these: counted alone, beyond what is kept of a source in a day."""


class RejectStore(Protocol):
    def put(self, rejects: Sequence[Reject]) -> None:
        """Durable on return; idempotent by content and day: what is there is replaced, and open again if it was retried. Raises
        Retryable."""
        ...


class RejectHistory(Protocol):
    """The read side of the rejects. Raises Retryable."""

    def of_day(
        self,
        day: str,
        *,
        source: str | None = None,
        code: str | None = None,
        with_retried: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[Sequence[StoredReject], str | None]:
        """The rejects of a day (``2026-11-22``), the newest first, and the cursor of the next page. Without transport; a body above a
        kilobyte may be empty. A page may be short, even empty, and still have a cursor. May lag a second behind."""
        ...

    def get(self, identity: str) -> StoredReject | None:
        """With everything that is kept of it."""
        ...

    def mark_retried(self, stored: StoredReject, retried: Retried) -> bool:
        """Idempotent. False: it is gone, or was refused again since ``stored`` was read, and stays open."""
        ...

    def counts(self, day: str) -> Sequence[RejectCount]: ...


class Meter(Protocol):
    """Counts what operators want to see; never fails."""

    def count(self, name: str, value: int = 1, **dimensions: str) -> None: ...
