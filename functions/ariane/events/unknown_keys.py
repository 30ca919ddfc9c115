"""Requests under a key that nobody has: counted, and a few of them named to the operator, who finds the mistyped key so.

Nothing of what they bring is kept: anybody can send them, in any number (docs/how-to/limit-abuse.md).
"""

import re
from collections.abc import Mapping
from typing import Protocol

from ariane.access.hashing import hash_of
from ariane.access.write_keys import PREFIX
from ariane.events.log import Meter
from ariane.events.wire import Request
from ariane.instants import format_instant

MOST_AN_HOUR = 20
"""Of each instance."""
_HINT_LENGTH = 6
_HASH_LENGTH = 12
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,30}(?=[/ ]|$)")


class Journal(Protocol):
    """What an operator reads. Never fails."""

    def warn(self, message: str, fields: Mapping[str, str | int]) -> None:
        """``message`` is constant; nothing in ``fields`` says who somebody is."""
        ...


class UnknownKeys:
    def __init__(self, journal: Journal, *, meter: Meter) -> None:
        self._journal = journal
        self._meter = meter
        self._hour = ""
        self._named: set[str] = set()

    def note(self, write_key: str | None, request: Request) -> None:
        self._meter.count("UnknownWriteKeys")
        self._turn_hour(format_instant(request.received_at)[:13])
        digest = hash_of(write_key)[:_HASH_LENGTH] if write_key else ""
        if digest in self._named or len(self._named) >= MOST_AN_HOUR:
            return
        self._named.add(digest)
        self._journal.warn("unknown write key", _sample(write_key or "", digest, request))

    def _turn_hour(self, hour: str) -> None:
        if hour != self._hour:
            self._hour, self._named = hour, set()


def _sample(write_key: str, digest: str, request: Request) -> Mapping[str, str | int]:
    """The beginning of what looks like one of our keys, as lists of keys show it; of anything else, which may be anybody's secret, only
    the beginning of its hash."""
    return {
        "key": write_key[:_HINT_LENGTH] if write_key.startswith(PREFIX) else "",
        "key_hash": digest,
        "key_length": len(write_key),
        "path": request.path.replace(write_key, "…")[:100] if write_key else request.path[:100],
        "bytes": len(request.body),
        "client": _client(request.headers.get("user-agent", "")),
    }


def _client(user_agent: str) -> str:
    """The first product of a user agent (``Mozilla``, ``analytics-python``)."""
    found = _PRODUCT.match(user_agent)
    return found[0] if found else ""
