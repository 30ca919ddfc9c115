"""A backfill's state in memory."""

from ariane.lake.backfilling import Backfill


class MemoryBackfillState:
    def __init__(self) -> None:
        self.saved: Backfill | None = None

    def load(self) -> Backfill | None:
        return self.saved

    def save(self, backfill: Backfill) -> None:
        self.saved = backfill
