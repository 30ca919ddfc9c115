"""Who is one person, computed from all assertions at once: sequential, pure, and the measure of everything that decides online."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from ariane.identity.components import joined, refusal, summary_of
from ariane.identity.epochs import Facts, Mapped, Reason, mapped
from ariane.identity.facts import evidence_of, facts_of
from ariane.identity.model import Assertion, Split, Summary
from ariane.identity.rules import Identifier, Rules

_LAST = datetime.max.replace(tzinfo=UTC)

type IdOf = Callable[[Identifier], str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """``identifier`` stayed apart from the person of ``assertion``."""

    assertion: Assertion
    identifier: Identifier
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    facts: Facts
    splits: Sequence[Split]
    components: Sequence[frozenset[Identifier]]
    """Every identifier that an assertion names is in exactly one, but for shared devices: in its first epoch a device is in one only where
    it was named before it was shared, in its later one only where an event is that epoch's."""
    clusters: Sequence[frozenset[Identifier]]
    """What assertions connect, accepted or refused."""
    refusals: Sequence[Refusal]
    assertions: Sequence[Assertion]
    """Those that stand, in order: of every set and trust the earliest."""

    def mapped(self, identifiers: Sequence[Identifier], at: datetime) -> Mapped:
        return mapped(identifiers, at, self.facts, self.splits)

    def component_of(self) -> dict[Identifier, frozenset[Identifier]]:
        return {identifier: component for component in self.components for identifier in component}


def resolve(assertions: Iterable[Assertion], splits: Iterable[Split], rules: Rules, *, facts: Facts | None = None) -> Resolution:
    """DESIGN: assertions in order, each next identifier joins its anchor's component where that is legal. ``facts`` where more is known of
    the identifiers than these assertions say: of a part of all of them."""
    standing = in_order(assertions)
    known = facts_of(evidence_of(standing, rules), rules) if facts is None else facts
    kept = [split for split in splits if not split.is_lifted]
    work = _Work(known, kept, rules)
    refusals = [each for assertion in standing for each in work.take(assertion)]
    return Resolution(
        facts=known,
        splits=kept,
        components=work.people.sets(),
        clusters=work.clusters.sets(),
        refusals=refusals,
        assertions=standing,
    )


def in_order(assertions: Iterable[Assertion]) -> list[Assertion]:
    """Of every (trust, set) the earliest, in sequence."""
    earliest: dict[str, Assertion] = {}
    for assertion in assertions:
        digest = assertion.digest
        if digest not in earliest or assertion.precedence < earliest[digest].precedence:
            earliest[digest] = assertion
    return sorted(earliest.values(), key=lambda each: each.sequence)


def root_of(
    component: Iterable[Identifier], first_at: Mapping[Identifier, datetime], facts: Facts, rules: Rules, id_of: IdOf
) -> Identifier:
    """The smallest by (identified first, oldest first assertion, id)."""
    return min(component, key=lambda each: rank(each, first_at.get(each), facts, rules, id_of))


def rank(identifier: Identifier, first_at: datetime | None, facts: Facts, rules: Rules, id_of: IdOf) -> tuple[bool, datetime, str]:
    is_identified = rules.is_identified(identifier) or identifier in facts.protected
    return not is_identified, first_at or _LAST, id_of(identifier)


def first_assertions(assertions: Iterable[Assertion], facts: Facts, splits: Sequence[Split] = ()) -> dict[Identifier, datetime]:
    """Of every identifier, and every device in its later epoch, the time of the first assertion that names it."""
    first: dict[Identifier, datetime] = {}
    for assertion in assertions:
        reading = mapped(assertion.identifiers, assertion.at, facts, splits)
        for each in (*assertion.identifiers, reading.anchor):
            first[each] = min(first.get(each, assertion.at), assertion.at)
    return first


class _Work:
    def __init__(self, facts: Facts, splits: Sequence[Split], rules: Rules) -> None:
        self._facts = facts
        self._splits = splits
        self._rules = rules
        self.people = _Sets()
        self.clusters = _Sets()
        self._summaries: dict[Identifier, Summary] = {}

    def take(self, assertion: Assertion) -> list[Refusal]:
        reading = mapped(assertion.identifiers, assertion.at, self._facts, self._splits)
        for one in (*reading.linking, *(each for each, reason in reading.dropped.items() if reason is Reason.HUB)):
            self._meet(one)
        for one, other in pairwise(reading.linking):
            self.clusters.join(one, other)
        refused = dict(reading.dropped)
        for other in reading.others:
            reason = self._join(reading.anchor, other, is_trusted=assertion.is_trusted)
            if reason is not None:
                refused[other] = reason
        return [Refusal(assertion, identifier, reason) for identifier, reason in refused.items()]

    def _meet(self, identifier: Identifier) -> None:
        self.clusters.meet(identifier)
        if self.people.meet(identifier):
            self._summaries[identifier] = summary_of(identifier, self._facts, self._splits, self._rules)

    def _join(self, anchor: Identifier, other: Identifier, *, is_trusted: bool) -> Reason | None:
        one, two = self.people.leader(anchor), self.people.leader(other)
        if one == two:
            return None
        reason = refusal(self._summaries[one], self._summaries[two], is_trusted=is_trusted, rules=self._rules)
        if reason is None:
            both = joined([self._summaries.pop(one), self._summaries.pop(two)])
            self._summaries[self.people.join(one, two)] = both
        return reason


class _Sets:
    """Disjoint sets, the smaller into the larger."""

    def __init__(self) -> None:
        self._leader: dict[Identifier, Identifier] = {}
        self._sets: dict[Identifier, set[Identifier]] = {}

    def meet(self, identifier: Identifier) -> bool:
        """Whether it is new."""
        if identifier in self._leader:
            return False
        self._leader[identifier] = identifier
        self._sets[identifier] = {identifier}
        return True

    def leader(self, identifier: Identifier) -> Identifier:
        return self._leader[identifier]

    def join(self, one: Identifier, other: Identifier) -> Identifier:
        """The leader of both from now on."""
        one, other = self._leader[one], self._leader[other]
        if one == other:
            return one
        big, small = (one, other) if len(self._sets[one]) >= len(self._sets[other]) else (other, one)
        moved = self._sets.pop(small)
        self._sets[big] |= moved
        self._leader.update(dict.fromkeys(moved, big))
        return big

    def sets(self) -> list[frozenset[Identifier]]:
        return [frozenset(each) for each in self._sets.values()]
