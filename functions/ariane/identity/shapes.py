"""Keeping on each root what tells how its tree has changed, so that what was summed up over its members can be told to be of now.

``Head.reshaped`` is another number whenever anything but roots joining this one happened to its tree; ``Head.newest`` are the last that
joined. Whoever has a sum over the tree as it was with ``n`` children knows by these two, without reading the members, who has come since.
"""

from collections.abc import Collection
from dataclasses import replace

from ariane.identity.commits import Commit
from ariane.identity.forests import Parents, trees
from ariane.identity.model import Head

SMALL = 16
"""Direct members up to which none of this is kept: such people are read whole."""
MOST_READ_APART = 24
"""Identifiers of a person up to which nobody sums them up."""
_NEWEST = 32
_EVERY = 8


def shaped(commit: Commit, affected: Collection[str] = ()) -> Commit:
    """``affected``: the heads whose trees have lost somebody or been turned about, where the commit takes anything apart."""
    if not commit.joined:
        return replace(commit, heads=tuple(_reshaped(head) if head.person_id in affected else head for head in commit.heads))
    new: dict[str, list[str]] = {}
    for child in commit.joined:
        new.setdefault(child.parent, []).append(child.child)
    is_union = not commit.left
    heads = tuple(_after(head, new.get(head.person_id, []), is_union=is_union, affected=affected) for head in commit.heads)
    return _with_sealing(replace(commit, heads=heads), new, affected)


def affected_by(before: Parents, after: Parents) -> set[str]:
    """Roots of trees that are others than they were, and whatever has another parent."""
    old, new = trees(before), trees(after)
    return {root for root, members in new.items() if old.get(root) != members} | {each for each in after if after[each] != before[each]}


def _after(head: Head, joined: Collection[str], *, is_union: bool, affected: Collection[str]) -> Head:
    if not is_union:
        return _reshaped(head) if head.person_id in affected else head
    if not joined:
        return head
    if head.parent is not None:
        return _reshaped(head)
    return replace(head, newest=(*head.newest, *sorted(joined))[-_NEWEST:] if head.children > SMALL else ())


def _reshaped(head: Head) -> Head:
    """The version is a number that it never had."""
    return replace(head, reshaped=head.version + 1, newest=())


def _with_sealing(commit: Commit, new: dict[str, list[str]], affected: Collection[str]) -> Commit:
    if commit.transition is None:
        return commit
    absorbed = {head.person_id: head for head in commit.heads if head.parent is not None}
    roots = [head.person_id for head in commit.heads if _is_to_be_sealed(head, new.get(head.person_id, []), absorbed, affected)]
    owner, transition = commit.transition
    return replace(commit, transition=(owner, replace(transition, sealing=tuple(sorted({*transition.sealing, *roots})))))


def _is_to_be_sealed(head: Head, joined: Collection[str], absorbed: dict[str, Head], affected: Collection[str]) -> bool:
    """Now and then as such a person grows, and when much has come at once."""
    if head.parent is not None or head.summary is None or sum(head.summary.counts.values()) <= MOST_READ_APART:
        return False
    if head.person_id in affected or any(each in absorbed and absorbed[each].children for each in joined):
        return True
    return (head.children - len(joined)) // _EVERY != head.children // _EVERY
