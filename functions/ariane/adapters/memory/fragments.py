"""Fragments in memory, encoded as they are stored."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from ariane.errors import Conflict
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, StoredFragment, decode, encode


class MemoryFragments:
    def __init__(self) -> None:
        self._rows: dict[str, tuple[bytes, int, str | None]] = {}
        self._routed: dict[Route, bytes] = {}
        self._homes: dict[str, frozenset[str]] = defaultdict(frozenset)

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        return {person_id: self._stored(person_id) for person_id in person_ids if person_id in self._rows}

    def load_routed(self, routes: Collection[Route]) -> Mapping[Route, Fragment]:
        return {route: decode(route.home, self._routed[route]) for route in routes if route in self._routed}

    def homes_of(self, partition: str) -> Collection[str]:
        return set(self._homes.get(partition, ()))

    def add_home(self, route: Route) -> None:
        self._homes[route.partition] |= {route.home}

    def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = ()) -> None:
        person_id = stored.fragment.person_id
        _, version, _ = self._rows.get(person_id, (b"", 0, None))
        if version != stored.version:
            raise Conflict("fragment_changed", "the fragment was changed meanwhile")
        self._rows[person_id] = (encode(stored.fragment), version + 1, stored.sequence)
        self._routed |= {each.route: encode(each.fragment) for each in routed}

    def _stored(self, person_id: str) -> StoredFragment:
        state, version, sequence = self._rows[person_id]
        return StoredFragment(fragment=decode(person_id, state), version=version, sequence=sequence)
