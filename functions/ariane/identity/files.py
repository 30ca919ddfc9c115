"""Who is one person in a file of events: ``ariane identity resolve``, and who each event's person is. Pure: lines in, people out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ariane.errors import Rejected
from ariane.events.lines import LineEvent, read_line
from ariane.events.model import Event
from ariane.identity.clusters import BOUND
from ariane.identity.epochs import Reason, is_later, later_self, plain
from ariane.identity.ids import DRY_RUN_KEY, person_id
from ariane.identity.linking import assertion_of, is_asserting
from ariane.identity.model import Assertion
from ariane.identity.reference import Resolution, first_assertions, resolve, root_of
from ariane.identity.rules import Identifier, Rules

_DROPPED = (Reason.SHARED_DEVICE, Reason.HUB)
"""What links nothing is in no conflict."""

type Person = frozenset[Identifier]
type _Copy = tuple[datetime, str]
"""When, and a digest of what it says: of copies the smallest stands."""


@dataclass(frozen=True, slots=True)
class RejectedLine:
    line: int
    """From 1."""
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Happened:
    at: datetime
    digest: str
    message_id: str
    identifiers: tuple[Identifier, ...]
    kept: Any = None

    @property
    def order(self) -> _Copy:
        return self.at, self.digest


@dataclass(frozen=True, slots=True)
class FilePerson:
    id: str
    """With the published key of dry runs."""
    root: Identifier
    """Whose id it is."""
    identifiers: tuple[Identifier, ...]
    """By priority."""
    events: tuple[tuple[datetime, Identifier, Any], ...]
    """Theirs, by time: when, the identifier whose each is, and what was kept of it. None at all: named and refused everywhere."""


@dataclass(slots=True)
class EventFile:
    """Takes the lines in one by one and keeps what decides: distinct assertions, and when and by whom each event was."""

    rules: Rules
    keep: Callable[[Event], Any] = lambda _: None
    """What is to be kept of an event, beside when and whose it was."""
    is_due: Callable[[Event], bool] = lambda _: True
    """Events that are not are left out, as if the file ended before them."""
    lines: int = 0
    left_out: int = 0
    """Of bots, and aliases of an id to itself."""
    rejected: list[RejectedLine] = field(default_factory=list)
    _events: dict[tuple[str, str], _Happened] = field(default_factory=dict)
    """(source, message id) -> the earliest copy."""
    _assertions: dict[tuple[bool, tuple[Identifier, ...]], Assertion] = field(default_factory=dict)
    _names: dict[tuple[Identifier, ...], tuple[Identifier, ...]] = field(default_factory=dict)
    """The same few sets come again and again."""

    def add(self, line: bytes) -> None:
        self.lines += 1
        try:
            found = read_line(line, self.rules)
        except Rejected as error:
            self.rejected.append(RejectedLine(self.lines, error.code, error.message))
            return
        if found is None:
            self.left_out += bool(line.strip())
        elif self.is_due(found.event):
            self._take(found)

    def _take(self, found: LineEvent) -> None:
        """A copy's word counts too: which of several stands must not decide who is one person."""
        names = self._names.setdefault(found.identifiers, found.identifiers)
        said = assertion_of(found.event, names)
        known = self._assertions.get((said.is_trusted, names))
        if known is None or said.order < known.order:
            self._assertions[said.is_trusted, names] = said
        happened = _Happened(said.at, said.body_digest, said.message_id, names, self.keep(found.event))
        copy = self._events.setdefault((said.source, said.message_id), happened)
        if happened.order < copy.order:
            self._events[said.source, said.message_id] = happened

    def report(self) -> dict[str, Any]:
        """``{"profiles", "demoted", "quarantined"}``; docs/concepts/identity-reference.md says what each holds and in which order."""
        resolution = resolve(self._assertions.values(), (), self.rules)
        return {
            "profiles": self._profiles(resolution),
            "demoted": [
                {"event": each.assertion.message_id, "identifier": str(each.identifier), "reason": each.reason.value}
                for each in resolution.refusals
            ],
            "quarantined": self._quarantined(resolution),
        }

    def people(self) -> Iterator[FilePerson]:
        """Everybody, by their first events; those without any at the end."""
        resolution = resolve(self._assertions.values(), (), self.rules)
        for events, root, person in self._rows(resolution):
            named = tuple(plain(each) for each in sorted(person, key=self.rules.rank))
            anchored = ((each, resolution.mapped(each.identifiers, each.at).anchor) for each in events)
            own = next(each for each in person if _id_of(each) == root)
            yield FilePerson(root, plain(own), named, tuple((each.at, plain(anchor), each.kept) for each, anchor in anchored))

    def _profiles(self, resolution: Resolution) -> list[dict[str, Any]]:
        """By their first events; those without any at the end."""
        return [self._profile(root, person, events) for events, root, person in self._rows(resolution)]

    def _rows(self, resolution: Resolution) -> list[tuple[list[_Happened], str, Person]]:
        theirs = self._by_person(resolution)
        together = (each for each in resolution.assertions if len(each.identifiers) > 1)
        first = first_assertions(together, resolution.facts)
        rows = [(events, self._root(person, resolution, first), person) for person, events in theirs.items()]
        rows.sort(key=lambda row: (not row[0], *((row[0][0].order, row[0][0].message_id) if row[0] else ()), row[1]))
        return rows

    def _by_person(self, resolution: Resolution) -> dict[Person, list[_Happened]]:
        """Everybody whom an event names, with the events in the order of time. What is in no component is a device that was shared from the
        first: only its later self is anybody."""
        person_of = resolution.component_of()
        theirs: dict[Person, list[_Happened]] = {person: [] for person in resolution.components}
        for happened in sorted(self._events.values(), key=lambda each: (each.order, each.message_id)):
            anchor = resolution.mapped(happened.identifiers, happened.at).anchor
            theirs.setdefault(person_of.get(anchor, frozenset([anchor])), []).append(happened)
        shared = {later_self(each) for names in self._names for each in names if each not in person_of}
        theirs.update({frozenset([each]): [] for each in shared if frozenset([each]) not in theirs})
        return theirs

    def _root(self, person: Person, resolution: Resolution, first: Mapping[Identifier, datetime]) -> str:
        return person_id(root_of(person, first, resolution.facts, self.rules, _id_of), DRY_RUN_KEY)

    def _profile(self, root: str, person: Person, events: Sequence[_Happened]) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": root, "identifiers": self._texts(person), "events": [each.message_id for each in events]}
        return shown | ({"epoch": 1} if any(map(is_later, person)) else {})

    def _quarantined(self, resolution: Resolution) -> list[dict[str, Any]]:
        """Online these wait for the background, which comes to the same result."""
        cluster_of = {each: number for number, cluster in enumerate(resolution.clusters) for each in cluster}
        sizes = Counter(self._clusters_of_stored(resolution, cluster_of))
        refused = {cluster_of[each.identifier] for each in resolution.refusals if each.reason not in _DROPPED}
        large = [resolution.clusters[number] for number, size in sizes.items() if size > BOUND and number in refused]
        rows = [{"identifiers": self._texts(cluster), "reason": f"over {BOUND} assertions in conflict"} for cluster in large]
        return sorted(rows, key=lambda row: row["identifiers"])

    def _clusters_of_stored(self, resolution: Resolution, cluster_of: Mapping[Identifier, int]) -> Iterator[int]:
        """Of each assertion that is stored online."""
        for said in resolution.assertions:
            if is_asserting(said.identifiers, self.rules, is_trusted=said.is_trusted):
                yield cluster_of[resolution.mapped(said.identifiers, said.at).anchor]

    def _texts(self, identifiers: Person) -> list[str]:
        return [str(plain(each)) for each in sorted(identifiers, key=self.rules.rank)]


def _id_of(identifier: Identifier) -> str:
    return person_id(identifier, DRY_RUN_KEY)
