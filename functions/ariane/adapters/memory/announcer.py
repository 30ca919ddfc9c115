"""The bus in memory."""

from collections.abc import Sequence

from ariane.profiles.announcing import Fact


class MemoryAnnouncer:
    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def publish(self, facts: Sequence[Fact]) -> None:
        self.facts.extend(facts)
