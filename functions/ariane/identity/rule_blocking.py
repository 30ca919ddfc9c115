"""What new rules take from people because it is blocked, and whether that is more than somebody can have meant."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ariane.identity.rule_evidence import BothWays, Turn
from ariane.identity.rules import Identifier, Rules

MOST_BLOCKED = 0.01
"""The share of the events, or of a namespace's identifiers, above which a warning is due."""
OTHERWISE = "a blocked value, a placeholder, or malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaced:
    namespace: str
    blocked: int
    named: int
    """Identifiers that events name under the present rules."""

    @property
    def share(self) -> float:
        return self.blocked / max(self.named, self.blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Identifiers that count under the present rules and are blocked, placeholders or malformed to the new ones."""

    identifiers: int = 0
    events: int = 0
    """That name at least one."""
    people: int = 0
    """Of now, who lose at least one."""
    by: Mapping[str, int] = field(default_factory=dict)
    """Pattern, or ``OTHERWISE`` -> how many identifiers it blocks; the most first."""
    namespaces: Sequence[Namespaced] = ()
    """Those that lose any, the largest share first."""

    @property
    def excessive(self) -> Sequence[Namespaced]:
        return [each for each in self.namespaces if each.share > MOST_BLOCKED]

    def is_excessive(self, events: int) -> bool:
        """Of so many events. One value that everybody names is few identifiers; a pattern may take many that are seldom named."""
        return bool(self.excessive) or self.events > MOST_BLOCKED * events


def blocked_in(both: BothWays, owners: Mapping[Identifier, Identifier]) -> Blocked:
    """``owners``: whose each identifier is under the present rules."""
    gone = {each for each, turn, _ in both.lost if turn is Turn.BLOCKED}
    named = Counter(each.namespace for each in both.before.named)
    return Blocked(
        identifiers=len(gone),
        events=both.touched[Turn.BLOCKED],
        people=len({owners[each] for each in gone if each in owners}),
        by=dict(Counter(_cause(each, both.after.rules) for each in sorted(gone)).most_common()),
        namespaces=_namespaces(gone, named),
    )


def _namespaces(gone: Collection[Identifier], named: Mapping[str, int]) -> Sequence[Namespaced]:
    counts = Counter(each.namespace for each in gone)
    rows = (Namespaced(namespace=name, blocked=count, named=named[name]) for name, count in counts.items())
    return tuple(sorted(rows, key=lambda each: (-each.share, each.namespace)))


def _cause(identifier: Identifier, rules: Rules) -> str:
    return next((each.pattern for each in rules.blocked_patterns if each.search(identifier.value)), OTHERWISE)
