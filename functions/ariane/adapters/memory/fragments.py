"""Fragments in memory, encoded as they are stored."""

from collections.abc import Collection, Mapping

from ariane.errors import Conflict
from ariane.profiles.fragments import StoredFragment, decode, encode


class MemoryFragments:
    def __init__(self) -> None:
        self._rows: dict[str, tuple[bytes, int, str | None]] = {}

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        return {person_id: self._stored(person_id) for person_id in person_ids if person_id in self._rows}

    def save(self, stored: StoredFragment) -> None:
        person_id = stored.fragment.person_id
        _, version, _ = self._rows.get(person_id, (b"", 0, None))
        if version != stored.version:
            raise Conflict("fragment_changed", "the fragment was changed meanwhile")
        self._rows[person_id] = (encode(stored.fragment), version + 1, stored.sequence)

    def _stored(self, person_id: str) -> StoredFragment:
        state, version, sequence = self._rows[person_id]
        return StoredFragment(fragment=decode(person_id, state), version=version, sequence=sequence)
