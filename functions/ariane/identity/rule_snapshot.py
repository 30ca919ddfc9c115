"""All that is stored about identities, read once and held in memory: a change of rules is measured against it before a row is written."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from ariane.identity.commits import Child, Entry
from ariane.identity.model import Assertion, Cluster, Head, Split


class Held(NamedTuple):
    """An assertion's row, and the person id that it lies under."""

    person_id: str
    assertion: Assertion


type Row = Head | Child | Held | Cluster | Entry | Split


class IdentityScan(Protocol):
    def everything(self) -> Iterator[Row]:
        """In no order; transitions are left out. Rows that change meanwhile are read before or after their change. Raises Retryable."""
        ...


class Snapshot:
    """To be read as the store is."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._heads: dict[str, Head] = {}
        self._members: dict[str, dict[str, str]] = defaultdict(dict)
        self._held: dict[str, dict[str, Assertion]] = defaultdict(dict)
        self._clusters: dict[str, Cluster] = {}
        self._entries: dict[str, list[str]] = defaultdict(list)
        self._splits: dict[str, Split] = {}
        for row in rows:
            self._take(row)

    def _take(self, row: Row) -> None:
        match row:
            case Head():
                self._heads[row.person_id] = row
            case Child():
                self._members[row.parent][row.child] = row.identifier
            case Held():
                self._held[row.person_id][row.assertion.digest] = row.assertion
            case Cluster():
                self._clusters[row.id] = row
            case Entry():
                self._entries[row.cluster].append(row.member)
            case Split():
                self._splits[row.id] = row

    @property
    def all_heads(self) -> Mapping[str, Head]:
        return self._heads

    @property
    def all_splits(self) -> Sequence[Split]:
        return sorted(self._splits.values(), key=lambda each: each.id)

    @property
    def all_held(self) -> Iterator[Held]:
        return (Held(owner, each) for owner, theirs in self._held.items() for each in theirs.values())

    @property
    def all_entries(self) -> Mapping[str, Sequence[str]]:
        return self._entries

    # as a store of identities

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        return {each: self._heads[each] for each in person_ids if each in self._heads}

    def members(self, person_id: str) -> Mapping[str, str]:
        return self._members.get(person_id, {})

    def assertions_under(self, person_id: str) -> Sequence[Assertion]:
        return sorted(self._held.get(person_id, {}).values(), key=lambda each: each.order)

    def clusters(self, ids: Collection[str]) -> Mapping[str, Cluster]:
        return {each: self._clusters[each] for each in ids if each in self._clusters}

    def entries(self, cluster_id: str) -> Sequence[str]:
        return self._entries.get(cluster_id, ())

    def splits(self, ids: Collection[str]) -> Mapping[str, Split]:
        return {each: self._splits[each] for each in ids if each in self._splits}

    def assertion(self, person_id: str, digest: str) -> Assertion | None:
        return self._held.get(person_id, {}).get(digest)
