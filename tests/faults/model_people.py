"""Who is one person, and whose each event is, by the log and the operators' splits alone: the reference over what the log asserts."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson

from ariane.identity.epochs import is_later, plain
from ariane.identity.ids import person_id
from ariane.identity.model import Assertion, Split
from ariane.identity.reference import Resolution, resolve
from ariane.identity.rules import Identifier, Rules
from tests.faults.model import Entry, Known, identifiers_in

type Group = frozenset[Identifier]


def assertion_in(entry: Entry) -> Assertion | None:
    """What the event says about who is who. None: it names nobody, as the platform's own events do."""
    identifiers = tuple(map(Identifier.parse, identifiers_in(entry)))
    if not identifiers:
        return None
    return Assertion(
        identifiers=identifiers,
        at=entry.at,
        is_trusted=entry.is_trusted,
        source=entry.source,
        message_id=str(entry.message["messageId"]),
        body_digest=hashlib.sha256(orjson.dumps(dict(entry.message), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16],
    )


@dataclass
class People:
    entries: Sequence[Entry]
    splits: Sequence[Split]
    rules: Rules
    key: bytes
    links: Sequence[Assertion] = ()
    """What operators asserted by hand."""

    @cached_property
    def assertions(self) -> list[Assertion]:
        """Of a single identifier, those that say something too."""
        found = (assertion_in(entry) for entry in self.entries)
        return [each for each in found if each is not None and (len(each.identifiers) > 1 or self._is_noted(each))] + [*self.links]

    def _is_noted(self, assertion: Assertion) -> bool:
        namespace = self.rules.namespaces[assertion.identifiers[0].namespace]
        is_windowed = namespace.limit is not None and namespace.limit.within_seconds is not None
        return is_windowed or (assertion.is_trusted and namespace.name in self.rules.protect)

    @cached_property
    def resolution(self) -> Resolution:
        return resolve(self.assertions, self.splits, self.rules)

    def home_of(self, entry: Entry) -> Identifier | None:
        identifiers = tuple(map(Identifier.parse, identifiers_in(entry)))
        return self.resolution.mapped(identifiers, entry.at).anchor if identifiers else None

    def home_id(self, entry: Entry) -> str:
        home = self.home_of(entry)
        return entry.pk if home is None else person_id(home, self.key)

    @cached_property
    def groups(self) -> list[Group]:
        """Everybody whom an event is about or names, alone or not."""
        found = {each for component in self.resolution.components for each in component}
        homes = {home for entry in self.entries if (home := self.home_of(entry)) is not None}
        named = {Identifier.parse(text) for entry in self.entries for text in identifiers_in(entry)}
        return [*self.resolution.components, *(frozenset({each}) for each in (homes | named) - found)]

    def known_by_home(self, entries: Iterable[Entry]) -> dict[str, Known]:
        found: dict[str, Known] = {}
        for entry in entries:
            if not entry.is_marked:
                found.setdefault(self.home_id(entry), Known()).add(entry)
        return found

    def ids_of(self, group: Group) -> dict[str, Identifier]:
        return {person_id(each, self.key): each for each in group}


def shown_as(identifier: Identifier) -> str:
    """As people read it: of a device in its later epoch, the device."""
    return str(plain(identifier)) if is_later(identifier) else str(identifier)


def sum_of(known: Mapping[str, Known], ids: Iterable[str]) -> Known:
    total = Known()
    for each in ids:
        if each in known:
            total.take(known[each])
    return total
