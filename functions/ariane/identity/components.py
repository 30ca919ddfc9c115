"""What may be one person: summaries of components, and the rules that a component has to keep.

Every part of a legal set of identifiers is legal. A rule that is added here has to keep that: taking people apart must never break a rule.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from functools import reduce

from ariane.identity.epochs import Facts, Reason, plain
from ariane.identity.model import Side, Split, Summary
from ariane.identity.rules import Identifier, Limit, Rules
from ariane.instants import to_millis

MOST_IN_WINDOWED = 200
"""Values of a namespace with a windowed limit that one person may ever have: each one's first sighting lies in the head."""


def summary_of(identifier: Identifier, facts: Facts, splits: Iterable[Split], rules: Rules) -> Summary:
    """Of the identifier alone."""
    sides = [(split.id, split.side_of(identifier)) for split in splits if not split.is_lifted]
    seen = facts.sightings.get(identifier)
    return Summary(
        counts={identifier.namespace: 1},
        sightings={identifier.namespace: (to_millis(seen),)} if seen is not None else {},
        is_identified=rules.is_identified(identifier) or identifier in facts.protected,
        left=frozenset(split for split, side in sides if side is Side.LEFT),
        right=frozenset(split for split, side in sides if side is Side.RIGHT),
    )


def joined(summaries: Iterable[Summary]) -> Summary:
    """Of components without an identifier in common."""
    return reduce(_plus, summaries)


def violation(summary: Summary, rules: Rules) -> Reason | None:
    """The first rule that the component breaks; None: it is legal."""
    if summary.left & summary.right:
        return Reason.SPLIT
    for namespace in sorted(summary.counts):
        rule = rules.namespaces.get(namespace)
        if rule is not None and rule.is_unique and summary.counts[namespace] > 1:
            return Reason.UNIQUE
    for namespace in sorted(summary.counts):
        rule = rules.namespaces.get(namespace)
        if rule is not None and rule.limit is not None and _exceeds(summary, namespace, rule.limit):
            return Reason.LIMIT
    return Reason.COMPONENT_LIMIT if _contacts(summary, rules) > rules.component_limit else None


def refusal(anchor: Summary, other: Summary, *, is_trusted: bool, rules: Rules) -> Reason | None:
    """Why ``other`` may not join ``anchor`` on the word of one source; None: it may."""
    broken = violation(_plus(anchor, other), rules)
    if broken is None and not is_trusted and anchor.is_identified and other.is_identified:
        return Reason.UNTRUSTED
    return broken


def is_device(identifier: Identifier, rules: Rules) -> bool:
    rule = rules.namespaces.get(plain(identifier).namespace)
    return rule is not None and rule.is_device


def _contacts(summary: Summary, rules: Rules) -> int:
    devices = (rule.name for rule in rules.namespaces.values() if rule.is_device)
    return sum(summary.counts.values()) - sum(summary.counts.get(name, 0) for name in devices)


def _exceeds(summary: Summary, namespace: str, limit: Limit) -> bool:
    if summary.counts[namespace] <= limit.count:
        return False
    if limit.within_seconds is None or summary.counts[namespace] > MOST_IN_WINDOWED:
        return True
    return _is_crowded(summary.sightings.get(namespace, ()), limit.count, limit.within_seconds * 1000)


def _is_crowded(instants: Sequence[int], most: int, window: int) -> bool:
    return any(instants[place + most] - instants[place] < window for place in range(len(instants) - most))


def _plus(one: Summary, other: Summary) -> Summary:
    counts = dict(one.counts)
    for namespace, count in other.counts.items():
        counts[namespace] = counts.get(namespace, 0) + count
    return Summary(
        counts=counts,
        sightings=one.sightings if not other.sightings else _sightings(one, other),
        is_identified=one.is_identified or other.is_identified,
        left=one.left | other.left,
        right=one.right | other.right,
    )


def _sightings(one: Summary, other: Summary) -> dict[str, tuple[int, ...]]:
    found = {namespace: list(instants) for namespace, instants in one.sightings.items()}
    for namespace, instants in other.sightings.items():
        for instant in instants:
            insort(found.setdefault(namespace, []), instant)
    return {namespace: tuple(instants) for namespace, instants in found.items()}
