from collections.abc import Sequence

from ariane.events.log import LogKey


class MemoryReplayQueue:
    """The replay queue as a list."""

    def __init__(self) -> None:
        self.keys: list[LogKey] = []

    def put(self, keys: Sequence[LogKey]) -> None:
        self.keys += keys
