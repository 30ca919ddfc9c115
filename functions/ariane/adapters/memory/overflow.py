from ariane.events.model import LogItem


class MemoryOverflow:
    """The overflow queue as a list."""

    def __init__(self) -> None:
        self.items: list[LogItem] = []

    def put(self, item: LogItem) -> None:
        self.items.append(item)
