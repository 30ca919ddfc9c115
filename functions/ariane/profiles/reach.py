"""Who is of a person, as far as has to be read one by one: level by level down the tree, stopping where a bundle covers what is below."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ariane.identity.model import Head
from ariane.identity.shapes import MOST_READ_APART
from ariane.identity.trees import Members
from ariane.profiles.bundles import Bundle, BundleReader


@dataclass(slots=True)
class Reach:
    most: int | None
    """How many identifiers the person has beside the root's own; None: the root does not say."""
    names: dict[str, str] = field(default_factory=dict)
    """Everybody who is to be read by himself, without the root: person id -> ``namespace:value``."""
    bundles: list[Bundle] = field(default_factory=list)
    """Whose sums make up the rest; the root's own first, if it has one."""

    @property
    def is_complete(self) -> bool:
        return len(self.names) + sum(bundle.count for bundle in self.bundles) == self.most

    def name(self, heads: Mapping[str, Head]) -> None:
        self.names |= {each: str(head.identifier) for each, head in heads.items() if head.identifier is not None}


def is_large(root: Head) -> bool:
    return root.summary is not None and sum(root.summary.counts.values()) > MOST_READ_APART


def reach(root: Head, identities: Members, bundles: BundleReader) -> Reach:
    """Levels are read one after the other: what was changed in between, the versions of what was read tell (``Bundle.counts``).

    What lies under a root that has been reshaped may have been changed there without a word on its own head, so a bundle is asked for only
    where nothing can have happened since its holder was absorbed: below who joined the last, and below who was never reshaped."""
    found = Reach(sum(root.summary.counts.values()) - 1 if root.summary else None)
    parents = [root] if root.children else []
    sound = {root.person_id}
    while parents:
        known = bundles.bundles([head.person_id for head in parents if head.person_id in sound])
        below: set[str] = set()
        for head in parents:
            bundle = known.get(head.person_id)
            if bundle is not None and bundle.covers(head):
                found.bundles.append(bundle)
                found.name(_heads(identities, bundle.awake))
                below.update(joined := bundle.newest_of(head))
                sound.update(joined)
            else:
                found.names |= (members := identities.members(head.person_id))
                below.update(members)
                sound.update(members if head.person_id in sound and not head.reshaped else ())
        heads = {} if found.is_complete else _heads(identities, below)
        found.name(heads)
        parents = [head for head in heads.values() if head.children]
    return found


def _heads(identities: Members, person_ids: Collection[str]) -> Mapping[str, Head]:
    return identities.heads(sorted(person_ids)) if person_ids else {}
