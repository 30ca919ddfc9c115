"""Applying an event once, with bounded memory.

A fragment remembers the last events applied as a ring of hashes of (source, message id), first in, first out. What falls out raises the
watermark to its original time. So an event of a later original time that is not in the ring was never applied; one at or before the
watermark may have been, and the log has to be asked. Late events that were applied after such a look-up go to a small ring of their own:
an import of old events does not flush the recent ones.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from typing import NamedTuple, Self

from ariane.events.model import Event
from ariane.instants import to_millis
from ariane.profiles.compact import Reader, Writer

RING = 40
LEAST_RING = 12
"""Where the ring gives way to what else a fragment holds (``unit_of_write``)."""
LATE_RING = 12
_MAX_AHEAD = timedelta(hours=24)
MARK_BYTES = 6
"""Of (source, message id). A new event whose mark happens to be one of the 52 that are remembered would be taken for applied and lost:
52 / 2**48, once in five million million events."""


class Trace(NamedTuple):
    """What the ring keeps of an event."""

    mark: int
    """``MARK_BYTES`` of a hash of (source, message id); of a known set, eight of its digest."""
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
        is_covered = to_millis(event.original) > self.watermark and event.original <= event.received_at
        return Verdict.FRESH if is_covered else Verdict.UNSURE

    def remember(self, event: Event, *, is_late: bool = False) -> Self:
        trace = trace_of(event)
        late, ring = ((*self.late, trace), self.ring) if is_late else (self.late, (*self.ring, trace))
        forgotten = [each.millis for each in (*late[:-LATE_RING], *ring[:-RING])]
        watermark = max([*forgotten, *([] if self.watermark is None else [self.watermark])], default=None)
        return replace(self, ring=ring[-RING:], late=late[-LATE_RING:], watermark=watermark)

    def without_oldest(self, number: int) -> Self:
        """Of the ring."""
        gone = [trace.millis for trace in self.ring[:number]]
        watermark = max([*gone, *([] if self.watermark is None else [self.watermark])], default=None)
        return replace(self, ring=self.ring[number:], watermark=watermark)


def trace_of(event: Event) -> Trace:
    digest = hashlib.blake2b(f"{event.source}\x00{event.message_id}".encode(), digest_size=MARK_BYTES).digest()
    return Trace(int.from_bytes(digest), max(0, to_millis(min(event.original, event.received_at + _MAX_AHEAD))))


def write_recent(writer: Writer, recent: Recent, *, near: int) -> None:
    writer.optional(None if recent.watermark is None else near - recent.watermark)
    writer.number(recent.span)
    for traces in (recent.ring, recent.late):
        write_traces(writer, traces[::-1], mark_bytes=MARK_BYTES, near=near)


def read_recent(reader: Reader, *, near: int) -> Recent:
    age, span = reader.optional(), reader.number()
    ring, late = (read_traces(reader, mark_bytes=MARK_BYTES, near=near)[::-1] for _ in range(2))
    return Recent(ring=ring, late=late, watermark=None if age is None else near - age, span=span)


def write_traces(writer: Writer, traces: Sequence[Trace], *, mark_bytes: int, near: int) -> None:
    """Of each its mark and how many milliseconds it lies before the one ahead of it; the first, before ``near``."""
    writer.number(len(traces))
    for trace in traces:
        writer.raw(trace.mark.to_bytes(mark_bytes))
        writer.signed(near - trace.millis)
        near = trace.millis


def read_traces(reader: Reader, *, mark_bytes: int, near: int) -> tuple[Trace, ...]:
    traces: list[Trace] = []
    for _ in range(reader.number()):
        mark = int.from_bytes(reader.raw(mark_bytes))
        near -= reader.signed()
        traces.append(Trace(mark, near))
    return tuple(traces)
