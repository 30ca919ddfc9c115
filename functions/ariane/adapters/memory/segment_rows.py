"""Rows of memberships, their due index and the lists of members in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import batched

from ariane.errors import Conflict
from ariane.profiles.paging import decode, encode
from ariane.segments.rows import MOST_ACTIONS, Due, Member, MemberPage, Row, RowChange, shard_of


class MemorySegmentRows:
    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.listed: dict[str, dict[str, Member]] = {}

    def load(self, person_ids: Collection[str]) -> Mapping[str, Row]:
        return {each: self.rows[each] for each in person_ids if each in self.rows}

    def commit(self, change: RowChange) -> None:
        if change.actions > MOST_ACTIONS:
            raise AssertionError("no transaction of DynamoDB")
        for row in (change.row, *change.absorbed):
            if (self.rows[row.person].version if row.person in self.rows else 0) != row.version:
                raise Conflict("row_changed", "the person was evaluated meanwhile")
        for row in (change.row, *(each for each in change.absorbed if each.memberships)):
            self.rows[row.person] = replace(row, version=row.version + 1)
        for row in change.absorbed:
            if not row.memberships:
                del self.rows[row.person]
        for segment, person, member in change.members:
            listed = self.listed.setdefault(segment, {})
            if member is None:
                listed.pop(person, None)
            else:
                listed[person] = Member(person, member.version, member.since)

    def announced(self, row: Row) -> None:
        stored = self.rows.get(row.person)
        if stored is not None and stored.version == row.version:
            self.rows[row.person] = stored.told()

    def due(self, shard: int, until: int, *, page: int) -> Iterator[Sequence[Due]]:
        found = sorted(
            (row.listed_due, row.person)
            for row in self.rows.values()
            if row.listed_due is not None and row.listed_due <= until and shard_of(row.person) == shard
        )
        for some in batched(found, page, strict=False):
            yield [Due(person, due) for due, person in some]

    def members(self, segment: str, *, limit: int, cursor: str | None = None) -> MemberPage:
        after = tuple(decode(cursor, int, str)) if cursor else (-1, "")
        every = sorted(((shard_of(own), own), member) for own, member in self.listed.get(segment, {}).items())
        left = [(place, member) for place, member in every if place > after]
        cursor = encode(*left[limit - 1][0]) if len(left) > limit else None
        return MemberPage([member for _, member in left[:limit]], cursor)

    def count(self, segment: str) -> int:
        return len(self.listed.get(segment, {}))
