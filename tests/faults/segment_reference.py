"""What memberships must be, by the log, the splits and the naive reference of conditions alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ariane.identity.epochs import plain
from ariane.identity.ids import person_id
from ariane.segments.rows import Row
from tests.faults.model import Entry
from tests.faults.model_people import Group, People
from tests.reference.conditions import Naive
from tests.reference.person import Definitions, Happening, Person

type Json = Any


class Truth(NamedTuple):
    is_member: bool
    since: int | None
    """The last change at or before the instant; None: it has always been so."""


@dataclass
class Someone:
    """One person of the log."""

    people: People
    group: Group
    entries: Sequence[Entry]
    segments: Mapping[str, Json]

    def __post_init__(self) -> None:
        events = tuple(map(_happening, self.entries))
        named = min((str(plain(each)) for each in self.group), default="")
        self.naive = Naive(Person(events, (), self._identified_at(), named), Definitions({}, self.segments))

    def _identified_at(self) -> int | None:
        """The first event through an identifier that identifies; where none came through one, the first of all."""
        unique = {person_id(each, self.people.key) for each in self.group if self.people.rules.namespaces[each.namespace].is_unique}
        if not unique:
            return None
        through = [entry.millis for entry in self.entries if self.people.home_id(entry) in unique]
        return min(through or [entry.millis for entry in self.entries], default=None)

    def truth(self, segment: str, now: int) -> Truth:
        if not self.entries:
            return Truth(False, None)
        condition = self.segments[segment]
        changes = [at for at, _ in self.naive.changes(condition) if at <= now]
        return Truth(self.naive.holds(condition, now), changes[-1] if changes else None)

    def next_change(self, now: int) -> int | None:
        found = (at for condition in self.segments.values() for at, _ in self.naive.changes(condition) if at > now)
        return min(found, default=None)


def everybody(people: People, segments: Mapping[str, Json]) -> Iterator[Someone]:
    homes: dict[str, list[Entry]] = {}
    for entry in people.entries:
        if not entry.is_marked:
            homes.setdefault(people.home_id(entry), []).append(entry)
    for group in people.groups:
        yield Someone(people, group, [entry for own in people.ids_of(group) for entry in homes.get(own, ())], segments)


def unlike(someone: Someone, row: Row | None, now: int) -> Iterator[str]:
    """What a row says otherwise."""
    names = sorted(map(str, someone.group))
    first = someone.naive.person.first_seen
    for segment in someone.segments:
        truth, member = someone.truth(segment, now), row.memberships.get(segment) if row else None
        if truth.is_member is not (member is not None):
            yield f"seg: {names} in {segment}: {truth}, and the row has {member} (now {now})"
        elif member is not None and member.since != (truth.since if truth.since is not None else first):
            yield f"seg: {names} are in {segment} since {truth.since or first}, not {member.since}"
    if row:
        yield from (f"seg: {names} are in {each}, which is no segment" for each in row.memberships if each not in someone.segments)
    stage = row.stage.name if row and row.stage else "reach"
    expected = someone.naive.computing.value("lifecycle", now) if someone.entries else "reach"
    if stage != expected:
        yield f"seg: {names} are in the stage {expected}, not {stage}"


def unlisted(rows: Mapping[str, Row], listed: Mapping[str, Mapping[str, Any]], roots: Iterable[str]) -> Iterator[str]:
    """Each person's row lies under their root alone, and the lists are what the rows say."""
    for own in sorted(rows.keys() - {*roots}):
        if rows[own].memberships:
            yield f"seg: a row with memberships lies under {own}, who is no person"
    expected = {(name, own): (each.version, each.since) for own, row in rows.items() for name, each in row.memberships.items()}
    found = {(name, own): (each.version, each.since) for name, members in listed.items() for own, each in members.items()}
    for name, own in sorted(expected.keys() | found.keys()):
        if expected.get((name, own)) != found.get((name, own)):
            yield f"seg: the list of {name} has {own} as {found.get((name, own))}, the row as {expected.get((name, own))}"


def _happening(entry: Entry) -> Happening:
    message = entry.message
    traits = message.get("traits") if message["type"] == "identify" else (message.get("context") or {}).get("traits")
    return Happening(entry.millis, entry.name, entry.properties, traits or {})
