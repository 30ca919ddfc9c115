"""What becomes of people after their events have landed: who belongs to another profile now, and partitions of the log whose events may be
another person's. The first are lines of a table of their own, the second land again."""

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Protocol

from ariane.events.log import Page
from ariane.identity.model import Head
from ariane.identity.trees import Members, Paths, climb, gather
from ariane.instants import Clock
from ariane.lake.landing import LakeStore, Lander, LandQueue, Waiting
from ariane.lake.messages import PartitionMoved, PeopleMoved
from ariane.lake.rows import Row, identity_object, identity_row

PAGES = 20
"""Of a partition's log in one run; then the queue brings the rest."""
_MOST_LINES = 100_000
"""In one object."""


class History(Protocol):
    def scan(self, person_id: str, *, limit: int = 500, cursor: str | None = None) -> Page:
        """All items of a person id, page by page, by key; sees every write committed before the call."""
        ...


class Mover:
    def __init__(self, *, lander: Lander, lake: LakeStore, queue: LandQueue, identities: Members, log: History, clock: Clock) -> None:
        self._lander = lander
        self._lake = lake
        self._queue = queue
        self._identities = identities
        self._log = log
        self._clock = clock

    def people(self, moved: Sequence[PeopleMoved]) -> int:
        """How many lines landed. Raises Retryable."""
        # Before what it dates is read: the line that was read last must have the last date.
        at = self._clock()
        paths = climb(self._identities, {each for one in moved for each in one.person_ids})
        rows: dict[str, Row] = {}
        for one in moved:
            for member, root in self._of(one, paths):
                rows[member] = identity_row(member, root, at=at, cause=one.cause)
        for some in batched(rows.values(), _MOST_LINES, strict=False):
            self._lake.put(identity_object(some, at=at))
        return len(rows)

    def _of(self, moved: PeopleMoved, paths: Paths) -> Iterator[tuple[str, str]]:
        """Everybody concerned, with the root that they have now."""
        tops: dict[str, tuple[Head, str]] = {}
        for each in moved.person_ids:
            root = paths.root_of(each)
            top = paths.heads[each] if moved.is_merge and each in root.newest else root
            tops[top.person_id] = (top, root.person_id)
        for top, root_id in tops.values():
            yield top.person_id, root_id
            yield from ((member, root_id) for member in gather(self._identities, top))

    def partition(self, moved: PartitionMoved) -> int:
        """How many events landed. Raises Retryable."""
        events, cursor = 0, moved.cursor
        for _ in range(PAGES):
            page = self._log.scan(moved.person_id, cursor=cursor)
            events += self._lander.land(Waiting(item, None, is_moved=True) for item in page.items).events
            cursor = page.cursor
            if cursor is None:
                return events
        self._queue.put([PartitionMoved(moved.person_id, cursor)], delay=0)
        return events
