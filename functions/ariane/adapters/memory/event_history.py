"""The read side of the log in memory. Holds packed bytes, as the table does, so that what cannot be packed fails here too."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ariane.events.log import Page
from ariane.events.model import LogItem
from ariane.events.packing import unpack
from ariane.instants import format_instant

_AFTER_ALL = "~"
"""Sorts after every instant: they begin with a digit."""


class MemoryEventHistory:
    def __init__(self) -> None:
        self._items: dict[tuple[str, str], tuple[LogItem, bytes]] = {}

    def get(self, person_id: str, sort: str) -> LogItem | None:
        stored = self._items.get((person_id, sort))
        return None if stored is None else replace(stored[0], messages=unpack(stored[1]))

    def page(
        self,
        person_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        first = format_instant(since) if since else ""
        last = _end_after(until)
        sorts = sorted((sort for owner, sort in self._items if owner == person_id and first <= sort < last), reverse=newest_first)
        rest = [sort for sort in sorts if cursor is None or (sort < cursor if newest_first else sort > cursor)]
        found = tuple(item for sort in rest[:limit] if (item := self.get(person_id, sort)) is not None)
        return Page(found, rest[limit - 1] if len(rest) > limit else None)

    def scan(self, person_id: str, *, limit: int = 500, cursor: str | None = None) -> Page:
        return self.page(person_id, limit=limit, cursor=cursor)

    def mark_refolded(self, person_id: str, marks: Sequence[tuple[str, str]]) -> None:
        for sort, entry in marks:
            stored = self._items.get((person_id, sort))
            if stored is not None:
                item, packed = stored
                self._items[person_id, sort] = (replace(item, refolded=item.refolded | {entry}), packed)

    def mark_duplicates(self, person_id: str, sort: str, places: Collection[int]) -> None:
        stored = self._items.get((person_id, sort))
        if stored is not None:
            item, packed = stored
            self._items[person_id, sort] = (replace(item, duplicates=item.duplicates | frozenset(places)), packed)

    def items(self) -> list[LogItem]:
        """Everything, by key."""
        return [item for key in sorted(self._items) if (item := self.get(*key)) is not None]


def _end_after(until: datetime | None) -> str:
    try:
        return format_instant(until + timedelta(milliseconds=1)) if until else _AFTER_ALL
    except OverflowError:  # the calendar ends there
        return _AFTER_ALL
