"""Summing up the devices at rest of a person of very many identifiers (``bundles``), in the background.

Every write leaves a state that readers can use or see that they cannot, so a crash between any two of them costs time alone: whoever is
asked next goes on. A bundle that is begun anew is closed until everybody whom it is to cover is in its sum or listed as awake.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import Protocol

from ariane.errors import Conflict, Rejected, Retryable
from ariane.identity.model import Head
from ariane.identity.rules import Normaliser, Rules
from ariane.identity.trees import Members, climb
from ariane.instants import Clock
from ariane.profiles.bundles import MOST_SEALED, Bundle, Bundles, Moved, bundle_of
from ariane.profiles.fragments import Fragment, Seal, StoredFragment
from ariane.profiles.reach import Reach, is_large, reach
from ariane.profiles.refold_marks import new_generation

KEPT_AWAKE = 8
"""Of the devices those that were heard of last: they are the likeliest to be heard of next."""
BUSY = timedelta(hours=1)
"""For which a bundle rests that was dissolved because its devices kept waking."""
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
        """Leaves few of its person awake. Returns how many it sealed. Raises Retryable where others keep writing or the bundle rests."""
        for _ in range(_ATTEMPTS):
            try:
                return self._seal(person_id)
            except Rejected:
                self._give_up(person_id)
                return 0
            except Conflict:
                continue
        raise Retryable("bundle_contended", "other writers of the same person keep coming")

    def _give_up(self, person_id: str) -> None:
        """Its devices know more than a row holds: it is read whole, and tried again another day. Raises Conflict."""
        root = climb(self._identities, [person_id]).root_of(person_id).person_id
        for bundle in self._bundles.bundles([root]).values():
            if bundle.moved is None:
                self._bundles.dissolve(bundle, generation=self._generations(), rest_until=self._clock() + _TOO_LARGE)

    def _seal(self, person_id: str) -> int:
        root = climb(self._identities, [person_id]).root_of(person_id)
        if not is_large(root):
            return 0
        found = reach(root, self._identities, self._bundles)
        self._expect_unmoved(root)
        bundle = self._covering(root, found)
        work = _Work(bundle, self._bundles, self._holdings)
        apart = self._apart(found, bundle)
        work.seal(self._resting(apart, found.heads))
        work.finish([row.fragment.person_id for row in apart])
        return len(work.sealed)

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
        members = [each for each in found.heads if each != root.person_id]
        if len(members) > len(own.awake) + _FEW or len(others) >= MOST_SEALED:
            self._bundles.dissolve(own, generation=self._generations())
            raise Conflict("bundle_outgrown", "so much has joined that it is begun anew")
        if own.children == root.children:
            return own
        return self._put(replace(own.with_bundles(others, members), children=root.children), others)

    def _begun(self, root: Head, others: Sequence[Bundle]) -> Bundle:
        """A closed one, or what an earlier attempt left of it."""
        bundle = self._bundles.bundles([root.person_id]).get(root.person_id) or Bundle(holder=root.person_id)
        if bundle.rest_until is not None and bundle.rest_until > self._clock():
            raise Retryable("bundle_rests", "the devices of this person are too busy to be summed up for now")
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
        members = {each: head for each, head in found.heads.items() if each != bundle.holder}
        stored = self._bundles.load(sorted(members))
        rows = [stored.get(each) or _unwritten(head) for each, head in members.items()]
        counted: dict[Seal | None, bool] = {None: False}
        for row in rows:
            if _unversioned(row.seal) not in counted:
                counted[_unversioned(row.seal)] = self._is_in(row.seal, bundle)
        return [row for row in rows if not counted[_unversioned(row.seal)]]

    def _is_in(self, seal: Seal | None, bundle: Bundle) -> bool:
        """And in none that lost it to this person, and stands until somebody looks."""
        found = bundle_of(seal, self._bundles) if seal is not None else None
        return found is not None and (found.holder, found.generation) == (bundle.holder, bundle.generation)

    def _resting(self, apart: Iterable[StoredFragment], heads: Mapping[str, Head]) -> Sequence[StoredFragment]:
        devices = [row for row in apart if self._is_sealable(heads[row.fragment.person_id], row)]
        devices.sort(key=lambda row: (row.fragment.last_seen or 0, row.fragment.person_id), reverse=True)
        return devices[KEPT_AWAKE:]

    def _is_sealable(self, head: Head, row: StoredFragment) -> bool:
        """What others feed, and what feeds others, is more than its row says. Every decision must see all addresses."""
        rule = self._rules().namespaces.get(head.identifier.namespace) if head.identifier is not None else None
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
        for some in batched(rows, MOST_SEALED, strict=False):
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


def _unwritten(head: Head) -> StoredFragment:
    return StoredFragment(fragment=Fragment(person_id=head.person_id, identifier=str(head.identifier) if head.identifier else None))


def _unversioned(seal: Seal | None) -> Seal | None:
    return seal._replace(version=0) if seal is not None else None


def _version(stored: StoredFragment | None) -> int:
    return stored.version if stored is not None else 0
