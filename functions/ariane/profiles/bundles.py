"""Bundles: what is known through the devices of a person that have not been heard of lately, summed up in one row.

A person of very many identifiers has them as devices: browsers that renew their cookies, telephones. Reading each one's fragment whenever
something is decided would cost more with every one of them. So those at rest are *sealed*: their fragments stay as they are, whole, each
with a ``Seal`` that says which bundle counts it; the bundle holds the sum and the few members that are awake. The next event of a sealed
device *wakes* it: one transaction takes its counts out of the sum and writes the fragment without its seal.

A bundle is a cache and never the only place of anything. Its seals mean nothing when its generation is another: whoever would have to think
too hard about a change *dissolves* it first, readers fall back on reading every fragment, and the sealer sums up anew. Whom it covers is
told by ``reshaped`` and ``children`` of the head that it lies under (``identity.shapes``), as long as that is a root; below another root
``reach`` tells whether it may be asked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Protocol

from ariane.conditions.entries import without
from ariane.conditions.series import Observed
from ariane.identity.model import Head
from ariane.profiles.fragment_sums import known_of, plus
from ariane.profiles.fragments import Fragment, RoutedFragment, Seal, StoredFragment, Tally
from ariane.profiles.observed_bounds import bounded

MOST_OBSERVED = 4_096
"""Bytes of a bundle that are kept of what conditions ask for: each device that wakes writes all of them."""


class Moved(NamedTuple):
    """The bundle that took another one in."""

    holder: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    holder: str
    """The person id whose tree it covers, and under which it lies."""
    generation: int = 0
    """A random number; seals of another one mean nothing."""
    version: int = 0
    """0: not stored yet."""
    is_open: bool = False
    """It covers all of the tree as it was with these:"""
    reshaped: int = 0
    children: int = 0
    total: Fragment = field(default_factory=lambda: Fragment(person_id=""))
    """Its tallies add up over the sealed ones; traits, groups, ends and settings may stem from some that are awake by now,
    which changes nothing."""
    count: int = 0
    """Sealed devices."""
    awake: tuple[str, ...] = ()
    """Everybody else whom it covers, but the holder."""
    holders: tuple[str, ...] = ()
    """Of the sealed ones, those that hold runs, messages or consents, or may."""
    moved: Moved | None = None
    rest_until: datetime | None = None
    """Of a dissolved one: its devices are all busy, and are not to be summed up before."""

    def covers(self, head: Head) -> bool:
        """Whether it and ``newest_of`` tell everybody in the tree of ``head``, whose bundle this is."""
        is_same = self.is_open and self.moved is None and self.reshaped == head.reshaped
        return is_same and 0 <= head.children - self.children <= len(head.newest)

    def newest_of(self, head: Head) -> Sequence[str]:
        """Direct children that have joined since; each may have a tree of its own."""
        count = head.children - self.children
        return head.newest[-count:] if count else ()

    def seal(self) -> Seal:
        """Of what is sealed by the next write."""
        return Seal(self.holder, self.generation, self.version + 1)

    def counts(self, seal: Seal | None) -> bool:
        """Whether this reading of the bundle has a fragment with this seal in its sum."""
        return seal is not None and (seal.holder, seal.generation) == (self.holder, self.generation) and seal.version <= self.version

    def with_sealed(self, fragments: Collection[Fragment]) -> "Bundle":
        """All of them as possible holders: nothing can be written about them any more without waking them."""
        ids = {each.person_id for each in fragments}
        total = self.total
        for each in fragments:
            total = plus(total, each)
        return replace(
            self,
            total=bounded(known_of("", total), most=MOST_OBSERVED),
            count=self.count + len(ids),
            awake=tuple(each for each in self.awake if each not in ids),
            holders=tuple(dict.fromkeys((*self.holders, *sorted(ids)))),
        )

    def without(self, fragment: Fragment) -> "Bundle":
        """``fragment`` as it was sealed, which is to be read by itself from now on."""
        own = fragment.person_id
        return replace(
            self,
            total=replace(
                self.total,
                tallies=_less(self.total.tallies, fragment.tallies),
                overflow=_fewer(self.total.overflow, fragment.overflow),
                observed=_unobserved(self.total.observed, fragment.observed),
            ),
            count=self.count - 1,
            awake=(*self.awake, own),
            holders=tuple(each for each in self.holders if each != own),
        )

    def with_bundles(self, others: Iterable["Bundle"], awake: Iterable[str]) -> "Bundle":
        """With the sums of others, whose members are the holder's now; ``awake``: of all that are covered anew, those in no sum."""
        total, count, holders = self.total, self.count, [*self.holders]
        for each in others:
            total, count = plus(total, each.total), count + each.count
            holders += each.holders
        every = tuple(dict.fromkeys((*self.awake, *awake)))
        return replace(
            self, total=bounded(known_of("", total), most=MOST_OBSERVED), count=count, awake=every, holders=tuple(dict.fromkeys(holders))
        )


