"""Fragments in memory, encoded as they are stored."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ariane.errors import Conflict
from ariane.profiles.bundles import MOST_SEALED, Bundle, expect_awake
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, Seal, StoredFragment, decode, encode


class MemoryFragments:
    def __init__(self) -> None:
        self._rows: dict[str, tuple[bytes, int, str | None, Seal | None]] = {}
        self._bundles: dict[str, Bundle] = {}
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

    def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = (), bundle: Bundle | None = None) -> None:
        expect_awake(stored)
        self._expect([stored], [bundle] if bundle else [])
        self._write(stored)
        self._routed |= {each.route: encode(each.fragment) for each in routed}
        if bundle is not None:
            self._bundles[bundle.holder] = replace(bundle, version=bundle.version + 1)

    def bundles(self, holders: Collection[str]) -> Mapping[str, Bundle]:
        return {each: self._bundles[each] for each in holders if each in self._bundles}

    def put(self, bundle: Bundle, *, sealed: Sequence[StoredFragment] = (), absorbed: Sequence[Bundle] = ()) -> None:
        if len(sealed) + len(absorbed) > MOST_SEALED:
            raise AssertionError("no transaction of DynamoDB")
        self._expect(sealed, [bundle, *absorbed])
        for stored in sealed:
            self._write(stored)
        self._bundles |= {each.holder: replace(each, version=each.version + 1) for each in (bundle, *absorbed)}

    def dissolve(self, bundle: Bundle, *, generation: int, rest_until: datetime | None = None) -> None:
        stored = self._bundles.get(bundle.holder)
        if stored is None or stored.moved is not None or stored.generation != bundle.generation:
            raise Conflict("bundle_changed", "the bundle was changed meanwhile")
        void = Bundle(holder=bundle.holder, version=stored.version + 1, generation=generation, rest_until=rest_until)
        self._bundles[bundle.holder] = void

    def is_sealed(self, person_id: str) -> bool:
        return person_id in self._rows and self._rows[person_id][3] is not None

    def _expect(self, fragments: Sequence[StoredFragment], bundles: Sequence[Bundle]) -> None:
        for each in fragments:
            if self._rows[each.fragment.person_id][1] != each.version if each.fragment.person_id in self._rows else each.version:
                raise Conflict("fragment_changed", "the fragment was changed meanwhile")
        for bundle in bundles:
            known = self._bundles.get(bundle.holder)
            if (known.version if known else 0) != bundle.version:
                raise Conflict("bundle_changed", "the bundle was changed meanwhile")

    def _write(self, stored: StoredFragment) -> None:
        self._rows[stored.fragment.person_id] = (encode(stored.fragment), stored.version + 1, stored.sequence, stored.seal)

    def _stored(self, person_id: str) -> StoredFragment:
        state, version, sequence, seal = self._rows[person_id]
        return StoredFragment(fragment=decode(person_id, state), version=version, sequence=sequence, seal=seal)
