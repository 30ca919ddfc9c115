from collections import Counter


class MemoryMeter:
    """Counts by name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, name: str, value: int = 1, **_: str) -> None:
        self.counts[name] += value
