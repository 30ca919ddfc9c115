"""Whose an event is: its home is the identifier whose person it belongs to, whatever person id it lies under in the log.

The log's key is the event's strongest identifier, computed without reading anything. The home differs from it where that one is a device
that several accounts share by then, where an operator's split names whose the events are that carry identifiers of both sides, and where
the brand's rules have changed since.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ariane.events.model import OWN_SOURCE, Event
from ariane.identity.epochs import Facts, later_self, mapped
from ariane.identity.facts import facts_of
from ariane.identity.identifiers import identifiers_of
from ariane.identity.ids import person_id
from ariane.identity.model import Head, Split
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import Heads, Paths, climb


class People(Heads, Protocol):
    def splits(self, ids: Collection[str]) -> Mapping[str, Split]:
        """Those that are stored, lifted ones too."""
        ...


class Home(NamedTuple):
    person_id: str
    identifier: Identifier | None
    """None: no identifier of the event says so, it is that of the log's key."""


type HomesOf = Callable[[Sequence[Event]], Sequence[Home]]
"""The homes of events, in their order."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Of events whose identifiers ``facts`` and the standing ``splits`` cover."""

    facts: Facts
    splits: Sequence[Split]
    rules: Rules
    key: bytes

    def of(self, event: Event) -> Home:
        identifiers = identifiers_in(event, self.rules)
        if not identifiers:
            return Home(event.person_id, None)
        anchor = mapped(identifiers, event.timestamp, self.facts, self.splits).anchor
        return Home(person_id(anchor, self.key), anchor)


class HomeReader:
    """Sees every merge, split and shared device that was committed before a call."""

    def __init__(self, people: People, *, rules: Callable[[], Rules], key: Callable[[], bytes]) -> None:
        self._people = people
        self._rules = rules
        self._key = key

    def __call__(self, events: Sequence[Event]) -> Sequence[Home]:
        homes = self._read({each for event in events for each in identifiers_in(event, self._rules())})
        return [homes.of(event) for event in events]

    def _read(self, identifiers: Collection[Identifier]) -> Homes:
        rules, key = self._rules(), self._key()
        ids = {each: person_id(each, key) for each in identifiers}
        paths = climb(self._people, ids.values())
        evidence = {each: paths.heads[own].evidence for each, own in ids.items() if own in paths.heads}
        return Homes(facts_of(evidence, rules), self._splits(paths, ids.values()), rules, key)

    def _splits(self, paths: Paths, ids: Iterable[str]) -> Sequence[Split]:
        roots = [paths.root_of(each) for each in ids]
        named = {split for root in roots if root.summary for split in root.summary.left | root.summary.right}
        return [each for each in self._people.splits(sorted(named)).values() if not each.is_lifted] if named else []


def identifiers_in(event: Event, rules: Rules) -> Sequence[Identifier]:
    """None of what the platform logs itself: that is about the person id that it lies under."""
    if event.source == OWN_SOURCE:
        return ()
    return identifiers_of(event.message, rules, kind=event.kind, default_country=rules.countries.get(event.source))


def possible_homes(event: Event, rules: Rules, key: bytes) -> set[str]:
    """Every person id that the event's home may be or have been, under these rules."""
    named = identifiers_in(event, rules)
    devices = [later_self(each) for each in named if rules.namespaces[each.namespace].is_device]
    return {event.person_id, *(person_id(each, key) for each in (*named, *devices))}


def is_shared(head: Head | None, identifier: Identifier, rules: Rules) -> bool:
    """Whether a device, whose head this is, has been used by a second account."""
    return head is not None and identifier in facts_of({identifier: head.evidence}, rules).shared_since
