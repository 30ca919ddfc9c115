"""What is known of several people, read together before they are evaluated one by one.

Each thing that was read ahead is handed out once; whoever asks again (after a conflict, or for what came after) asks the store. So few are
read at a time as are evaluated at a time: what lies between reading somebody and writing is no longer than it would be one by one.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from ariane.identity.model import Head
from ariane.identity.trees import Members
from ariane.profiles.bundles import Bundle
from ariane.profiles.fragments import Fragment, Route, StoredFragment
from ariane.profiles.reach import is_large
from ariane.profiles.reader import ProfileReader, ReadFragments
from ariane.segments.rows import MembershipRows, Row, RowChange

AT_A_TIME = 10


class Each(Protocol):
    """``map``, or as it some at a time."""

    def __call__[T, R](self, read: Callable[[T], R], those: Iterable[T], /) -> Iterable[R]: ...


class ReadAhead:
    """``profiles`` and ``rows`` are what an evaluator is to read by. For one batch of people at a time."""

    def __init__(self, identities: Members, fragments: ReadFragments, rows: MembershipRows, *, each: Each = map) -> None:
        self._identities = _Identities(identities, each)
        self._fragments = _Fragments(fragments)
        self.rows = _Rows(rows)
        self.profiles = ProfileReader(self._identities, self._fragments)

    def read(self, people: Collection[str]) -> None:
        """Of roots; of other ids less is known. What cannot be read together is read one by one, where it fails on its own."""
        self.forget()
        if len(people) < 2:
            return
        try:
            self.rows.ahead.update(self.rows.read(people))
            self._fragments.ahead.update(self._fragments.read([*people, *self._identities.read(people)]))
        except Exception:  # noqa: BLE001 - one person's trouble is not the others'
            return

    def forget(self) -> None:
        self._identities.ahead.clear()
        self._identities.below.clear()
        self._fragments.ahead.clear()
        self.rows.ahead.clear()


def _taken[T](ahead: dict[str, T | None], ids: Collection[str], read: Callable[[list[str]], Mapping[str, T]]) -> Mapping[str, T]:
    """None: it is known that there is nothing."""
    found = {each: ahead.pop(each) for each in dict.fromkeys(ids) if each in ahead}
    left = [each for each in dict.fromkeys(ids) if each not in found]
    known = {each: one for each, one in found.items() if one is not None}
    return {**known, **read(left)} if left else known


def _all[T](ids: Collection[str], found: Mapping[str, T]) -> Mapping[str, T | None]:
    return {each: found.get(each) for each in ids}


class _Identities:
    def __init__(self, store: Members, each: Each) -> None:
        self._store = store
        self._each = each
        self.ahead: dict[str, Head | None] = {}
        self.below: dict[str, Mapping[str, str]] = {}

    def read(self, people: Collection[str]) -> Iterable[str]:
        """Who is below them, but for those of very many."""
        heads = self._store.heads(sorted(people))
        self.ahead.update(_all(people, heads))
        parents = [each.person_id for each in heads.values() if each.parent is None and each.children and not is_large(each)]
        self.below.update(zip(parents, self._each(self._store.members, parents), strict=True))
        return {each for members in self.below.values() for each in members}

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        return _taken(self.ahead, person_ids, self._store.heads)

    def members(self, person_id: str) -> Mapping[str, str]:
        found = self.below.pop(person_id, None)
        return self._store.members(person_id) if found is None else found


class _Fragments:
    def __init__(self, store: ReadFragments) -> None:
        self._store = store
        self.ahead: dict[str, StoredFragment | None] = {}

    def read(self, ids: Collection[str]) -> Mapping[str, StoredFragment | None]:
        return _all(ids, self._store.load(sorted(set(ids))))

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        return _taken(self.ahead, person_ids, self._store.load)

    def load_routed(self, routes: Collection[Route]) -> Mapping[Route, Fragment]:
        return self._store.load_routed(routes)

    def bundles(self, holders: Collection[str]) -> Mapping[str, Bundle]:
        return self._store.bundles(holders)


class _Rows:
    def __init__(self, store: MembershipRows) -> None:
        self._store = store
        self.ahead: dict[str, Row | None] = {}

    def read(self, people: Collection[str]) -> Mapping[str, Row | None]:
        return _all(people, self._store.load(sorted(people)))

    def load(self, person_ids: Collection[str]) -> Mapping[str, Row]:
        return _taken(self.ahead, person_ids, self._store.load)

    def commit(self, change: RowChange) -> None:
        self._store.commit(change)

    def announced(self, row: Row) -> None:
        self._store.announced(row)
