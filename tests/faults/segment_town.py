"""A town whose people are put into segments: the evaluating function, its queue, the bus that feeds it and the tick, beside all else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ariane.adapters.memory.backfills import MemoryBackfills, MemoryPeopleScan
from ariane.adapters.memory.segment_counts import MemorySegmentCounts
from ariane.adapters.memory.segment_rows import MemorySegmentRows
from ariane.conditions.observing import Observing
from ariane.definitions.customer_view import CustomerView
from ariane.instants import from_millis, to_millis
from ariane.profiles.announcing import Fact
from ariane.profiles.stitching import AskEvaluations
from ariane.segments.backfilling import BackfillDesk
from ariane.segments.jobs import message_of
from ariane.segments.worker import EvaluateWorker
from tests.builders.profiles import KEY
from tests.faults import segment_functions
from tests.faults.identity_world import PORTS, Town
from tests.faults.segment_brand import SETS, document
from tests.faults.segment_reference import everybody, unlike, unlisted
from tests.faults.shim import Shim

MOST_ROUNDS = 2_000


@dataclass
class Published:
    """Shared by all functions, as the definitions are."""

    number: int = 0
    document: Mapping[str, Any] = field(default_factory=dict)
    view: CustomerView = field(default_factory=CustomerView.built_in)
    told: int = 0
    """Facts of the bus that were carried to the queue."""
    bodies: list[str] = field(default_factory=list)
    """Messages that the bus brought, not yet taken."""


@dataclass
class SegmentTown(Town):
    published: Published = field(default_factory=Published)
    segment_rows: Any = field(default_factory=MemorySegmentRows)
    backfills: Any = field(default_factory=MemoryBackfills)
    people_scan: Any = None
    segment_counts: Any = field(default_factory=MemorySegmentCounts)

    def __post_init__(self) -> None:
        super().__post_init__()
        rows, fragments = self.segment_rows, self.fragments
        self.people_scan = self.people_scan or MemoryPeopleScan(
            lambda: segment_functions.fragment_ids(fragments), lambda: rows.rows, page=3
        )

    def through(self, shim: Shim) -> "SegmentTown":
        proxies: Any = {name: shim.wrap(name, getattr(self, name)) for name in (*PORTS, *segment_functions.PORTS)}
        return replace(self, **proxies)

    def publish(self, number: int) -> None:
        published = self.published
        published.number, published.document = number, document(number, published.document, self.now)
        published.view = CustomerView.from_document(published.document)

    @property
    def segments(self) -> Mapping[str, Any]:
        return SETS[self.published.number]

    @property
    def observing(self) -> Observing:
        return self.published.view.observing

    @property
    def asking(self) -> AskEvaluations:
        return segment_functions.asker(self._port, view=lambda: self.published.view, rules=lambda: self.rules, key=KEY).ask

    @property
    def evaluating(self) -> EvaluateWorker:
        view = lambda: self.published.view  # noqa: E731
        return segment_functions.evaluate_worker(
            self._port, view=view, fresh=view, rules=lambda: self.rules, key=KEY, clock=lambda: self.now
        )

    @property
    def backfill_desk(self) -> BackfillDesk:
        return segment_functions.backfill_desk(self._port, view=lambda: self.published.view, clock=lambda: self.now)

    def tick(self) -> None:
        segment_functions.due_waker(self._port, clock=lambda: self.now).wake()

    def _port(self, name: str) -> Any:
        return getattr(self, name)

    # what waits

    def carry(self) -> None:
        """What the bus has for the queue."""
        facts: Sequence[Fact] = self.announcer.facts
        for fact in facts[self.published.told :]:
            if fact.kind in segment_functions.IDENTITY_FACTS:
                self.published.bodies.append(segment_functions.body_of(segment_functions.IDENTITY_FACTS[fact.kind], fact))
        self.published.told = len(facts)

    def next_body(self, place: int) -> str | None:
        """Any of the messages that wait, which is taken away."""
        self.carry()
        queued, brought = self.evaluate_queue.messages, self.published.bodies
        if not queued and not brought:
            return None
        number = place % (len(queued) + len(brought))
        return message_of(queued.pop(number).job) if number < len(queued) else str(brought.pop(number - len(queued)))

    def put_back(self, body: str) -> None:
        self.published.bodies.append(body)

    # at rest

    def segment_problems(self) -> list[str]:
        """What is stored otherwise than the log and the splits say, now."""
        now, people = to_millis(self.now), self.people
        found, roots = list[str](), set[str]()
        for someone in everybody(people, self.segments):
            own = self.identities.root_of(min(people.ids_of(someone.group)))
            roots.add(own)
            found += unlike(someone, self.segment_rows.rows.get(own), now)
        return [*found, *unlisted(self.segment_rows.rows, self.segment_rows.listed, roots)]

    def next_change(self) -> int | None:
        """By time alone."""
        now = to_millis(self.now)
        found = [at for someone in everybody(self.people, self.segments) if (at := someone.next_change(now)) is not None]
        return min(found, default=None)

    def pass_to(self, millis: int) -> None:
        self.now = max(self.now, from_millis(millis) + timedelta(0))
