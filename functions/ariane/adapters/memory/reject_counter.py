from ariane.adapters.memory.reject_reader import MemoryRejectReader
from ariane.events.rejects import Tally


class MemoryRejectCounter:
    """``RejectCounter`` whose counts the reader shows."""

    def __init__(self, rejects: MemoryRejectReader) -> None:
        self._tallies = rejects._tallies

    def add(self, day: str, source: str, tally: Tally) -> int:
        total = self._tallies.setdefault((day, source), Tally())
        total.refused.update(tally.refused)
        total.not_kept.update(tally.not_kept)
        total.weight += tally.weight
        return total.weight
