"""Lists of segments that are written on a schedule: ``export`` in a segment's file.

Part by part: each job gathers one, page by page, writes it and puts the next, so a list of any size is written in steps that end in time. A
part that is there already is taken as it is, with where the next begins: a job that comes twice leads to the same parts. Last comes
``manifest.json``: who sees it sees all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import orjson

from ariane.definitions.customer_view import Segment
from ariane.errors import NotFound
from ariane.instants import Clock, format_instant
from ariane.segments.audience_formats import Format
from ariane.segments.definition import Every, ScheduledExport
from ariane.segments.desk import Asked, AudiencePart
from ariane.segments.desk_views import asked_of
from ariane.segments.jobs import EvaluateQueue, ExportJob

PAGE_OF = 100
"""Members that are looked at together."""
MOST_MEMBERS = 10_000
"""Of a part."""
MOST_BYTES = 8_000_000
"""Of a part, give or take a page."""
GATHERS_FOR = timedelta(seconds=20)
"""Well within the function's time: what was gathered by then is the part."""
_DIGITS = {Every.DAY: 10, Every.HOUR: 13}
"""Of an instant, that name the period."""


class Written(NamedTuple):
    """A part, as it lies there."""

    people: int
    left_out: int
    next: str | None
    """Where the one after it begins; None: it is the last."""


class AudienceFiles(Protocol):
    """Every method may raise Retryable."""

    def find(self, key: str) -> Written | None: ...

    def put(self, key: str, content: bytes, written: Written, *, media_type: str) -> None: ...


class Asks(Protocol):
    """What was asked for is marked, so that it is asked for once."""

    def is_asked(self, day: str) -> bool: ...

    def mark_asked(self, day: str) -> None: ...


class ExportSchedule:
    """In the tick. Who dies between a job and its mark has it put again, and the list written once all the same."""

    def __init__(self, asks: Asks, queue: EvaluateQueue, *, segments: Callable[[], Mapping[str, Segment]], clock: Clock) -> None:
        self._asks = asks
        self._queue = queue
        self._segments = segments
        self._clock = clock
        self._asked: set[str] = set()

    def ask(self) -> int:
        """How many lists are to be written. The store is asked once a period and segment."""
        now, put = self._clock(), 0
        due = {_mark(name, period): (name, period) for name, period in _due(self._segments().values(), now)}
        self._asked &= due.keys()
        for mark in sorted(due.keys() - self._asked):
            name, period = due[mark]
            if not self._asks.is_asked(mark):
                self._queue.put([ExportJob(segment=name, period=period)])
                self._asks.mark_asked(mark)
                put += 1
            self._asked.add(mark)
        return put


def _due(segments: Iterable[Segment], now: datetime) -> Iterable[tuple[str, str]]:
    return [(each.name, period_of(each.export, now)) for each in segments if each.export is not None]


def _mark(name: str, period: str) -> str:
    return f"export/{name}/{period}"


def period_of(export: ScheduledExport, now: datetime) -> str:
    """``2026-11-22``, or with the hour ``2026-11-22T08``: UTC."""
    return format_instant(now)[: _DIGITS[export.every]]


type AudienceOf = Callable[[str, Asked, int, str | None], AudiencePart]
"""Of a segment; ``limit``, ``cursor``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWorker:
    files: AudienceFiles
    queue: EvaluateQueue
    segments: Callable[[], Mapping[str, Segment]]
    audience: AudienceOf
    clock: Clock

    def take(self, job: ExportJob) -> int:
        """How many people were written. Nothing where the segment is gone, or has no schedule any more. Raises Retryable."""
        segment = self.segments().get(job.segment)
        if segment is None or segment.export is None:
            return 0
        export, key = segment.export, part_key(segment.export, job)
        written = self.files.find(key)
        if written is None:
            try:
                written = self._write(export, job, key)
            except NotFound:
                return 0
        people, left_out = job.people + written.people, job.left_out + written.left_out
        after = ExportJob(segment=job.segment, period=job.period, part=job.part + 1, cursor=written.next, people=people, left_out=left_out)
        if written.next is not None:
            self.queue.put([after])
        else:
            self._finish(segment, export, after)
        return written.people

    def _write(self, export: ScheduledExport, job: ExportJob, key: str) -> Written:
        asked = asked_of(export.format, export.consent, export.columns)
        part = self._gathered(job, asked)
        written = Written(part.people, sum(part.left_out.values()), part.cursor)
        self.files.put(key, (asked.sheet.header + "".join(part.lines)).encode(), written, media_type=asked.kind.media_type)
        return written

    def _gathered(self, job: ExportJob, asked: Asked) -> AudiencePart:
        """Pages until the part is large enough, its time is over, or nobody is left."""
        ends = self.clock() + GATHERS_FOR
        whole = AudiencePart(cursor=job.cursor)
        members = size = 0
        while True:
            page = self.audience(job.segment, asked, PAGE_OF, whole.cursor)
            whole.add(page)
            members += page.members
            size += sum(map(len, page.lines))
            if page.cursor is None or members >= MOST_MEMBERS or size >= MOST_BYTES or self.clock() >= ends:
                return whole

    def _finish(self, segment: Segment, export: ScheduledExport, done: ExportJob) -> None:
        told = {
            "segment": segment.name,
            "version": segment.version,
            "format": str(export.format),
            "consent": export.consent,
            "period": done.period,
            "written_at": format_instant(self.clock()),
            "parts": done.part,
            "people": done.people,
            "left_out": done.left_out,
        }
        content = orjson.dumps(told, option=orjson.OPT_INDENT_2)
        nothing = Written(done.people, done.left_out, None)
        self.files.put(f"{folder_of(export, done)}/manifest.json", content, nothing, media_type="application/json")


def folder_of(export: ScheduledExport, job: ExportJob) -> str:
    prefix = f"{export.prefix.strip('/')}/" if export.prefix else ""
    return f"exports/{prefix}{job.segment}/{job.period}"


def part_key(export: ScheduledExport, job: ExportJob) -> str:
    """Each a whole file of the format, header and all."""
    return f"{folder_of(export, job)}/part-{job.part:05}.{Format(export.format).ending}"
