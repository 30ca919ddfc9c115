"""How many people are in each segment, day by day: asked for once a day by the tick, and whenever somebody wants to know."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from ariane.instants import Clock, format_instant
from ariane.segments.jobs import CountJob, EvaluateQueue
from ariane.segments.rows import SegmentMembers


class DayCount(NamedTuple):
    day: str
    """``2026-11-22``, in UTC."""
    members: int
    at: datetime
    """When it was counted."""


class Counts(Protocol):
    """Every method may raise Retryable."""

    def is_asked(self, day: str) -> bool:
        """Whether ``mark_asked`` was called."""
        ...

    def mark_asked(self, day: str) -> None: ...

    def keep(self, segment: str, count: DayCount) -> None:
        """In place of another one of that day."""
        ...

    def counts(self, segment: str, *, since: str) -> Sequence[DayCount]:
        """Of this day and later ones, in their order."""
        ...


class DailyCounts:
    """In the tick. Who dies between the jobs and the mark has them put again, and counted again."""

    def __init__(self, counts: Counts, queue: EvaluateQueue, *, segments: Callable[[], Iterable[str]], clock: Clock) -> None:
        self._counts = counts
        self._queue = queue
        self._segments = segments
        self._clock = clock
        self._asked: str | None = None

    def ask(self) -> int:
        """How many segments are to be counted. Once a day the store is asked whether another process did so."""
        day = day_of(self._clock())
        if self._asked == day:
            return 0
        names = [] if self._counts.is_asked(day) else [*self._segments()]
        if names:
            self._queue.put([CountJob(segment=name, day=day) for name in names])
            self._counts.mark_asked(day)
        self._asked = day
        return len(names)


def take_count(job: CountJob, members: SegmentMembers, counts: Counts, *, clock: Clock) -> int:
    """A job of an earlier day, that was long on its way, counts for that day."""
    found = members.count(job.segment)
    counts.keep(job.segment, DayCount(job.day, found, clock()))
    return found


def day_of(at: datetime) -> str:
    return format_instant(at)[:10]
