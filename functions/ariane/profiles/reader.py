"""Reading a profile: climb to the root, gather its members, fold their fragments."""

from collections.abc import Collection, Mapping
from typing import Protocol

from ariane.errors import NotFound
from ariane.identity.trees import Members, climb, gather
from ariane.profiles.fold import fold
from ariane.profiles.fragments import StoredFragment
from ariane.profiles.model import Profile


class FragmentReader(Protocol):
    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        """Those that exist; sees every write committed before the call. Raises Unreadable where one of them cannot be decoded."""
        ...


class ProfileReader:
    def __init__(self, identities: Members, fragments: FragmentReader) -> None:
        self._identities = identities
        self._fragments = fragments

    def snapshot(self, person_id: str) -> Profile:
        """The profile that ``person_id`` belongs to now; an empty one of version 0 where nothing is known of it.

        The root's head is read first: a merge or consent decision that is committed during the read leaves ``version`` behind, so whoever
        acts under that version finds out.
        """
        root = climb(self._identities, [person_id]).root_of(person_id)
        members = gather(self._identities, root)
        fragments = self._fragments.load([root.person_id, *members])
        own = fragments.get(root.person_id)
        name = str(root.identifier) if root.identifier else own and own.fragment.identifier
        identifiers = {**({root.person_id: name} if name else {}), **dict(sorted(members.items(), key=lambda pair: (pair[1], pair[0])))}
        return fold(root.person_id, identifiers, (each.fragment for each in fragments.values()), version=root.version)

    def find(self, person_id: str) -> Profile:
        """As ``snapshot``, but raises NotFound where nothing is known."""
        profile = self.snapshot(person_id)
        if not profile.identifiers:
            raise NotFound("profile_not_found", "no profile has this identifier")
        return profile
