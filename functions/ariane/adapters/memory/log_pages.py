"""The log's pages in memory."""

from collections.abc import Iterator, Sequence

from ariane.events.model import LogItem
from ariane.lake.backfilling import Batch


class MemoryLogPages:
    def __init__(self, items: Sequence[LogItem], *, limit: int = 100) -> None:
        self._items = items
        self._limit = limit

    def pages(self, *, after: str | None = None) -> Iterator[Batch]:
        start = int(after or 0)
        while True:
            end = start + self._limit
            yield Batch(self._items[start:end], str(end) if end < len(self._items) else None)
            if end >= len(self._items):
                return
            start = end
