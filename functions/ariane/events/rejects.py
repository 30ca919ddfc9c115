"""What a kept refusal is called, what is kept of its body, and how much of it in a day.

A source may be public: whoever has a browser's key can make it refuse as much as they like. So of each source and day so many refusals are
kept; of what goes beyond every hundredth is, and all are counted.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

import orjson

from ariane.errors import Permanent, Retryable
from ariane.events.log import LogKey, Reject, RejectStore, Shape
from ariane.instants import Clock, format_instant

MAX_KEPT = 64 * 1024
"""Bytes of a body that lie in the reject itself; a longer one lies compressed in an object of its own."""
MAX_OBJECT = 1024 * 1024
"""Compressed bytes of such an object."""
MAX_LISTED = 1024
"""Compressed bytes of a body that lists show too."""
KEPT_FOR = timedelta(days=90)
DAILY = 10_000
LARGE_WEIGHS = 10
"""Of a day's room, a refusal whose body needs an object."""
SAMPLE = 100
_FLUSH_COUNT = 100
_FLUSH_AFTER = timedelta(seconds=30)
_GZIP_WINDOW = 31
_CHUNK = 64 * 1024


def reject_id(reject: Reject) -> str:
    """``{day}/{digest}``: a repeated request refuses the same thing once a day, whatever it says of its own sending. Of an item that says
    neither when it was nor which it is, an equal one is another one, as it would be if it were accepted."""
    place = f"{reject.transport.method} {reject.transport.path}" if reject.shape is Shape.REQUEST else ""
    batch = {name: value for name, value in reject.transport.batch.items() if name != "sentAt"}
    which = [format_instant(reject.at), reject.index] if reject.is_untold else []
    told = orjson.dumps([reject.source, reject.code, place, batch, *which], option=orjson.OPT_SORT_KEYS)
    return f"{day_of(reject)}/{sha256(told + reject.body).hexdigest()[:32]}"


def day_of(reject: Reject) -> str:
    return format_instant(reject.at)[:10]


def key_of_record(body: bytes) -> LogKey | None:
    """Of a parked record's body, be it a stream's image (DynamoDB wraps each value in its type). None where it names none."""
    try:
        document = orjson.loads(body)
        parts = [value.get("S") if isinstance(value, dict) else value for value in (document.get("pk"), document.get("sk"))]
    except (orjson.JSONDecodeError, AttributeError):
        return None
    person_id, sort = parts
    return LogKey(person_id, sort) if isinstance(person_id, str) and isinstance(sort, str) else None


def is_listed(body: bytes) -> bool:
    """Whether a list shows the body: it is read with the reason."""
    return len(zlib.compress(body[: MAX_KEPT + 1])) <= MAX_LISTED and len(body) <= MAX_KEPT


def is_large(reject: Reject) -> bool:
    return len(reject.body) > MAX_KEPT


def object_of(body: bytes) -> tuple[bytes, bool]:
    """The body as gzip of at most about ``MAX_OBJECT`` bytes, and whether that cut it short."""
    deflater = zlib.compressobj(level=1, wbits=_GZIP_WINDOW)
    packed, start = bytearray(), 0
    while start < len(body) and len(packed) < MAX_OBJECT - 2 * _CHUNK:
        packed += deflater.compress(body[start : start + _CHUNK])
        start += _CHUNK
    return bytes(packed + deflater.flush()), start < len(body)


def body_of_object(packed: bytes) -> bytes:
    return zlib.decompress(packed, _GZIP_WINDOW)


@dataclass(slots=True)
class Tally:
    """What one source was refused, to be added to what was counted of its day."""

    refused: Counter[str] = field(default_factory=Counter)
    """By code."""
    not_kept: Counter[str] = field(default_factory=Counter)
    weight: int = 0


class RejectCounter(Protocol):
    def add(self, day: str, source: str, tally: Tally) -> int:
        """Adds it and returns the day's weight so far, this included. Not idempotent: a call that is repeated counts again. Raises
        Retryable or Permanent."""
        ...


@dataclass(slots=True)
class _Day:
    total: int = 0
    is_over: bool = False
    pending: Tally = field(default_factory=Tally)
    flushed_at: datetime | None = None


class BoundedRejects:
    """A ``RejectStore`` that keeps at most ``daily`` of a source and day, and every ``SAMPLE``-th beyond, and counts all.

    One write to the counter for each request that has rejects tells how much room is left. Beyond the bound, counts wait here until there
    are a hundred or half a minute has passed. A counter that fails refuses nothing: the counts wait, what is to be kept is kept.
    """

    def __init__(self, store: RejectStore, counter: RejectCounter, *, clock: Clock, daily: int = DAILY) -> None:
        self._store = store
        self._counter = counter
        self._clock = clock
        self._daily = daily
        self._days: dict[tuple[str, str], _Day] = {}

    def put(self, rejects: Sequence[Reject]) -> None:
        kept = [reject for group, theirs in _grouped(rejects).items() for reject in self._admitted(group, theirs)]
        if kept:
            self._store.put(kept)

    def _admitted(self, group: tuple[str, str], rejects: Sequence[Reject]) -> Sequence[Reject]:
        self._flush_others(group)
        day = self._days.setdefault(group, _Day())
        day.pending.refused.update(reject.code for reject in rejects)
        if day.is_over:
            return self._sampled(group, day, rejects)
        weight = sum(map(_weight, rejects))
        day.pending.weight += weight
        self._flush(group, day)
        kept = list(self._within(self._daily - (day.total + day.pending.weight - weight), day, rejects))
        day.is_over = day.total >= self._daily
        return kept

    def _within(self, room: int, day: _Day, rejects: Sequence[Reject]) -> Iterator[Reject]:
        for reject in rejects:
            room -= _weight(reject)
            if room >= 0 or is_sampled(reject):
                yield reject
            else:
                day.pending.not_kept[reject.code] += 1

    def _sampled(self, group: tuple[str, str], day: _Day, rejects: Sequence[Reject]) -> Sequence[Reject]:
        kept = list(self._within(0, day, rejects))
        is_due = day.flushed_at is None or self._clock() - day.flushed_at >= _FLUSH_AFTER
        if is_due or day.pending.refused.total() >= _FLUSH_COUNT:
            self._flush(group, day)
        return kept

    def _flush(self, group: tuple[str, str], day: _Day) -> None:
        try:
            day.total = self._counter.add(*group, day.pending)
        except (Retryable, Permanent):
            return
        day.pending, day.flushed_at = Tally(), self._clock()

    def _flush_others(self, group: tuple[str, str]) -> None:
        """What waits of other days: they are over."""
        for other in [each for each in self._days if each[0] != group[0]]:
            day = self._days.pop(other)
            if day.pending.refused:
                self._flush(other, day)


def is_sampled(reject: Reject) -> bool:
    return int(reject_id(reject).rpartition("/")[2][:8], 16) % SAMPLE == 0


def _weight(reject: Reject) -> int:
    return LARGE_WEIGHS if is_large(reject) else 1


def _grouped(rejects: Sequence[Reject]) -> Mapping[tuple[str, str], Sequence[Reject]]:
    groups: dict[tuple[str, str], list[Reject]] = {}
    for reject in rejects:
        groups.setdefault((day_of(reject), reject.source), []).append(reject)
    return groups
