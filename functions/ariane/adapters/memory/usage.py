from ariane.events.limits import Spending, Usage


class MemoryUsage:
    """Days and buckets of keys; ``writes`` counts what DynamoDB would bill."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Usage] = {}
        self.writes = 0

    def add(self, spending: Spending) -> Usage:
        place = (spending.key, spending.day)
        stored = self._rows.get(place, Usage(0, 0))
        self._rows[place] = Usage(stored.of_day + spending.events, max(stored.paid_until, spending.now) + spending.cost)
        self.writes += 1
        return self._rows[place]
