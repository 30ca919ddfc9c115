"""Reading the whole log in memory."""

from collections.abc import Iterator

from ariane.adapters.memory.event_history import MemoryEventHistory
from ariane.events.model import LogItem


class MemoryLogScan:
    def __init__(self, history: MemoryEventHistory) -> None:
        self._history = history

    def items(self) -> Iterator[LogItem]:
        yield from self._history.items()
