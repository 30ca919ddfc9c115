"""Summing up the devices at rest of a person of very many identifiers (``bundles``), in the background.

Every write leaves a state that readers can use or see that they cannot, so a crash between any two of them costs time alone: whoever is
asked next goes on. A bundle that is begun anew is closed until everybody whom it is to cover is in its sum or listed as awake.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import Protocol

from ariane.errors import Conflict, Rejected, Retryable
from ariane.identity.model import Head
from ariane.identity.rules import Identifier, Normaliser, Rules
from ariane.identity.trees import Members, climb
from ariane.instants import Clock
from ariane.profiles.bundles import MOST_SEALED, Bundle, Bundles, Moved, bundle_of
from ariane.profiles.fragments import Fragment, Seal, StoredFragment, encode
from ariane.profiles.reach import Reach, is_large, reach
from ariane.profiles.refold_marks import new_generation

KEPT_AWAKE = 8
"""Of the devices those that were heard of last: they are the likeliest to be heard of next."""
BUSY = timedelta(hours=1)
"""For which a bundle rests that was dissolved because its devices kept waking."""
_MOST_BYTES = 3_000_000
"""Of the fragments of one transaction, which takes 4 MB with the bundle and the names."""
_TOO_LARGE = timedelta(days=1)
_OF_ADDRESSES = frozenset({Normaliser.EMAIL, Normaliser.PHONE})
_ATTEMPTS = 6
_FEW = MOST_SEALED
"""Newcomers that an open bundle lists as awake until they are sealed. More, and it is begun anew: each write would carry them all."""


class Holdings(Protocol):
    def held(self, person_ids: Collection[str]) -> Collection[str]:
        """Those of them under which runs, messages or person-wide consents lie; sees every write committed before the call."""
        ...


class Sealer:
    def __init__(
        self,
        identities: Members,
        bundles: Bundles,
        holdings: Holdings,
        *,
        rules: Callable[[], Rules],
        clock: Clock,
        generations: Callable[[], int] = new_generation,
    ) -> None:
        self._identities = identities
        self._bundles = bundles
        self._holdings = holdings
        self._rules = rules
        self._clock = clock
        self._generations = generations

    def seal(self, person_id: str) -> int:
        """Leaves few of its person awake. Returns how many it sealed. Raises Retryable where others keep writing,
        or have been busy of late."""
        for _ in range(_ATTEMPTS):
            try:
                return self._seal_or_give_up(person_id)
            except Conflict:
                continue
        raise Retryable("bundle_contended", "other writers of the same person keep coming")

    def _seal_or_give_up(self, person_id: str) -> int:
        """Where its devices know more than a row holds, the person is read whole, and it is tried again another day."""
        root = climb(self._identities, [person_id]).root_of(person_id)
        stored = self._bundles.bundles([root.person_id]).get(root.person_id)
        if not is_large(root) or self._is_given_up(stored):
            return 0
        try:
            return self._seal(root)
        except Rejected:
            for bundle in self._bundles.bundles([root.person_id]).values():
                self._bundles.dissolve(bundle, generation=self._generations(), rest_until=self._clock() + _TOO_LARGE)
            return 0

    def _seal(self, root: Head) -> int:
        found = reach(root, self._identities, self._bundles)
        self._expect_unmoved(root)
        bundle = self._covering(root, found)
        work = _Work(bundle, self._bundles, self._holdings)
        apart = self._apart(found, bundle)
        work.seal(self._resting(apart, found.names))
        work.finish([row.fragment.person_id for row in apart])
        return len(work.sealed)

    def _is_given_up(self, bundle: Bundle | None) -> bool:
        """For long. Raises Retryable where it rests for a while only, for its devices are busy."""
        rest = bundle.rest_until - self._clock() if bundle is not None and bundle.rest_until is not None else timedelta(0)
        if timedelta(0) < rest <= BUSY:
            raise Retryable("bundle_rests", "the devices of this person are too busy to be summed up for now")
        return rest > BUSY

    def _expect_unmoved(self, root: Head) -> None:
        """Whoever joined while the members were read would be covered twice."""
        now = self._identities.heads([root.person_id])[root.person_id]
        if (now.reshaped, now.children, now.parent) != (root.reshaped, root.children, root.parent):
            raise Conflict("identity_changed", "an identity was changed while it was read")

    # whom the bundle covers

    def _covering(self, root: Head, found: Reach) -> Bundle:
        """The root's, as it is stored; open if it was, and covering everybody by now."""
        own = next((each for each in found.bundles if each.holder == root.person_id), None)
        others = [each for each in found.bundles if each is not own]
        if own is None:
            return self._begun(root, others)
        if len(found.names) > len(own.awake) + _FEW or len(others) >= MOST_SEALED:
            self._bundles.dissolve(own, generation=self._generations())
            raise Conflict("bundle_outgrown", "so much has joined that it is begun anew")
        if own.children == root.children:
            return own
        return self._put(replace(own.with_bundles(others, found.names), children=root.children), others)

    def _begun(self, root: Head, others: Sequence[Bundle]) -> Bundle:
        """A closed one, or what an earlier attempt left of it."""
        bundle = self._bundles.bundles([root.person_id]).get(root.person_id) or Bundle(holder=root.person_id)
        if bundle.is_open or bundle.moved or (bundle.reshaped, bundle.children) != (root.reshaped, root.children):
            fresh = Bundle(holder=root.person_id, version=bundle.version, generation=self._generations())
            bundle = self._put(replace(fresh, reshaped=root.reshaped, children=root.children))
        for some in batched(others, MOST_SEALED, strict=False):
            bundle = self._put(bundle.with_bundles(some, ()), some)
        return bundle

    def _put(self, bundle: Bundle, absorbed: Iterable[Bundle] = ()) -> Bundle:
        moved = Moved(bundle.holder, bundle.generation)
        gone = [Bundle(holder=each.holder, version=each.version, generation=each.generation, moved=moved) for each in absorbed]
        self._bundles.put(bundle, absorbed=gone)
        return replace(bundle, version=bundle.version + 1)

    # who is to be sealed

    def _apart(self, found: Reach, bundle: Bundle) -> list[StoredFragment]:
        """Members that its sum does not count, as they are stored; whoever was never anybody's anchor has no row yet."""
        stored = self._bundles.load(sorted(found.names))
        rows = [stored.get(each) or _unwritten(each, name) for each, name in found.names.items()]
        counted = {seal: self._is_in(seal, bundle) for seal in {_unversioned(row.seal) for row in rows}}
        return [row for row in rows if not counted[_unversioned(row.seal)]]

    def _is_in(self, seal: Seal | None, bundle: Bundle) -> bool:
        """Another bundle that counts it lost it to this person, or is of somebody whom this one was joined to meanwhile. It is dissolved,
        or it would go on to count what is sealed here."""
        found = bundle_of(seal, self._bundles) if seal is not None else None
        if found is None:
            return False
        if (found.holder, found.generation) == (bundle.holder, bundle.generation):
            return True
        self._bundles.dissolve(found, generation=self._generations())
        return False

    def _resting(self, apart: Iterable[StoredFragment], names: Mapping[str, str]) -> Sequence[StoredFragment]:
        devices = [row for row in apart if self._is_sealable(names[row.fragment.person_id], row)]
        devices.sort(key=lambda row: (row.fragment.last_seen or 0, row.fragment.person_id), reverse=True)
        return devices[KEPT_AWAKE:]

    def _is_sealable(self, name: str, row: StoredFragment) -> bool:
        """What others feed, and what feeds others, is more than its row says. Every decision must see all addresses."""
        rule = self._rules().namespaces.get(Identifier.parse(name).namespace)
        is_device = rule is not None and rule.is_device and rule.normaliser not in _OF_ADDRESSES
        return is_device and not row.fragment.is_routed and not row.fragment.feeds


