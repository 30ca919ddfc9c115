"""Reading a profile: climb to the root, gather its members, fold what is known of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from ariane.errors import NotFound
from ariane.identity.model import Head
from ariane.identity.trees import Members, are_one, climb, gather
from ariane.instants import from_millis
from ariane.profiles.bundles import Bundle, BundleReader
from ariane.profiles.fold import fold
from ariane.profiles.fragments import Fragment, Route, StoredFragment
from ariane.profiles.model import AtRest, LogPart, Profile, Shape
from ariane.profiles.reach import Reach, is_large, reach

_ATTEMPTS = 4


class FragmentReader(Protocol):
    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        """Those that exist; sees every write committed before the call. Raises Unreadable where one of them cannot be decoded."""
        ...

    def load_routed(self, routes: Collection[Route]) -> Mapping[Route, Fragment]:
        """As ``load``: what is known of homes through events that lie under other person ids."""
        ...


class ReadFragments(FragmentReader, BundleReader, Protocol):
    """What a profile is read from."""


class ProfileReader:
    """Both readings take the root's head first: a merge or consent decision that is committed during the read leaves ``version`` behind, so
    whoever acts under that version finds out."""

    def __init__(self, identities: Members, fragments: ReadFragments) -> None:
        self._identities = identities
        self._fragments = fragments

    def are_one(self, one: str, other: str) -> bool:
        """Whether two person ids belong to one profile now."""
        return are_one(self._identities, one, other)

    def brief(self, person_id: str) -> Profile:
        """As ``snapshot``, with the devices at rest of a person of very many as their sum alone (``bundles``): all that decisions ask
        for, in as many reads however many they are."""
        for _ in range(_ATTEMPTS):
            root = climb(self._identities, [person_id]).root_of(person_id)
            if not is_large(root):
                return self._whole(root)
            read = self._reached(root, reach(root, self._identities, self._fragments))
            if read is not None:
                return read
        return self.snapshot(person_id)

    def snapshot(self, person_id: str) -> Profile:
        """The profile that ``person_id`` belongs to now, whole; an empty one of version 0 where nothing is known of it."""
        return self._whole(climb(self._identities, [person_id]).root_of(person_id))

    def find(self, person_id: str) -> Profile:
        """As ``snapshot``, but raises NotFound where nothing is known."""
        return _known(self.snapshot(person_id))

    def find_brief(self, person_id: str) -> Profile:
        """As ``brief``, but raises NotFound where nothing is known."""
        return _known(self.brief(person_id))

    def _whole(self, root: Head) -> Profile:
        members = gather(self._identities, root)
        fragments = {each: stored.fragment for each, stored in self._fragments.load([root.person_id, *members]).items()}
        return self._folded(root, members, fragments)

    def _reached(self, root: Head, found: Reach) -> Profile | None:
        """None: what was read does not go together; read again."""
        stored = self._fragments.load([root.person_id, *sorted(found.names)])
        if any(bundle.counts(each.seal) for bundle in found.bundles for each in stored.values()):
            return None
        profile = self._folded(root, found.names, {each: row.fragment for each, row in stored.items()}, found.bundles)
        return replace(profile, at_rest=_at_rest(found.bundles))

    def _folded(
        self, root: Head, members: Mapping[str, str], fragments: Mapping[str, Fragment], bundles: Collection[Bundle] = ()
    ) -> Profile:
        own = fragments.get(root.person_id)
        name = str(root.identifier) if root.identifier else own and own.identifier
        identifiers = {**({root.person_id: name} if name else {}), **dict(sorted(members.items(), key=lambda pair: (pair[1], pair[0])))}
        routed = self._routed(fragments)
        every = [*fragments.values(), *routed.values(), *(bundle.total for bundle in bundles)]
        profile = fold(root.person_id, identifiers, every, version=root.version, logs=_logs([root.person_id, *members], fragments, routed))
        return replace(profile, shape=Shape(root.person_id, root.reshaped, root.children))

    def _routed(self, fragments: Mapping[str, Fragment]) -> Mapping[Route, Fragment]:
        routes = [Route(home, partition) for home, fragment in fragments.items() for partition in fragment.feeds]
        return self._fragments.load_routed(routes) if routes else {}


def _known(profile: Profile) -> Profile:
    if not profile.identifiers:
        raise NotFound("profile_not_found", "no profile has this identifier")
    return profile


def _at_rest(bundles: Collection[Bundle]) -> AtRest | None:
    count = sum(bundle.count for bundle in bundles)
    last = max((bundle.total.last_seen for bundle in bundles if bundle.total.last_seen is not None), default=None)
    holders = tuple(sorted({each for bundle in bundles for each in bundle.holders}))
    return AtRest(count, from_millis(last) if last is not None else None, holders) if count else None


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
