"""Landing the whole log again: for a lake that came later than the log, or that lost something. What lands twice counts once.

Between two checkpoints lines are gathered by day, compressed as they come, and put down as one object of each day. A backfill that was
stopped begins again at its last checkpoint; its objects have the checkpoint's number in their names, so that they replace what was put down
of it before.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched
from typing import Any, NamedTuple, Protocol

from ariane.events.model import LogItem
from ariane.identity.trees import Heads, climb
from ariane.instants import Clock, format_instant, parse_instant
from ariane.lake.columns import EVENTS, IDENTITIES
from ariane.lake.landing import LakeStore, Lander, Waiting
from ariane.lake.rows import LakeObject, Row, day_of, identity_row, key_of, line_of, partition_of

CHECKPOINT = 200_000
"""Events: some 50 MB of compressed lines, held meanwhile."""
_PEOPLE_AT_ONCE = 5_000
_GZIP = 31
"""zlib's word for gzip's format."""


class Batch(NamedTuple):
    items: Sequence[LogItem]
    after: str | None
    """Where to go on; None: this was the end."""


class LogPages(Protocol):
    def pages(self, *, after: str | None = None) -> Iterator[Batch]:
        """The whole log in an order that stays the same, from a place on; what cannot be read is left out. Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """Of one run of it, from its beginning to its end."""

    began_at: datetime
    first: str
    """Days of events, both of them in it."""
    last: str
    after: str | None = None
    checkpoint: int = 0
    events: int = 0
    people: int = 0
    is_read: bool = False
    """The log is."""
    is_done: bool = False

    @property
    def name(self) -> str:
        return f"backfill-{format_instant(self.began_at).replace(':', '').replace('.', '')}"

    def as_document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS} | {"began_at": format_instant(self.began_at)}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "Backfill":
        return cls(began_at=parse_instant(document["began_at"]), **{name: document[name] for name in _FIELDS})


_FIELDS = ("first", "last", "after", "checkpoint", "events", "people", "is_read", "is_done")


class BackfillState(Protocol):
    def load(self) -> Backfill | None: ...

    def save(self, backfill: Backfill) -> None: ...


class Course(Protocol):
    def told(self, backfill: Backfill) -> None:
        """After each checkpoint."""
        ...


class Backfiller:
    def __init__(self, *, lander: Lander, lake: LakeStore, state: BackfillState, log: LogPages, course: Course) -> None:
        self._lander = lander
        self._lake = lake
        self._state = state
        self._log = log
        self._course = course

    def run(self, backfill: Backfill) -> Backfill:
        """From where it is to the end of the log. Raises Retryable: it goes on where it was."""
        gathered = _Gathered()
        for page in [] if backfill.is_read else self._log.pages(after=backfill.after):
            rows, _ = self._lander.rows([Waiting(item, None) for item in page.items if item.messages])
            gathered.add(row for row in rows if backfill.first <= day_of(row) <= backfill.last)
            if gathered.count >= CHECKPOINT or page.after is None:
                backfill = self._checked(replace(backfill, after=page.after, is_read=page.after is None), gathered)
                gathered = _Gathered()
        return backfill

    def _checked(self, backfill: Backfill, gathered: "_Gathered") -> Backfill:
        """The objects first: a backfill that dies in between puts them down again."""
        for day, body in gathered.bodies():
            self._lake.put(LakeObject(key_of(EVENTS, day, f"{backfill.name}-{backfill.checkpoint:06}"), body))
        done = replace(backfill, checkpoint=backfill.checkpoint + 1, events=backfill.events + gathered.count)
        self._state.save(done)
        self._course.told(done)
        return done


class PeopleBackfiller:
    """Everybody who is below somebody else, with the root: a line each."""

    def __init__(self, *, identities: Heads, lake: LakeStore, clock: Clock) -> None:
        self._identities = identities
        self._lake = lake
        self._clock = clock

    def run(self, members: Iterable[str], *, name: str) -> int:
        """How many. ``members``: the person ids that have a parent. Raises Retryable; begun again it replaces its own objects."""
        count = 0
        for number, some in enumerate(batched(members, _PEOPLE_AT_ONCE, strict=False)):
            at = self._clock()  # before what it dates is read
            paths = climb(self._identities, some)
            rows = [identity_row(each, paths.root_of(each).person_id, at=at, cause=name) for each in some]
            gathered = _Gathered()
            gathered.add_under(format_instant(at)[:10], rows)
            for day, body in gathered.bodies():
                self._lake.put(LakeObject(key_of(IDENTITIES, day, f"{name}-{number:06}"), body))
            count += len(rows)
        return count


class _Gathered:
    """Lines by day, compressed as they come."""

    def __init__(self) -> None:
        self.count = 0
        self._days: dict[str, tuple[Any, bytearray]] = {}

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.add_under(partition_of(row), [row])

    def add_under(self, day: str, rows: Sequence[Row]) -> None:
        packer, body = self._days.setdefault(day, (zlib.compressobj(wbits=_GZIP), bytearray()))
        for row in rows:
            body += packer.compress(line_of(row))
        self.count += len(rows)

    def bodies(self) -> Iterator[tuple[str, bytes]]:
        for day in sorted(self._days):
            packer, body = self._days[day]
            yield day, bytes(body) + packer.flush()