class _Work:
    """The writes of one sealing, one after the other."""

    def __init__(self, bundle: Bundle, bundles: Bundles, holdings: Holdings) -> None:
        self.sealed: set[str] = set()
        self._bundle = bundle
        self._bundles = bundles
        self._holdings = holdings
        self._unheld: set[str] = set()
        """Listed as holders, and found to hold nothing."""

    def seal(self, rows: Iterable[StoredFragment]) -> None:
        for some in _batches(rows):
            done = self._seal(some)
            self.sealed |= done
            self._unheld |= done - set(self._holdings.held(sorted(done)))

    def finish(self, apart: Collection[str]) -> None:
        """Opens the bundle where it was begun anew. Raises Conflict."""
        rest = [each for each in apart if each not in self.sealed]
        for _ in range(_ATTEMPTS):
            if self._bundle.is_open and not self._unheld:
                return
            bundle = self._without_unheld()
            if self._written(bundle if bundle.is_open else replace(bundle, is_open=True, awake=self._awake(rest))):
                return
        raise Conflict("bundle_changed", "the bundle was changed meanwhile")

    def _awake(self, rest: Collection[str]) -> tuple[str, ...]:
        """Others may be sealing the same people: whom they have sealed since is in the sum."""
        rows = self._bundles.load(rest)
        own = (each for each in rest if each not in rows or not self._bundle.counts(rows[each].seal))
        return tuple(dict.fromkeys((*self._bundle.awake, *own)))

    def _seal(self, rows: Sequence[StoredFragment]) -> set[str]:
        """Those of them that nobody wrote meanwhile. Raises Conflict."""
        for _ in range(_ATTEMPTS):
            bundle = self._without_unheld()
            seal = bundle.seal()
            if self._written(bundle.with_sealed([row.fragment for row in rows]), [replace(row, seal=seal) for row in rows]):
                return {row.fragment.person_id for row in rows}
            now = self._bundles.load([row.fragment.person_id for row in rows])
            rows = [row for row in rows if _version(now.get(row.fragment.person_id)) == row.version]
            if not rows:
                return set()
        raise Conflict("bundle_changed", "the bundle was changed meanwhile")

    def _without_unheld(self) -> Bundle:
        return replace(self._bundle, holders=tuple(each for each in self._bundle.holders if each not in self._unheld))

    def _written(self, bundle: Bundle, sealed: Sequence[StoredFragment] = ()) -> bool:
        """False: others wrote; ``self._bundle`` is what stands now. Raises Conflict where that is another bundle by then."""
        try:
            self._bundles.put(bundle, sealed=sealed)
        except Conflict:
            now = self._bundles.bundles([bundle.holder]).get(bundle.holder)
            if now is None or now.moved or (now.generation, now.is_open) != (self._bundle.generation, self._bundle.is_open):
                raise
            self._bundle, self._unheld = now, set()  # who was woken since may have been sealed again, with what he holds by now
            return False
        self._bundle = replace(bundle, version=bundle.version + 1)
        self._unheld = set()
        return True


def _batches(rows: Iterable[StoredFragment]) -> Iterator[Sequence[StoredFragment]]:
    """As many as one transaction takes, by number and by size."""
    some: list[StoredFragment] = []
    size = 0
    for row in rows:
        own = len(encode(row.fragment))
        if some and (len(some) == MOST_SEALED or size + own > _MOST_BYTES):
            yield some
            some, size = [], 0
        some.append(row)
        size += own
    if some:
        yield some


def _unwritten(person_id: str, name: str) -> StoredFragment:
    return StoredFragment(fragment=Fragment(person_id=person_id, identifier=name))


def _unversioned(seal: Seal | None) -> Seal | None:
    return seal._replace(version=0) if seal is not None else None


def _version(stored: StoredFragment | None) -> int:
    return stored.version if stored is not None else 0
