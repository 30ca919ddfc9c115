"""Whether stitching is done with a record of the stream: the question of stitch itself, and of whoever reads the stream beside it."""

from typing import Protocol

from ariane.events.model import LogItem
from ariane.profiles.admission import placed_events
from ariane.profiles.fragments import StoredFragment
from ariane.profiles.once import Verdict
from ariane.profiles.stitching import StreamRecord


class Items(Protocol):
    def get(self, person_id: str, sort: str) -> LogItem | None:
        """Sees every write committed before the call."""
        ...


def is_covered(record: StreamRecord, stored: StoredFragment, log: Items) -> bool:
    """By its sequence number, unless the ring knows better: the items of a very busy person may lie on two shards, whose order is not
    kept. The stream's image is older than the marks of copies."""
    last = stored.sequence
    if record.sequence is None or last is None or int(record.sequence) > int(last):
        return False
    if not _holds_news(record.item, stored):
        return True
    return not _holds_news(log.get(record.item.person_id, record.item.sort) or record.item, stored)


def _holds_news(item: LogItem, stored: StoredFragment) -> bool:
    return any(stored.fragment.recent.judge(placed.event) is Verdict.FRESH for placed in placed_events(item))