class BundleReader(Protocol):
    def bundles(self, holders: Collection[str]) -> Mapping[str, Bundle]:
        """Those that are stored; sees every write committed before the call. One that cannot be decoded is as if dissolved."""
        ...


class Waker(BundleReader, Protocol):
    """What writing a fragment that may be sealed takes."""

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]: ...

    def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = (), bundle: Bundle | None = None) -> None:
        """Writes it as ``stored.version + 1``, and with it ``routed`` (``MOST_ROUTED`` at most) and the bundle that it leaves, under
        its own version: all or nothing. Raises Conflict unless ``stored.version`` is what is there (0: nothing is)."""
        ...

    def dissolve(self, bundle: Bundle, *, generation: int, rest_until: datetime | None = None) -> None:
        """Whatever was written to it meanwhile, as long as its generation is the same and nothing took it in; ``generation`` is its next.
        Raises Conflict."""
        ...


class Bundles(Waker, Protocol):
    def put(self, bundle: Bundle, *, sealed: Sequence[StoredFragment] = (), absorbed: Sequence[Bundle] = ()) -> None:
        """Writes it as ``bundle.version + 1``, and with it ``sealed`` (with their seals) and ``absorbed`` bundles, each under its own
        version: all or nothing. Raises Conflict, Rejected (``bundle_too_large``)."""
        ...


MOST_SEALED = 90
"""Fragments, or bundles, that are written with a bundle: one DynamoDB transaction takes 100 actions."""


def bundle_of(seal: Seal, bundles: BundleReader) -> Bundle | None:
    """The bundle that has a fragment with this seal in its sum now; None: the seal means nothing any more."""
    holder, generation = seal.holder, seal.generation
    while True:
        bundle = bundles.bundles([holder]).get(holder)
        if bundle is None or bundle.generation != generation:
            return None
        if bundle.moved is None:
            return bundle
        holder, generation = bundle.moved


def expect_awake(stored: StoredFragment) -> None:
    """Writing a sealed fragment by itself would leave its old counts in the sum: a fault of who writes it."""
    if stored.seal is not None:
        raise AssertionError("a sealed fragment is written only with its bundle")


def _less(total: Mapping[str, Tally], part: Mapping[str, Tally]) -> dict[str, Tally]:
    """First and last stay: they are of the person's events all the same."""
    found = {name: tally._replace(times=tally.times - part[name].times) if name in part else tally for name, tally in total.items()}
    return {name: tally for name, tally in found.items() if tally.times > 0}


def _unobserved(total: Mapping[str, Observed], part: Mapping[str, Observed]) -> dict[str, Observed]:
    return {key: without(each, part[key]) if key in part else each for key, each in total.items()}


def _fewer(total: Mapping[str, int], part: Mapping[str, int]) -> dict[str, int]:
    found = {name: times - part.get(name, 0) for name, times in total.items()}
    return {name: times for name, times in found.items() if times > 0}
