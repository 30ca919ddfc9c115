"""Pages: a limit, an opaque cursor, and the cursor object of Segment's profile API, which every list of ours has."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ariane.errors import Rejected


@dataclass(frozen=True, slots=True)
class Page[T]:
    items: Sequence[T]
    next: str | None

    @property
    def cursor(self) -> dict[str, Any]:
        return {"has_more": self.next is not None, "next": self.next or ""}


def limit_of(text: str | None, *, default: int, largest: int) -> int:
    """Raises Rejected (``invalid_limit``)."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= largest:
        raise Rejected("invalid_limit", f"limit is a whole number from 1 to {largest}")
    return int(text)


def encode(*parts: str | int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode(cursor: str, *kinds: type) -> Sequence[Any]:
    """What ``encode`` was given. Raises Rejected (``invalid_cursor``) unless it is parts of these kinds."""
    try:
        parts = orjson.loads(base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, orjson.JSONDecodeError) as error:
        raise _invalid() from error
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise _invalid()
    return parts


def slice_after[T](items: Sequence[T], keys: Sequence[str], *, cursor: str | None, limit: int) -> Page[T]:
    """Of a short list with a distinct key each, the page after the cursor's key. One whose key is gone is invalid."""
    start = 0
    if cursor:
        (last,) = decode(cursor, str)
        if last not in keys:
            raise _invalid()
        start = keys.index(last) + 1
    end = start + limit
    return Page(items[start:end], encode(keys[end - 1]) if end < len(items) else None)


def _invalid() -> Rejected:
    return Rejected("invalid_cursor", "the cursor is none of ours, or too old: begin again without it")
