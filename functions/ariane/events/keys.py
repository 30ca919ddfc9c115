"""Where events lie in the log: by whom they are about, when they happened and what they say, so that a repeated request lands on itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from ariane.events.model import LogItem, Message, SourceKind
from ariane.instants import format_instant

MAX_ITEM = 180_000
"""Canonical bytes of one item. Below DynamoDB's 400 KB however badly they compress, and below a queue message's 256 KB as base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """An accepted event: whose it is, what its key is made of, and what is kept."""

    person_id: str
    message: Message
    message_id: str | None
    """As sent."""
    canonical: bytes
    original: datetime | None


def log_items(events: Iterable[Keyed], *, source: str, kind: SourceKind, received_at: datetime) -> list[LogItem]:
    """One item per person, more when its events exceed an item; cut by content alone, in the order of the request."""
    by_person: dict[str, list[Keyed]] = {}
    for event in events:
        by_person.setdefault(event.person_id, []).append(event)
    return [
        LogItem(person_id, _sort_key(chunk, source, received_at), source, kind, received_at, tuple(event.message for event in chunk))
        for person_id, theirs in by_person.items()
        for chunk in _chunks(theirs)
    ]


def _chunks(events: Sequence[Keyed]) -> Iterator[list[Keyed]]:
    chunk: list[Keyed] = []
    size = 0
    for event in events:
        if chunk and size + len(event.canonical) > MAX_ITEM:
            yield chunk
            chunk, size = [], 0
        chunk.append(event)
        size += len(event.canonical)
    yield chunk


def _sort_key(events: Sequence[Keyed], source: str, received_at: datetime) -> str:
    """The earliest stated time, or when it was received where no event states one, and the digest. Each part is preceded by its length,
    so that no two contents read the same."""
    digest = sha256()
    for part in (source.encode(), *(part for event in events for part in ((event.message_id or "").encode(), event.canonical))):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    earliest = min((event.original for event in events if event.original), default=received_at)
    return f"{format_instant(earliest)}#{digest.hexdigest()[:16]}"
