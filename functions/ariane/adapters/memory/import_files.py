"""What was uploaded to be imported, and the reports of what was refused, in memory."""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from ariane.imports.model import Import, Link, RejectedLine, Upload, changed
from ariane.imports.report import packed, unpacked

_PIECE = 64 * 1024
_LASTS = timedelta(hours=1)


class MemoryUploads:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def link(self, made: Import, *, now: datetime) -> Link:
        return Link(f"https://files.example/{made.id}", {"content-length": str(made.file.size)}, now + _LASTS)

    def find(self, import_id: str) -> Upload | None:
        content = self.files.get(import_id)
        return None if content is None else Upload(len(content), sha256(content).hexdigest())

    def read(self, import_id: str, tag: str, *, after: int = 0) -> Iterator[bytes]:
        content = self.files[import_id]
        if sha256(content).hexdigest() != tag:
            raise changed()
        return (content[start : start + _PIECE] for start in range(after, len(content), _PIECE))


class MemoryReports:
    def __init__(self) -> None:
        self._parts: dict[tuple[str, int], bytes] = {}
        self.published: dict[str, bytes] = {}

    def put(self, import_id: str, part: int, rejected: Sequence[RejectedLine]) -> None:
        self._parts[import_id, part] = gzip.compress(packed(rejected), mtime=0)

    def part(self, import_id: str, part: int) -> Sequence[RejectedLine]:
        content = self._parts.get((import_id, part))
        return [] if content is None else unpacked(gzip.decompress(content))

    def publish(self, import_id: str, pieces: Iterable[bytes]) -> None:
        self.published[import_id] = b"".join(pieces)

    def link(self, import_id: str, *, now: datetime) -> Link:
        return Link(f"https://files.example/{import_id}/rejected", {}, now + _LASTS)
