"""A split, or its lifting, that is too much for one commit: it is kept, and the background obeys it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import batched

from ariane.errors import Rejected
from ariane.identity.commits import Commit, Entry
from ariane.identity.components import summary_of
from ariane.identity.epochs import Facts
from ariane.identity.model import Cluster, Head, Split, Transition
from ariane.identity.resolving import cluster_id
from ariane.identity.rules import Identifier, Rules

_NO_FACTS = Facts()
_AT_ONCE = 45
"""Heads, or clusters, that one commit brings into the cluster that waits: two actions each."""


def waiting(
    rows: Collection[Cluster], roots: Iterable[Head], split: Split, rules: Rules, transition: Transition, own: str
) -> Iterator[Commit]:
    """``roots`` are all that the split's identifiers have by now: even those that nothing connects any more remember it. ``rows`` are their
    clusters, read after them. Who lies in the first of these and remembers the split is left as it is: its row guards them.

    The last commit holds the split and its transition; each before it brings some of them into quarantine, which by itself changes nobody.
    """
    known = list(roots)
    fresh = f"{transition.cause}/{sum(root.version for root in known)}"  # an attempt that died left the cluster of its own heads' versions
    row, *others = sorted(rows, key=lambda each: each.id) or [Cluster(id=cluster_id(fresh))]
    row = replace(row, quarantine=row.quarantine or "an operator's split of many identifiers")
    heads = [head for root in known if (head := _placed(root, row, split, rules)) != replace(root, last=None)]
    taken: list[Head | Cluster] = [*(replace(each, parent=row.id) for each in others), *heads]
    parts = list(batched(taken, _AT_ONCE, strict=False)) or [()]
    for number, part in enumerate(parts[:-1]):
        told = Transition(cause=f"{transition.cause}/{number}", at=transition.at, quarantined=row.id)
        yield replace(_brought(row, part), transition=(own, told))
        row = replace(row, version=row.version + 1)
    yield replace(_brought(row, parts[-1]), split=split, transition=(own, replace(transition, quarantined=row.id)))


def _brought(row: Cluster, part: Collection[Head | Cluster]) -> Commit:
    heads = tuple(each for each in part if isinstance(each, Head))
    clusters = tuple(each for each in part if isinstance(each, Cluster))
    named = (*(each.id for each in clusters), *(each.person_id for each in heads))
    return Commit(heads=heads, clusters=(row, *clusters), entries=tuple(Entry(row.id, each) for each in named))


def _placed(root: Head, row: Cluster, split: Split, rules: Rules) -> Head:
    """Marked for a lifted one too: the background learns from it whose events have to be folded again."""
    summary = root.summary or summary_of(_known(root), _NO_FACTS, (), rules)
    summary = replace(summary, left=summary.left | {split.id}, right=summary.right | {split.id})
    return replace(root, summary=summary, last=None, cluster=row.id)


def _known(head: Head) -> Identifier:
    if head.identifier is None:
        raise Rejected("identifier_alone", "identifiers: there is nothing to part this identifier from")
    return head.identifier
