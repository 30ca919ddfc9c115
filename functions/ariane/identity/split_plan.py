"""What a split would make of everybody, computed as laying it down does, and not committed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ariane.identity.epochs import Facts
from ariane.identity.model import Split
from ariane.identity.resolving import Resolving, straddles
from ariane.identity.rules import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    split: Split
    people: Sequence[frozenset[Identifier]] | None
    """Those that the person's identifiers would be; with whoever else is or would be one with them. None: it is too much to be worked out
    at once, the background would."""
    facts: Facts
    splits: Sequence[Split]
    """All that would stand."""
    shared: Sequence[str]
    """Partitions of the log that hold events that name identifiers of both sides."""


def planned(split: Split, resolving: Resolving | None, id_of: Callable[[Identifier], str]) -> SplitPlan:
    if resolving is None:
        return SplitPlan(split=split, people=None, facts=Facts(), splits=(split,), shared=())
    both = [each.identifiers for each in resolving.resolution.assertions if straddles(split, each.identifiers)]
    return SplitPlan(
        split=split,
        people=_people(split, resolving),
        facts=resolving.facts,
        splits=resolving.news.splits,
        shared=sorted({id_of(identifiers[0]) for identifiers in both}),
    )


def _people(split: Split, resolving: Resolving) -> list[frozenset[Identifier]]:
    names = {each: head.identifier for each, head in resolving.view.heads.items()}
    groups = [frozenset(name for each in group if (name := names[each]) is not None) for group in resolving.groups]
    own = split.left | split.right
    return sorted((group for group in groups if group & own), key=lambda group: (not group & split.left, min(group)))
