"""What stitching works with, and stitching a batch of the log: person by person, a poison record parked, then all of it announced."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from traceback import walk_tb
from typing import Protocol

from ariane.conditions.observing import Observing
from ariane.errors import ArianeError, Retryable
from ariane.events.log import Page
from ariane.events.model import LogItem
from ariane.identity.clusters import Each
from ariane.identity.commits import IdentityStore
from ariane.identity.rules import Rules
from ariane.instants import Clock, utc_now
from ariane.privacy.consents import ConsentDecision, ConsentState
from ariane.profiles.admission import LogReader
from ariane.profiles.announcing import Announcer, Fact, Interest, Unannounceable
from ariane.profiles.bundles import Waker
from ariane.profiles.fragments import Route, StoredFragment, Unreadable
from ariane.profiles.reader import FragmentReader


@dataclass(frozen=True, slots=True)
class StreamRecord:
    item: LogItem
    sequence: str | None
    """The stream's number, which grows within one person id. None: a replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StitchDefinitions:
    rules: Rules
    interest: Interest
    observing: Observing = field(default_factory=Observing)
    """What is recorded of events for conditions."""


class Fragments(FragmentReader, Waker, Protocol):
    def homes_of(self, partition: str) -> Collection[str]:
        """The homes that events of a partition ever had beside itself; sees every write committed before the call."""
        ...

    def add_home(self, route: Route) -> None:
        """Idempotent. Comes before the first row of a route."""
        ...


class Log(LogReader, Protocol):
    def mark_duplicates(self, person_id: str, sort: str, places: Collection[int]) -> None: ...

    def scan(self, person_id: str, *, limit: int = 500, cursor: str | None = None) -> Page:
        """All items of a person id, page by page, by key; sees every write committed before the call."""
        ...

    def mark_refolded(self, person_id: str, marks: Sequence[tuple[str, str]]) -> None:
        """Adds an entry to the ``refolded`` of each item (by sort key); idempotent. Nothing happens where an item is gone."""
        ...


class Consents(Protocol):
    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]:
        """What stands under any of these ids; sees every decision committed before the call."""
        ...

    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        """Idempotent. Raises Conflict where ``root_id`` is no root any more."""
        ...

    def adopt(self, decision: ConsentDecision, *, root_id: str) -> None:
        """As ``record``, of a decision that may have been recorded here and released before. Raises Conflict likewise."""
        ...

    def release(self, decision: ConsentDecision, *, root_id: str) -> None:
        """The decision is another's: what stands here is again what it would be without it. Idempotent. Raises Conflict likewise."""
        ...


class Parking(Protocol):
    def park(self, item: LogItem, *, code: str, reason: str) -> None:
        """Keeps an item that cannot be stitched, once. Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    identities: IdentityStore
    fragments: Fragments
    log: Log
    consents: Consents
    each: Each = map
    """How the evidence of a cluster's members is asked for."""
    clock: Clock = utc_now
    """Tells how long a cluster stays shut while the background is at work on it."""


@dataclass(frozen=True, slots=True)
class Parked:
    person_id: str
    sort: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StitchReport:
    records: int
    announced: int
    parked: Sequence[Parked]


type PersonStitch = Callable[[Sequence[StreamRecord], StoredFragment | None, StitchDefinitions], Sequence[Fact]]
"""Stitches records of one person id and returns what is to be announced. See ``one_person``."""


type MergesOf = Callable[[LogItem, StitchDefinitions], Sequence[Fact]]
"""What earlier attempts at an item merged. Raises Retryable, and only that."""


type Read = Callable[[str], StoredFragment | None]
"""The fragment of a person id."""


type AskEvaluations = Callable[[Iterable[tuple[Sequence[StreamRecord], StoredFragment | None]]], None]
"""Given the records of each person, and the fragment as it was before them. Raises Retryable."""


