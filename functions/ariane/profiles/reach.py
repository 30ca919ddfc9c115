"""Who is of a person, as far as has to be read one by one: level by level down the tree, stopping where a bundle covers what is below."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ariane.identity.model import Head
from ariane.identity.shapes import MOST_READ_APART
from ariane.identity.trees import Members
from ariane.profiles.bundles import Bundle, BundleReader


@dataclass(slots=True)
class Reach:
    heads: dict[str, Head] = field(default_factory=dict)
    """Of everybody who is to be read by himself, the root too."""
    bundles: list[Bundle] = field(default_factory=list)
    """Whose sums make up the rest; the root's own first, if it has one."""
    dissolved: dict[str, Bundle] = field(default_factory=dict)
    """Rows that were met and cover nothing now, by holder."""


def is_large(root: Head) -> bool:
    return root.summary is not None and sum(root.summary.counts.values()) > MOST_READ_APART


def reach(root: Head, identities: Members, bundles: BundleReader) -> Reach:
    """Levels are read one after the other: what was changed in between, the versions of what was read tell (``Bundle.counts``)."""
    found = Reach()
    frontier: Mapping[str, Head] = {root.person_id: root}
    while frontier:
        found.heads |= frontier
        parents = [head for head in frontier.values() if head.children]
        known = bundles.bundles([head.person_id for head in parents]) if parents else {}
        leaves: set[str] = set()
        below: set[str] = set()
        for head in parents:
            bundle = known.get(head.person_id)
            if bundle is not None and bundle.covers(head):
                found.bundles.append(bundle)
                leaves.update(bundle.awake)
                below.update(bundle.newest_of(head))
            else:
                found.dissolved |= {bundle.holder: bundle} if bundle is not None else {}
                below.update(identities.members(head.person_id))
        frontier = _read(identities, below - found.heads.keys())
        found.heads |= _read(identities, leaves - found.heads.keys() - frontier.keys())
    return found


def _read(identities: Members, person_ids: Collection[str]) -> dict[str, Head]:
    """A member that has no head of its own yet is a leaf."""
    heads = identities.heads(sorted(person_ids)) if person_ids else {}
    return {each: heads.get(each) or Head(person_id=each) for each in person_ids}
