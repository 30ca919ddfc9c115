"""An import as it is kept, and the ports of the capability."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

import orjson

from ariane.errors import Rejected
from ariane.instants import format_instant

LARGEST_FILE = 5 * 1024**3
"""Bytes: the most that one PUT to S3 takes. Larger ones are compressed, or cut."""


class State(StrEnum):
    AWAITING_UPLOAD = "awaiting_upload"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """The file as a whole cannot be imported. What lines before had brought stays."""

    @property
    def is_over(self) -> bool:
        return self in (State.DONE, State.FAILED)


@dataclass(frozen=True, slots=True)
class FileInfo:
    name: str
    size: int
    sha256: str
    """Hex."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Lines are those that hold something: no header, no blank ones."""

    bytes: int = 0
    """Inflated, as ``bytes_total``."""
    bytes_total: int = 0
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    events: int = 0
    copies: int = 0
    """Of the events: in the log already, from an earlier import or an attempt of this one that was cut off."""
    objects: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    id: str
    source: str
    mapping: Mapping[str, Any]
    file: FileInfo
    as_of: datetime
    """When the file was written: the time of what it states without one."""
    created_at: datetime
    by: str
    state: State = State.AWAITING_UPLOAD
    error: tuple[str, str] | None = None
    """Code and message of a failed one."""
    layout: Mapping[str, Any] | None = None
    header: str = ""
    tag: str = ""
    """Of the file that was looked at (``Upload``)."""
    progress: Progress = field(default_factory=Progress)
    after_line: int = 0
    """Every row that begins up to this line is done with; the last of them ends there, …"""
    after_byte: int = 0
    """… and with this byte of the file, inflated."""
    parts: int = 0
    """Of the report of rejects."""
    updated_at: datetime | None = None
    version: int = 0

    def on(self, **changes: Any) -> "Import":
        return replace(self, **changes)


def import_id(source: str, mapping: Mapping[str, Any], file: FileInfo, *, as_of: datetime | None) -> str:
    """The same file by the same mapping is the same import. ``as_of``: where that makes a difference to what its lines say."""
    told = orjson.dumps([source, mapping, file.size, file.sha256, format_instant(as_of) if as_of else None], option=orjson.OPT_SORT_KEYS)
    return f"imp_{sha256(told).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True)
class RejectedLine:
    line: int
    code: str
    message: str
    raw: str
    """The line as it was, decoded; of one that is too long its beginning."""


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    headers: Mapping[str, str]
    """To be sent with it."""
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessObject:
    """A product, a shop's stock of one, a day's spend, a TV spot: what a file says of it, kept for those who use it later."""

    type: str
    key: str
    properties: Mapping[str, Any]
    at: datetime
    """Of what it says; an older one never replaces a newer one."""
    import_id: str


class ImportStore(Protocol):
    """Raises Retryable."""

    def create(self, made: Import) -> bool:
        """False: there is one of this id."""
        ...

    def save(self, changed: Import) -> Import:
        """Under its version, which is raised. Raises Conflict where another writer was faster."""
        ...

    def get(self, import_id: str) -> Import | None:
        """Sees every write committed before the call."""
        ...

    def all(self) -> Sequence[Import]:
        """The newest first."""
        ...


class Upload(NamedTuple):
    """A file that arrived."""

    size: int
    tag: str
    """Another one for other content."""


def changed() -> Rejected:
    return Rejected("file_changed", "the file was replaced while it was imported: begin the import again")


class Uploads(Protocol):
    """Raises Retryable."""

    def link(self, made: Import, *, now: datetime) -> Link: ...

    def find(self, import_id: str) -> Upload | None:
        """None: nothing was uploaded."""
        ...

    def read(self, import_id: str, tag: str, *, after: int = 0) -> Iterator[bytes]:
        """In pieces, behind its first ``after`` bytes, which are not all. Raises Rejected (``file_changed``) where another file lies there
        by now."""
        ...


class Reports(Protocol):
    """Raises Retryable."""

    def put(self, import_id: str, part: int, rejected: Sequence[RejectedLine]) -> None:
        """Replaces the part."""
        ...

    def part(self, import_id: str, part: int) -> Sequence[RejectedLine]: ...

    def publish(self, import_id: str, pieces: Iterable[bytes]) -> None:
        """The report as one file; replaces it."""
        ...

    def link(self, import_id: str, *, now: datetime) -> Link: ...


class ObjectStore(Protocol):
    """Raises Retryable."""

    def put(self, stored: BusinessObject) -> bool:
        """Idempotent. False: what is there is newer."""
        ...

    def get(self, kind: str, key: str) -> BusinessObject | None: ...

    def page(self, kind: str, *, limit: int = 100, cursor: str | None = None) -> tuple[Sequence[BusinessObject], str | None]:
        """In no order; a page may be short, even empty, and still have a cursor."""
        ...


class ImportQueue(Protocol):
    def put(self, import_id: str) -> None:
        """Durable on return; may be taken up twice. Raises Retryable."""
        ...
