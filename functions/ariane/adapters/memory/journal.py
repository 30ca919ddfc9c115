from collections.abc import Mapping


class MemoryJournal:
    def __init__(self) -> None:
        self.lines: list[tuple[str, Mapping[str, str | int]]] = []

    def warn(self, message: str, fields: Mapping[str, str | int]) -> None:
        self.lines.append((message, fields))
