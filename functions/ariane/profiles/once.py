"""Applying an event once, with bounded memory.

A fragment remembers the last events applied as a ring of hashes of (source, message id), first in, first out. What falls out raises the
watermark to its original time. So an event of a later original time that is not in the ring was never applied; one at or before the
watermark may have been, and the log has to be asked. Late events that were applied after such a look-up go to a small ring of their own:
an import of old events does not flush the recent ones.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple, Self

from ariane.events.model import Event
from ariane.instants import parse_instant, to_millis

RING = 40
LATE_RING = 12
_MAX_AHEAD = timedelta(hours=24)
_ENTRY = 14


class Trace(NamedTuple):
    """What the ring keeps of an event."""

    mark: int
    """64 bits of (source, message id)."""
    millis: int
    """The original time, at most a day after the receipt: one clock that is years ahead would make every later event a late one."""


class Verdict(Enum):
    FRESH = auto()
    APPLIED = auto()
    UNSURE = auto()
    """Older than what the ring remembers: look the event up in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    ring: tuple[Trace, ...] = ()
    late: tuple[Trace, ...] = ()
    watermark: int | None = None
    """Largest time in milliseconds that ever left the ring. None: nothing has."""
    span: int = 0
    """How many milliseconds after its item's key an event lay at most. A look-up begins so much before the event's own time."""

    def judge(self, event: Event) -> Verdict:
        trace = trace_of(event)
        if any(trace.mark == known.mark for known in (*self.ring, *self.late)):
            return Verdict.APPLIED
        if self.watermark is None:
            return Verdict.FRESH
        original = original_time(event)
        is_covered = to_millis(original) > self.watermark and original <= event.received_at
        return Verdict.FRESH if is_covered else Verdict.UNSURE

    def remember(self, event: Event, *, is_late: bool = False) -> Self:
        trace = trace_of(event)
        late, ring = ((*self.late, trace), self.ring) if is_late else (self.late, (*self.ring, trace))
        forgotten = [each.millis for each in (*late[:-LATE_RING], *ring[:-RING])]
        watermark = max([*forgotten, *([] if self.watermark is None else [self.watermark])], default=None)
        return replace(self, ring=ring[-RING:], late=late[-LATE_RING:], watermark=watermark)


def original_time(event: Event) -> datetime:
    """The time that the event itself gives, unclamped; the same in every copy of it that has one."""
    sent = event.message.get("originalTimestamp")
    try:
        return parse_instant(sent) if isinstance(sent, str) else event.timestamp
    except (ValueError, OverflowError):
        return event.timestamp


def trace_of(event: Event) -> Trace:
    digest = hashlib.blake2b(f"{event.source}\x00{event.message_id}".encode(), digest_size=8).digest()
    return Trace(int.from_bytes(digest), max(0, to_millis(min(original_time(event), event.received_at + _MAX_AHEAD))))


def pack(traces: Iterable[Trace]) -> str:
    """Base64 of 14 bytes each (8 of hash, 6 of milliseconds): every kilobyte of a fragment is paid for at each write."""
    return base64.b64encode(b"".join(trace.mark.to_bytes(8) + trace.millis.to_bytes(6) for trace in traces)).decode()


def unpack(text: str) -> tuple[Trace, ...]:
    data = base64.b64decode(text)
    parts = (data[start : start + _ENTRY] for start in range(0, len(data), _ENTRY))
    return tuple(Trace(int.from_bytes(part[:8]), int.from_bytes(part[8:])) for part in parts)
