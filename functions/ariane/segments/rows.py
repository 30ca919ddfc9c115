"""What is kept of a person's segments: one row under the root, and a row in the list of each segment that the person is in.

Both are written together. A row that was written under a person id before it was absorbed is taken in by the next evaluation of its person.
"""

import hashlib
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, Self

from ariane.profiles.announcing import Fact
from ariane.profiles.model import Shape

SHARDS = 16
"""Of the due index, and of each segment's list: by person id."""
MOST_CAUSES = 8
"""Merges and splits that a row remembers to have followed."""


class Membership(NamedTuple):
    version: str
    """Of the segment's definition when it was last found to hold."""
    since: int | None
    """Milliseconds; None: longer than anything is known of the person."""


class Stage(NamedTuple):
    """Of the life cycle."""

    name: str
    since: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    person: str
    version: int = 0
    """0: not stored yet."""
    evaluated_at: int | None = None
    """When it was last written; evaluations that changed nothing are not told."""
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    stage: Stage | None = None
    due: int | None = None
    """When time alone will change something, at the latest; it may be earlier than that."""
    outbox: tuple[Fact, ...] = ()
    """What may not have been announced yet."""
    overdue: int | None = None
    """Where the due index has the row until the outbox is told: whoever swept it and died before telling finds it by that alone."""
    causes: tuple[str, ...] = ()
    """Marks of the last splits that were followed (``cause_mark``)."""
    shape: Shape | None = None
    """Who was of the person."""

    @property
    def is_stored(self) -> bool:
        return self.version > 0

    @property
    def listed_due(self) -> int | None:
        """As the due index has it."""
        return self.due if self.overdue is None else self.overdue

    def told(self) -> Self:
        return replace(self, outbox=(), overdue=None)


class MemberChange(NamedTuple):
    segment: str
    person: str
    member: Membership | None
    """None: the person is in it no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """All or nothing. Each row is written as the version after the one that it was read at; ``gone`` likewise."""

    row: Row
    absorbed: tuple[Row, ...] = ()
    """Rows of person ids that are the person's now, with what is left in them; one without memberships is deleted."""
    members: tuple[MemberChange, ...] = ()

    @property
    def actions(self) -> int:
        return 1 + len(self.absorbed) + len(self.members)


MOST_ACTIONS = 100
"""Of a DynamoDB transaction."""


class MembershipRows(Protocol):
    """Every method may raise Retryable."""

    def load(self, person_ids: Collection[str]) -> Mapping[str, Row]:
        """Those that are stored; sees every write committed before the call."""
        ...

    def commit(self, change: RowChange) -> None:
        """Raises Conflict where one of the rows was written meanwhile."""
        ...

    def announced(self, row: Row) -> None:
        """Empties the outbox of the row as it was read, or committed; nothing happens where it was written since."""
        ...


class Due(NamedTuple):
    person: str
    due: int


class DueRows(Protocol):
    def due(self, shard: int, until: int, *, page: int) -> Iterator[Sequence[Due]]:
        """Pages of at most ``page``, the earliest first, each read when it is asked for; may lag behind the last writes by a moment."""
        ...


class Member(NamedTuple):
    person: str
    version: str
    since: int | None


class MemberPage(NamedTuple):
    members: Sequence[Member]
    cursor: str | None
    """None: these were the last."""


class SegmentMembers(Protocol):
    def members(self, segment: str, *, limit: int, cursor: str | None = None) -> MemberPage:
        """Of a segment, ``limit`` at most, by shard and person id. Raises Rejected (``invalid_cursor``)."""
        ...

    def count(self, segment: str) -> int:
        """Reads all of them. May lag behind the last writes by a moment."""
        ...


def shard_of(person_id: str) -> int:
    return zlib.crc32(person_id.encode()) % SHARDS


def cause_mark(cause: str) -> str:
    """Six bytes of a cause, as text."""
    return hashlib.blake2b(cause.encode(), digest_size=6).hexdigest()


def with_cause(causes: Sequence[str], cause: str) -> tuple[str, ...]:
    return (*[each for each in causes if each != cause_mark(cause)], cause_mark(cause))[-MOST_CAUSES:]
