"""Backfills and their progress in memory, and the people that one goes through."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from zlib import crc32

from ariane.errors import Conflict
from ariane.segments.backfilling import Backfill, Part, ScanPage


class MemoryBackfills:
    def __init__(self) -> None:
        self._backfills: dict[str, Backfill] = {}
        self._parts: dict[tuple[str, int], Part] = {}

    def create(self, backfill: Backfill) -> None:
        for number in range(backfill.parts):
            self._parts.setdefault((backfill.id, number), Part(backfill=backfill.id, number=number, version=1))
        self._backfills[backfill.id] = backfill

    def find(self, backfill: str) -> Backfill | None:
        return self._backfills.get(backfill)

    def latest(self, limit: int) -> Sequence[Backfill]:
        return [self._backfills[own] for own in sorted(self._backfills, reverse=True)[:limit]]

    def parts(self, backfill: str) -> Sequence[Part]:
        return [part for (own, _), part in sorted(self._parts.items()) if own == backfill]

    def save(self, part: Part) -> None:
        key = (part.backfill, part.number)
        if key not in self._parts or self._parts[key].version != part.version:
            raise Conflict("backfill_changed", "another message of the same part is further")
        self._parts[key] = replace(part, version=part.version + 1)


class MemoryPeopleScan:
    """``fragments`` and ``rows``: the person ids that have one now."""

    def __init__(self, fragments: Callable[[], Iterable[str]], rows: Callable[[], Iterable[str]], *, page: int = 100) -> None:
        self._fragments = fragments
        self._rows = rows
        self._page = page

    def page(self, part: int, parts: int, cursor: str | None) -> ScanPage:
        fragments, rows = {*self._fragments()}, {*self._rows()}
        ids = sorted(each for each in fragments | rows if crc32(each.encode()) % parts == part and each > (cursor or ""))
        some = ids[: self._page]
        left = some[-1] if len(ids) > self._page else None
        return ScanPage([each for each in some if each in fragments], [each for each in some if each in rows], left)

    def with_fragment(self, person_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(person_ids) & {*self._fragments()}