class Stitcher:
    def __init__(
        self,
        *,
        person: PersonStitch,
        merges: MergesOf,
        fragments: FragmentReader,
        announcer: Announcer,
        parking: Parking,
        definitions: Callable[[], StitchDefinitions],
        evaluations: AskEvaluations | None = None,
    ) -> None:
        """``evaluations`` is asked when the fragments are written, and again whenever records come again."""
        self._person = person
        self._merges = merges
        self._fragments = fragments
        self._announcer = announcer
        self._parking = parking
        self._definitions = definitions
        self._evaluations = evaluations

    def stitch(self, records: Iterable[StreamRecord]) -> StitchReport:
        """Raises Retryable, and only that, where delivering the whole batch again can help."""
        definitions = self._current_definitions()
        people = _by_person(records)
        read = self._read_together(people)
        facts: list[Fact] = []
        parked: list[Parked] = []
        for theirs in people.values():
            facts += self._guarded(theirs, read, definitions, parked)
        self._ask_for_evaluations(people.values(), read, parked)
        parked += self._announced(facts, [record.item for theirs in people.values() for record in theirs])
        return StitchReport(records=sum(map(len, people.values())), announced=len(facts), parked=parked)

    def _ask_for_evaluations(self, people: Iterable[Sequence[StreamRecord]], read: Read, parked: Sequence[Parked]) -> None:
        """A parked record asks when it is stitched again."""
        if self._evaluations is None:
            return
        without = {(each.person_id, each.sort) for each in parked}
        left = ([each for each in theirs if (each.item.person_id, each.item.sort) not in without] for theirs in people)
        self._evaluations((theirs, read(theirs[0].item.person_id)) for theirs in left if theirs)

    def _announced(self, facts: Sequence[Fact], items: Sequence[LogItem]) -> Sequence[Parked]:
        """The items are parked of which the bus takes something under no circumstances: what they did is done, and stitched again they tell
        it again."""
        try:
            if facts:
                self._announcer.publish(facts)
        except Unannounceable as error:
            causes = {str(fact.detail.get("cause", "")) for fact in error.facts}
            found = [item for item in items if any(cause.startswith(f"{item.person_id}/{item.sort}/") for cause in causes)]
            return [self._park(item, error) for item in found or items]
        return []

    def _current_definitions(self) -> StitchDefinitions:
        try:
            return self._definitions()
        except Retryable:
            raise
        except ArianeError as error:
            raise Retryable("definitions_invalid", "the published definitions cannot be read") from error

    def _guarded(self, records: Sequence[StreamRecord], read: Read, definitions: StitchDefinitions, parked: list[Parked]) -> Sequence[Fact]:
        try:
            return self._person(records, read(records[0].item.person_id), definitions)
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: whatever a record provokes must not hold its shard up
            if len(records) == 1:
                parked.append(self._park(records[0].item, error))
                return self._merges(records[0].item, definitions)
        return [fact for record in records for fact in self._guarded([record], self._read_alone, definitions, parked)]

    def _read_together(self, people: Collection[str]) -> Read:
        """In one read. Where a fragment cannot be decoded each is read alone: its person's records are parked, which the log keeps and
        ``ariane rejects retry`` hands to stitch again once it is mended; nobody else waits for that."""
        try:
            return self._fragments.load(people).get
        except Unreadable:
            return self._read_alone

    def _read_alone(self, person_id: str) -> StoredFragment | None:
        return self._fragments.load([person_id]).get(person_id)

    def _park(self, item: LogItem, error: Exception) -> Parked:
        code = error.code if isinstance(error, ArianeError) else "stitch_failed"
        self._parking.park(item, code=code, reason=error.message if isinstance(error, ArianeError) else _place(error))
        return Parked(item.person_id, item.sort, code)


def _place(error: Exception) -> str:
    """The kind of a bug and where it is; never its text, which may quote the event."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{type(error).__name__} at {PurePath(frame.f_code.co_filename).name}:{line}"


def _by_person(records: Iterable[StreamRecord]) -> dict[str, list[StreamRecord]]:
    """In the order of the stream; a record that the batch holds twice counts once."""
    people: dict[str, dict[str, StreamRecord]] = {}
    for record in records:
        people.setdefault(record.item.person_id, {}).setdefault(record.item.sort, record)
    return {person_id: list(theirs.values()) for person_id, theirs in people.items()}
