"""Reading a profile: climb to the root, gather its members, fold their fragments."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from ariane.errors import NotFound
from ariane.identity.trees import Members, climb, gather
from ariane.instants import from_millis
from ariane.profiles.fold import fold
from ariane.profiles.fragments import Fragment, Route, StoredFragment
from ariane.profiles.model import LogPart, Profile


class FragmentReader(Protocol):
    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        """Those that exist; sees every write committed before the call. Raises Unreadable where one of them cannot be decoded."""
        ...

    def load_routed(self, routes: Collection[Route]) -> Mapping[Route, Fragment]:
        """As ``load``: what is known of homes through events that lie under other person ids."""
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
        fragments = {each: stored.fragment for each, stored in self._fragments.load([root.person_id, *members]).items()}
        own = fragments.get(root.person_id)
        name = str(root.identifier) if root.identifier else own and own.identifier
        identifiers = {**({root.person_id: name} if name else {}), **dict(sorted(members.items(), key=lambda pair: (pair[1], pair[0])))}
        routed = self._routed(fragments)
        logs = _logs([root.person_id, *members], fragments, routed)
        return fold(root.person_id, identifiers, [*fragments.values(), *routed.values()], version=root.version, logs=logs)

    def _routed(self, fragments: Mapping[str, Fragment]) -> Mapping[Route, Fragment]:
        routes = [Route(home, partition) for home, fragment in fragments.items() for partition in fragment.feeds]
        return self._fragments.load_routed(routes) if routes else {}

    def find(self, person_id: str) -> Profile:
        """As ``snapshot``, but raises NotFound where nothing is known."""
        profile = self.snapshot(person_id)
        if not profile.identifiers:
            raise NotFound("profile_not_found", "no profile has this identifier")
        return profile


def _logs(members: Iterable[str], fragments: Mapping[str, Fragment], routed: Mapping[Route, Fragment]) -> list[LogPart]:
    """A partition once, though its events be several members'."""
    whole = [each for each in members if each not in fragments or not fragments[each].is_routed]
    mixed: dict[str, list[Fragment]] = {each: [fragment] for each, fragment in fragments.items() if fragment.is_routed}
    for route, fragment in routed.items():
        mixed.setdefault(route.partition, []).append(fragment)
    parts = [_mixed(partition, theirs) for partition, theirs in mixed.items() if any(each.first_seen is not None for each in theirs)]
    return [*map(LogPart, whole), *parts]


def _mixed(partition: str, fragments: Iterable[Fragment]) -> LogPart:
    ends = [(each.first_seen, each.last_seen) for each in fragments if each.first_seen is not None and each.last_seen is not None]
    first, last = min(first for first, _ in ends), max(last for _, last in ends)
    return LogPart(partition, is_mixed=True, first=from_millis(first), last=from_millis(last))
