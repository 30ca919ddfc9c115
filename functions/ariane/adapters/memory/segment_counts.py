"""Daily counts of segments in memory."""

from collections.abc import Sequence

from ariane.segments.counting import DayCount


class MemorySegmentCounts:
    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._counts: dict[str, dict[str, DayCount]] = {}

    def is_asked(self, day: str) -> bool:
        return day in self._asked

    def mark_asked(self, day: str) -> None:
        self._asked.add(day)

    def keep(self, segment: str, count: DayCount) -> None:
        self._counts.setdefault(segment, {})[count.day] = count

    def counts(self, segment: str, *, since: str) -> Sequence[DayCount]:
        return [each for day, each in sorted(self._counts.get(segment, {}).items()) if day >= since]
