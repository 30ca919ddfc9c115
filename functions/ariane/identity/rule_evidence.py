"""What a log says under two sets of rules: the assertions of each, and of which event each one is.

Kept are the distinct assertions and, of every identifier, how many events name it: never the events.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ariane.events.model import Event, SourceKind
from ariane.identity.identifiers import MAX_IDENTIFIERS, identifiers_of, normalise
from ariane.identity.linking import assertion_of, is_asserting
from ariane.identity.model import Assertion
from ariane.identity.rules import Identifier, Rules

type Provenance = tuple[str, str, str]
"""Source, message id and body digest: the event that an assertion is of."""

type Events = Callable[[], Iterable[Event]]
"""Reads them all, in any order; again at each call. Those of bots are left out, copies are not: a copy links as its first did."""


class Turn(StrEnum):
    """Why events name an identifier under one set of rules alone."""

    NAMESPACE = "namespace"
    """The other rules do not know its namespace."""
    BLOCKED = "blocked"
    """To the other rules its value is blocked, a placeholder or malformed."""
    NORMALISER = "normaliser"
    """The other rules write it otherwise."""
    PLACE = "place"
    """The other rules do not read where it stands, or have stronger ones for all that an event may name."""


type Key = tuple[bool, tuple[Identifier, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One set of rules, and what is said under it."""

    rules: Rules
    earliest: dict[Key, Assertion] = field(default_factory=dict)
    """(trusted, identifiers) -> the earliest assertion of them."""
    named: Counter[Identifier] = field(default_factory=Counter)
    """How many events name each identifier."""
    altered: list[Assertion] = field(default_factory=list)
    """As they are stored, those of no event in the log that these rules say otherwise: nothing else remembers how they were."""

    def names(self, event: Event) -> tuple[Identifier, ...]:
        return identifiers_of(event.message, self.rules, kind=event.kind, default_country=self.rules.countries.get(event.source))

    def add(self, assertion: Assertion) -> None:
        key = (assertion.is_trusted, assertion.identifiers)
        known = self.earliest.get(key)
        if known is None or assertion.precedence < known.precedence:
            self.earliest[key] = assertion

    def hear(self, event: Event, identifiers: tuple[Identifier, ...], *, is_trusted: bool) -> None:
        """Only what may be earlier than what is known is made an assertion of: digesting a body takes time."""
        if not is_asserting(identifiers, self.rules, is_trusted=is_trusted):
            return
        known = self.earliest.get((is_trusted, identifiers))
        if known is None or event.timestamp <= known.at:
            self.add(assertion_of(event, identifiers))

    def recall(self, assertion: Assertion, kinds: Mapping[str, SourceKind]) -> None:
        renewed = renormalised(assertion, self.rules, kinds=kinds)
        if renewed is not None:
            self.add(renewed)
        if renewed is None or set(renewed.identifiers) != set(assertion.identifiers):
            self.altered.append(assertion)
        self.named.update(dict.fromkeys(_still(assertion, self.rules), 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BothWays:
    before: Side
    after: Side
    lost: Counter[tuple[Identifier, Turn, Identifier | None]] = field(default_factory=Counter)
    """An identifier that events name under the old rules alone, why, and what stands in its place under the new -> how many events."""
    gained: Counter[tuple[Identifier, Turn]] = field(default_factory=Counter)
    """Those that stand in no other's place."""
    touched: Counter[Turn] = field(default_factory=Counter)
    """Why events name less than before -> how many events."""
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored beside the log: it outlives the log's events."""

    assertions: Sequence[Assertion] = ()
    kinds: Mapping[str, SourceKind] = field(default_factory=dict)
    """Of the sources: a store's devices are nobody's."""


def heard(events: Events, stored: Stored, *, before: Rules, after: Rules) -> BothWays:
    """Of an assertion whose event is in the log, the event decides; of any other, what is stored, normalised by the new rules."""
    both = BothWays(before=Side(rules=before), after=Side(rules=after))
    unseen = _Unseen(stored.assertions)
    total = 0
    for event in events():
        total += 1
        unseen.see(event, _taken(both, event))
    for assertion in unseen.left():
        both.before.add(assertion)
        both.before.named.update(dict.fromkeys(assertion.identifiers, 0))
        both.after.recall(assertion, stored.kinds)
    return replace(both, events=total)


def said(events: Events, stored: Stored, rules: Rules) -> Side:
    """The new rules' side alone."""
    side = Side(rules=rules)
    unseen = _Unseen(stored.assertions)
    for event in events():
        names = side.names(event)
        side.hear(event, names, is_trusted=event.is_trusted)
        unseen.see(event, names)
    for assertion in unseen.left():
        side.recall(assertion, stored.kinds)
    return side


class _Unseen:
    """Stored assertions whose events are not in the log: they expired, or an operator made them."""

    def __init__(self, assertions: Iterable[Assertion]) -> None:
        self._left: dict[Provenance, set[Assertion]] = {}
        for each in assertions:
            self._left.setdefault(provenance_of(each), set()).add(each)
        self._wanted = {(source, message_id) for source, message_id, _ in self._left}

    def see(self, event: Event, names: tuple[Identifier, ...]) -> None:
        if (event.source, event.message_id) in self._wanted:
            self._left.pop(provenance_of(assertion_of(event, names)), None)

    def left(self) -> Iterator[Assertion]:
        return (each for theirs in self._left.values() for each in theirs)


def _taken(both: BothWays, event: Event) -> tuple[Identifier, ...]:
    old, new = both.before.names(event), both.after.names(event)
    both.before.hear(event, old, is_trusted=event.is_trusted)
    both.after.hear(event, new, is_trusted=event.is_trusted)
    both.before.named.update(old)
    both.after.named.update(new)
    if old != new:
        _compare(both, event, set(old) - set(new), set(new) - set(old))
    return new


def _compare(both: BothWays, event: Event, gone: Collection[Identifier], come: Collection[Identifier]) -> None:
    earlier = {_written(each, event, both.before.rules): each for each in come}
    later = {each: _written(each, event, both.after.rules) for each in gone}
    replaced = {each: written if written in come else earlier.get(each) for each, written in later.items()}
    turns = {each: Turn.NORMALISER if becomes else _turn(each, later[each], both.after.rules) for each, becomes in replaced.items()}
    for each, becomes in replaced.items():
        both.lost[each, turns[each], becomes] += 1
    both.touched.update(set(turns.values()))
    for each in set(come) - set(replaced.values()):
        both.gained[each, _turn(each, _written(each, event, both.before.rules), both.before.rules)] += 1


def _written(identifier: Identifier, event: Event, rules: Rules) -> Identifier | None:
    return normalise(identifier.namespace, identifier.value, rules, default_country=rules.countries.get(event.source))


def _turn(identifier: Identifier, elsewhere: Identifier | None, rules: Rules) -> Turn:
    """``elsewhere`` is how the other ``rules`` write it."""
    if identifier.namespace not in rules.namespaces:
        return Turn.NAMESPACE
    if elsewhere is None:
        return Turn.BLOCKED
    return Turn.PLACE if elsewhere == identifier else Turn.NORMALISER


def provenance_of(assertion: Assertion) -> Provenance:
    return assertion.source, assertion.message_id, assertion.body_digest


def renormalised(assertion: Assertion, rules: Rules, *, kinds: Mapping[str, SourceKind]) -> Assertion | None:
    """As its event would be read under ``rules``, as far as what is stored of it tells. None: it says nothing any more."""
    ordered = sorted(_still(assertion, rules), key=rules.rank)
    if kinds.get(assertion.source) is SourceKind.STORE:
        ordered = [each for each in ordered if not rules.is_device(each)] or ordered[:1]
    names = tuple(ordered[:MAX_IDENTIFIERS])
    return replace(assertion, identifiers=names) if is_asserting(names, rules, is_trusted=assertion.is_trusted) else None


def _still(assertion: Assertion, rules: Rules) -> set[Identifier]:
    country = rules.countries.get(assertion.source)
    found = (normalise(each.namespace, each.value, rules, default_country=country) for each in assertion.identifiers)
    return {each for each in found if each is not None}
