"""What people ask of imports: to begin one, how far they are, what was refused."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ariane.errors import NotFound, Rejected
from ariane.events.model import SourceKind
from ariane.events.sources import SourceDirectory
from ariane.imports.documents import document_of, mapping_of
from ariane.imports.model import (
    LARGEST_FILE,
    BusinessObject,
    FileInfo,
    Import,
    ImportQueue,
    ImportStore,
    Link,
    ObjectStore,
    Progress,
    RejectedLine,
    Reports,
    State,
    Uploads,
    import_id,
)
from ariane.instants import Clock, format_instant, parse_instant

_MOST_LISTED = 200
_NOBODY_IS_AT_IT = timedelta(hours=1)
"""A run saves every few seconds, but for the minutes in which it looks at a file or passes over what came in before."""
_SHOWN = 500
"""Characters of a refused line in an answer; the report's file has all of it."""
_HEX = frozenset("0123456789abcdef")


class ImportDesk:
    def __init__(
        self,
        imports: ImportStore,
        uploads: Uploads,
        reports: Reports,
        objects: ObjectStore,
        queue: ImportQueue,
        *,
        sources: SourceDirectory,
        clock: Clock,
    ) -> None:
        self._imports = imports
        self._uploads = uploads
        self._reports = reports
        self._objects = objects
        self._queue = queue
        self._sources = sources
        self._clock = clock

    def begin(self, body: Any, *, by: str) -> dict[str, Any]:
        """The same file by the same mapping is the same import: it is begun once, and answered as it is. One that failed, or that waits
        for its file, gets another upload; one that nobody is at any more goes on. Raises Rejected."""
        made = self._asked(body, by)
        if not self._imports.create(made):
            there = self._imports.get(made.id) or made
            if there.state is State.FAILED:
                there = self._imports.save(_afresh(there))
            if there.state is not State.AWAITING_UPLOAD:
                self._take_up(there)
                return view(there)
            made = there
        return {**view(made), "upload": _link(self._uploads.link(made, now=self._clock()))}

    def _take_up(self, there: Import) -> None:
        """Its message may lie among the dead letters. A run too many does no harm."""
        if there.state is State.RUNNING and self._clock() - (there.updated_at or there.created_at) > _NOBODY_IS_AT_IT:
            self._queue.put(there.id)

    def imports(self) -> dict[str, Any]:
        found = self._imports.all()[:_MOST_LISTED]
        return {"data": [view(each) for each in found]}

    def one(self, identity: str) -> dict[str, Any]:
        return view(self._found(identity))

    def rejects(self, identity: str, *, cursor: str | None) -> dict[str, Any]:
        """A part of the report at a time; ``file`` is the address of all of it, once the import is over."""
        found = self._found(identity)
        part = _place(cursor)
        rejected = self._reports.part(found.id, part) if part < found.parts else []
        is_published = found.state is State.DONE and found.parts > 0
        return {
            "data": [_rejected(each) for each in rejected],
            "cursor": _cursor(str(part + 1) if part + 1 < found.parts else None),
            "file": _link(self._reports.link(found.id, now=self._clock())) if is_published else None,
        }

    def object(self, kind: str, key: str) -> dict[str, Any]:
        found = self._objects.get(kind, key)
        if found is None:
            raise NotFound("object_not_found", "there is no such object")
        return _object(found)

    def objects(self, kind: str, *, cursor: str | None) -> dict[str, Any]:
        found, following = self._objects.page(kind, cursor=cursor)
        return {"data": [_object(each) for each in found], "cursor": _cursor(following)}

    def _found(self, identity: str) -> Import:
        found = self._imports.get(identity)
        if found is None:
            raise NotFound("import_not_found", "there is no such import")
        return found

    def _asked(self, body: Any, by: str) -> Import:
        if not isinstance(body, Mapping):
            raise Rejected("invalid_import", "the body is not a JSON object with mapping and file")
        mapping = mapping_of(body.get("mapping"))
        source = self._sources.by_name(mapping.source)
        if source is None or source.kind is not SourceKind.IMPORT:
            raise Rejected("source_unknown", f"mapping.source: there is no published source {mapping.source!r} of kind import")
        file, now, document = _file(body.get("file")), self._clock(), document_of(mapping)
        as_of = min(_instant(body.get("as_of"), now), now)
        identity = import_id(mapping.source, document, file, as_of=as_of if mapping.is_as_of_its_file else None)
        return Import(id=identity, source=mapping.source, mapping=document, file=file, as_of=as_of, created_at=now, by=by, updated_at=now)


def view(found: Import) -> dict[str, Any]:
    progress = found.progress
    return {
        "id": found.id,
        "state": found.state.value,
        "error": {"code": found.error[0], "message": found.error[1]} if found.error else None,
        "source": found.source,
        "file": {"name": found.file.name, "size": found.file.size, "sha256": found.file.sha256},
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
        "as_of": format_instant(found.as_of),
        "created_at": format_instant(found.created_at),
        "updated_at": format_instant(found.updated_at or found.created_at),
        "by": found.by,
    }


def _afresh(failed: Import) -> Import:
    return failed.on(
        state=State.AWAITING_UPLOAD, error=None, layout=None, header="", tag="", progress=Progress(), after_line=0, after_byte=0, parts=0
    )


def _file(value: Any) -> FileInfo:
    if not isinstance(value, Mapping):
        raise Rejected("invalid_import", "file: is required, an object with name, size and sha256")
    name, size, digest = value.get("name"), value.get("size"), value.get("sha256")
    if not isinstance(name, str) or not 0 < len(name) <= 300:
        raise Rejected("invalid_import", "file.name: is a text of 1 to 300 characters")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Rejected("invalid_import", "file.size: is a whole number of bytes")
    if size > LARGEST_FILE:
        raise Rejected("file_too_large", f"file.size: is at most {LARGEST_FILE:,} bytes; compress a larger file with gzip, or cut it")
    if size == 0:
        raise Rejected("empty_file", "file.size: the file is empty")
    if not isinstance(digest, str) or len(digest) != 64 or set(digest) - _HEX:
        raise Rejected("invalid_import", "file.sha256: is the file's SHA-256 as 64 small hexadecimal digits")
    return FileInfo(name, size, digest)


def _instant(value: Any, default: datetime) -> datetime:
    if value is None:
        return default
    try:
        return parse_instant(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise Rejected("invalid_import", "as_of: is an ISO 8601 instant") from error


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise Rejected("invalid_cursor", "cursor is none of ours")
    return int(cursor)


def _cursor(following: str | None) -> dict[str, Any]:
    return {"has_more": following is not None, "next": following}


def _link(link: Link) -> dict[str, Any]:
    return {"url": link.url, "headers": dict(link.headers), "expires_at": format_instant(link.expires_at)}


def _rejected(each: RejectedLine) -> dict[str, Any]:
    return {"line": each.line, "code": each.code, "message": each.message, "raw": each.raw[:_SHOWN]}


def _object(found: BusinessObject) -> dict[str, Any]:
    return {
        "type": found.type,
        "key": found.key,
        "properties": found.properties,
        "at": format_instant(found.at),
        "import": found.import_id,
    }
