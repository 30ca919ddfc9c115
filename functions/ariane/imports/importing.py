"""Taking a file in: chunk by chunk into the log, with a checkpoint behind each, so that whatever ends it, it goes on there.

A chunk is cut by content alone and its events are named by content, so a chunk that is done again lands on itself. A run goes
on at the checkpoint's byte where the mapping has a ``key`` and the file is neither gzipped nor wide; otherwise it reads the file from its
beginning: equal lines before the checkpoint are counted, and gzip cannot be entered halfway.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ariane.errors import ArianeError, Conflict, Permanent, Rejected, Retryable
from ariane.events.acceptance import Acceptance, ForEach, Sorted, sort_out
from ariane.events.log import EventLog, Meter, Overflow, Reject
from ariane.events.model import LogItem, SourceKind
from ariane.events.sources import Source, SourceDirectory
from ariane.events.wire import Request, Submission
from ariane.imports.documents import kept_mapping
from ariane.imports.events import Events, Refused, Taken
from ariane.imports.layout import Layout, look_at
from ariane.imports.mapping import MappingFile
from ariane.imports.model import (
    BusinessObject,
    Import,
    ImportQueue,
    ImportStore,
    ObjectStore,
    Progress,
    RejectedLine,
    Reports,
    State,
    Upload,
    Uploads,
)
from ariane.imports.planning import PlanOfEach
from ariane.imports.report import csv_pieces, ndjson_pieces
from ariane.imports.rows import Entry, Rows
from ariane.instants import Clock, parse_instant

MOST_TAKEN = 1_000
"""Lines, or groups, of a chunk."""
MOST_BYTES = 4_000_000

type Each = Callable[[Callable[[BusinessObject], bool], Sequence[BusinessObject]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPorts:
    imports: ImportStore
    uploads: Uploads
    reports: Reports
    objects: ObjectStore
    queue: ImportQueue
    log: EventLog
    overflow: Overflow
    meter: Meter
    sources: SourceDirectory
    person_key: Callable[[], bytes]
    clock: Clock
    for_each: ForEach = map
    each_object: Each = map


class Importer:
    def __init__(self, ports: ImportPorts) -> None:
        self._ports = ports

    def run(self, import_id: str, has_time: Callable[[], bool]) -> State | None:
        """Until the file is done or the time is over: then it has put itself into the queue. None: there is nothing to do yet. Raises
        Retryable, also where another run of the same import is at work."""
        found = self._ports.imports.get(import_id)
        if found is None or found.state.is_over:
            return found.state if found else None
        try:
            return self._taken_in(found, has_time)
        except Rejected as error:
            return self._failed(found, error)
        except Retryable:
            raise
        except Exception as error:
            # No other run would fare better: whoever waits is told, and the log is.
            ours = Permanent("internal_error", f"a defect of the platform: {type(error).__name__}")
            self._failed(found, error if isinstance(error, Permanent) else ours)
            raise

    def _failed(self, found: Import, error: ArianeError) -> State:
        """As it is now: the checkpoints of this run stand."""
        current = self._ports.imports.get(found.id) or found
        return self._saved(current.on(state=State.FAILED, error=(error.code, error.message))).state

    def _taken_in(self, found: Import, has_time: Callable[[], bool]) -> State | None:
        if found.layout is None:
            upload = self._ports.uploads.find(found.id)
            if upload is None:
                return None
            found = self._looked_at(found, upload)
        source = self._source_of(found)
        run = _Run(self._ports, found, source)
        for chunk in run.chunks():
            found = self._saved(run.done_with(found, chunk))
            if not has_time():
                self._ports.queue.put(found.id)
                return found.state
        self._publish(found)
        total = replace(found.progress, bytes=found.progress.bytes_total)
        return self._saved(found.on(state=State.DONE, progress=total)).state

    def _looked_at(self, found: Import, upload: Upload) -> Import:
        if upload.size != found.file.size:
            raise Rejected(
                "size_mismatch", f"{upload.size:,} bytes arrived of {found.file.size:,}: the upload stopped; start the import again"
            )
        mapping = kept_mapping(found.mapping)

        def read() -> Iterator[bytes]:
            return self._ports.uploads.read(found.id, upload.tag)

        layout = look_at(read, mapping, sha256_hex=found.file.sha256)
        header = Rows(read, layout, mapping).table.header
        progress = replace(found.progress, bytes_total=layout.size)
        known = {"layout": layout.as_document(), "header": header, "tag": upload.tag}
        return self._saved(found.on(state=State.RUNNING, progress=progress, **known))

    def _source_of(self, found: Import) -> Source:
        source = self._ports.sources.by_name(found.source)
        if source is None or source.kind is not SourceKind.IMPORT:
            raise Rejected("source_unknown", f"there is no published source {found.source!r} of kind import")
        return source

    def _publish(self, found: Import) -> None:
        if not found.parts or found.layout is None:
            return
        layout = Layout.from_document(found.layout)
        parts = (self._ports.reports.part(found.id, number) for number in range(found.parts))
        quote = '"' if layout.is_report else kept_mapping(found.mapping).quote
        pieces = ndjson_pieces(parts) if layout.format == "ndjson" else csv_pieces(found.header, layout.delimiter, parts, quote=quote)
        self._ports.reports.publish(found.id, pieces)

    def _saved(self, changed: Import) -> Import:
        """A client that repeats a write whose answer was lost meets its own: that is as good."""
        changed = changed.on(updated_at=self._ports.clock())
        try:
            return self._ports.imports.save(changed)
        except Conflict as error:
            there = self._ports.imports.get(changed.id)
            if there is not None and there == changed.on(version=changed.version + 1, updated_at=there.updated_at):
                return there
            raise Retryable("import_busy", "another run of this import is at work") from error


class _Run:
    def __init__(self, ports: ImportPorts, found: Import, source: Source) -> None:
        if found.layout is None:
            raise ValueError("the file was not looked at yet")
        self._ports = ports
        self._source = source
        self._counted = _CountedLog(ports.log)
        self._acceptance = Acceptance(
            log=self._counted, overflow=ports.overflow, rejects=_NoRejects(), meter=ports.meter, for_each=ports.for_each
        )
        mapping = kept_mapping(found.mapping)
        rows = self._rows(found, Layout.from_document(found.layout), mapping)
        self._taken = Events(rows, mapping, as_of=found.as_of, received_at=found.created_at).taken(after_line=found.after_line)

    def _rows(self, found: Import, layout: Layout, mapping: MappingFile) -> Rows:
        """Behind the checkpoint where that can be: otherwise lines before it are read once more, to be counted."""
        uploads, after = self._ports.uploads, found.after_byte
        entry = None
        if after and layout.can_be_entered and not mapping.counts_lines:
            entry = Entry(found.after_line, after, lambda: uploads.read(found.id, found.tag, after=after))
        return Rows(lambda: uploads.read(found.id, found.tag), layout, mapping, entry=entry)

    def chunks(self) -> Iterator[list[Taken]]:
        chunk: list[Taken] = []
        size = 0
        for taken in self._taken:
            chunk.append(taken)
            size += sum(len(row.raw) for row in taken.rows)
            if len(chunk) >= MOST_TAKEN or size >= MOST_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def done_with(self, found: Import, chunk: Sequence[Taken]) -> Import:
        """The chunk, durable; what it comes to is not saved yet."""
        before = self._counted.copies
        events = self._keep_events(found, chunk)
        objects = self._keep_objects(found, chunk)
        refused = [each for taken in chunk for each in taken.refused]
        if refused:
            self._ports.reports.put(found.id, found.parts, [_line_of(each) for each in refused])
        rows = sum(len(taken.rows) for taken in chunk)
        skipped = sum(len(taken.rows) for taken in chunk if taken.is_skipped)
        was = found.progress
        last = chunk[-1].rows[-1]
        progress = Progress(
            bytes=min(last.position, was.bytes_total),
            bytes_total=was.bytes_total,
            lines=was.lines + rows,
            accepted=was.accepted + rows - skipped - len(refused),
            rejected=was.rejected + len(refused),
            skipped=was.skipped + skipped,
            events=was.events + events,
            copies=was.copies + self._counted.copies - before,
            objects=was.objects + objects,
        )
        return found.on(progress=progress, after_line=last.last_line, after_byte=last.position, parts=found.parts + bool(refused))

    def _keep_events(self, found: Import, chunk: Sequence[Taken]) -> int:
        decided = self._decided(found, chunk)
        if decided.rejects:
            # Several parts of one group may be in the log only together.
            decided = self._decided(found, chunk)
        if decided.items:
            self._acceptance.keep(Sorted(items=decided.items, rejects=()))
        return sum(len(item.messages) for item in decided.items)

    def _decided(self, found: Import, chunk: Sequence[Taken]) -> Sorted:
        """Marks the rows of what the log does not take as refused."""
        told = [(taken, message) for taken in chunk if not taken.refused for message in taken.messages]
        published = self._ports.sources.definitions()
        decided = sort_out(
            Submission(write_key=None, items=[message for _, message in told]),
            source=self._source,
            request=Request(method="POST", path="/v1/imports", received_at=found.created_at),
            rules=published.rules,
            person_key=self._ports.person_key(),
            plan=PlanOfEach(published.plan) if published.plan else None,
        )
        for reject in decided.rejects:
            _refuse(told[reject.index or 0][0], reject)
        return decided

    def _keep_objects(self, found: Import, chunk: Sequence[Taken]) -> int:
        objects = [made for taken in chunk if not taken.refused and (made := _object_of(found, taken)) is not None]
        list(self._ports.each_object(self._ports.objects.put, _latest_of_each(objects)))
        return len(objects)


class _CountedLog:
    """The log, counting the events that are in it already."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._copies: list[int] = []

    @property
    def copies(self) -> int:
        return sum(self._copies)

    def append(self, item: LogItem) -> bool:
        is_new = self._log.append(item)
        if not is_new:
            self._copies.append(len(item.messages))
        return is_new


class _NoRejects:
    """An import has a report of its own."""

    def put(self, rejects: Sequence[Reject]) -> None:
        if rejects:
            raise ValueError("an import's rejects belong into its report")


def _refuse(taken: Taken, reject: Reject) -> None:
    taken.refused = [Refused(row, reject.code, reject.message) for row in taken.rows]


def _line_of(refused: Refused) -> RejectedLine:
    return RejectedLine(refused.row.line, refused.code, refused.message, refused.row.raw)


def _object_of(found: Import, taken: Taken) -> BusinessObject | None:
    shaped = taken.shaped
    if shaped is None or shaped.target is None:
        return None
    kind, key = shaped.target
    return BusinessObject(type=kind, key=key, properties=shaped.properties or {}, at=parse_instant(shaped.at), import_id=found.id)


def _latest_of_each(objects: Sequence[BusinessObject]) -> list[BusinessObject]:
    """Of a chunk: writes of one object at a time would race."""
    latest: dict[tuple[str, str], BusinessObject] = {}
    for each in objects:
        there = latest.get((each.type, each.key))
        if there is None or each.at >= there.at:
            latest[each.type, each.key] = each
    return [*latest.values()]
