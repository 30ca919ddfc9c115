"""Writing a fragment that may be sealed: in one transaction with the bundle whose sum it leaves."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ariane.errors import Conflict, Rejected, Retryable
from ariane.identity.trees import Heads, climb
from ariane.profiles.bundles import Bundle, Waker, bundle_of
from ariane.profiles.fragments import Fragment, RoutedFragment, StoredFragment
from ariane.profiles.reach import is_large
from ariane.profiles.refold_marks import new_generation

MOST_AWAKE = 24
"""Members of a bundle that are awake; when there are more, the longest at rest are sealed again."""
_EVERY = 8
_ATTEMPTS = 5


def save_awake(
    before: StoredFragment, after: Fragment, bundles: Waker, *, sequence: str | None = None, routed: Sequence[RoutedFragment] = ()
) -> str | None:
    """Writes ``after`` over ``before``, which holds no more than it. Returns the holder of a bundle that has too many awake by now, or
    had to be dissolved.

    Raises Conflict."""
    stored = replace(before, fragment=after, sequence=sequence or before.sequence, seal=None)
    bundle = bundle_of(before.seal, bundles) if before.seal is not None else None
    if bundle is None:
        bundles.save(stored, routed=routed)
        return None
    left = bundle.without(before.fragment)
    try:
        bundles.save(stored, routed=routed, bundle=left)
    except Rejected:  # its row is full: the sealer will find out what to do about that
        unsealed(before, bundles)
        bundles.save(stored, routed=routed)
        return left.holder
    return left.holder if is_crowded(left) else None


def is_crowded(bundle: Bundle) -> bool:
    return len(bundle.awake) > MOST_AWAKE and len(bundle.awake) % _EVERY == 0


def awaken(person_id: str, bundles: Waker) -> None:
    """So that whoever reads its person reads it, too. Raises Retryable."""
    for _ in range(_ATTEMPTS):
        stored = bundles.load([person_id]).get(person_id)
        if stored is None or stored.seal is None:
            return
        try:
            save_awake(stored, stored.fragment, bundles)
        except Conflict:
            continue
    raise Retryable("fragment_contended", "other writers of the same fragment keep coming")


def unsealed(stored: StoredFragment, bundles: Waker, *, rest_until: datetime | None = None) -> StoredFragment:
    """Dissolves what it is sealed in: for whoever writes less into it than was there, or cannot wait for its turn. Raises Retryable."""
    if stored.seal is None:
        return stored
    for _ in range(_ATTEMPTS):
        bundle = bundle_of(stored.seal, bundles)
        if bundle is None:
            return replace(stored, seal=None)
        try:
            bundles.dissolve(bundle, generation=new_generation(), rest_until=rest_until)
        except Conflict:
            continue
    raise Retryable("fragment_contended", "other writers of the same fragment keep coming")


def dissolve_over(person_id: str, identities: Heads, bundles: Waker) -> tuple[str, ...]:
    """Dissolves every bundle that may still have something of a person id in its sum: for whoever writes less into its fragment than was
    there. Returns the holders, also of what was dissolved before: who did may not have heard of it. Raises Retryable."""
    paths = climb(identities, [person_id])
    if not is_large(paths.root_of(person_id)):
        return ()
    for _ in range(_ATTEMPTS):
        found = bundles.bundles(paths.path(person_id))
        standing = [bundle for bundle in found.values() if bundle.moved is None and (bundle.is_open or bundle.count)]
        try:
            for bundle in standing:
                bundles.dissolve(bundle, generation=new_generation())
        except Conflict:
            continue
        return tuple(bundle.holder for bundle in found.values() if bundle.moved is None)
    raise Retryable("fragment_contended", "other writers of the same fragment keep coming")
