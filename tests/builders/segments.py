"""A segments world in memory: what is stitched is evaluated, as the queue, the bus and the tick would have it, under a clock of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from pydantic import TypeAdapter

from ariane.adapters.memory.backfills import MemoryBackfills, MemoryPeopleScan
from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.adapters.memory.segment_counts import MemorySegmentCounts
from ariane.adapters.memory.segment_rows import MemorySegmentRows
from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.computed import BUILT_IN, LIFECYCLE
from ariane.conditions.model import Condition
from ariane.conditions.observing import Asked, Observing
from ariane.definitions.customer_view import CustomerView, Segment
from ariane.events.model import LogItem
from ariane.instants import from_millis, to_millis
from ariane.profiles.announcing import PROFILE_MERGED, PROFILE_SPLIT, Fact
from ariane.profiles.asked_person import Asking
from ariane.profiles.one_person import merges_of, stitch_person
from ariane.profiles.parking import RejectParking
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import RefoldReport, refold
from ariane.profiles.stitching import StitchDefinitions, Stitcher, Stores, StreamRecord
from ariane.segments.asking import EvaluationAsker
from ariane.segments.backfilling import PARTS, BackfillDesk, BackfillWorker
from ariane.segments.completing import Completing
from ariane.segments.counting import take_count
from ariane.segments.deciding import ENTERED, EXITED, LIFECYCLE_CHANGED
from ariane.segments.evaluating import Evaluator, World
from ariane.segments.jobs import BackfillJob, message_of
from ariane.segments.reading_ahead import ReadAhead
from ariane.segments.rows import Row
from ariane.segments.sweeping import DueWaker, Sweep
from ariane.segments.worker import EvaluateWorker, Taken
from tests.builders.profiles import KEY, NOON, RULES, Stack, prs

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
LONG_AGO = NOON - timedelta(days=1_000)


def segment(name: str, condition: Mapping[str, Any], *, published_at: datetime = LONG_AGO, version: str = "v1", **more: Any) -> Segment:
    parsed = _CONDITION.validate_json(orjson.dumps(condition))
    return Segment(name=name, condition=parsed, version=version, published_at=published_at, **more)


def view_of(*segments: Segment, epoch: int = 1) -> CustomerView:
    """With everything that they ask for recorded since ``epoch``."""
    catalogue = Catalogue(BUILT_IN, {each.name: each.condition for each in segments})
    asked = needs((each.condition for each in segments), catalogue, traits=[*BUILT_IN, LIFECYCLE])
    series = tuple(Asked(series, keep, epoch) for series, keep in asked.series.items())
    observing = Observing(epoch, series, dict.fromkeys(asked.traits, epoch))
    return CustomerView(catalogue, observing, {each.name: each for each in segments})


@dataclass
class SegmentWorld:
    view: CustomerView = field(default_factory=view_of)
    stack: Any = field(default_factory=Stack)
    rows: Any = field(default_factory=MemorySegmentRows)
    queue: Any = field(default_factory=MemoryEvaluateQueue)
    counts: Any = field(default_factory=MemorySegmentCounts)
    backfills: Any = field(default_factory=MemoryBackfills)
    now: datetime = NOON
    """Moved by tests."""

    def __post_init__(self) -> None:
        self.stack.observing = self.view.observing
        self._told = 0

    def publish(self, *segments: Segment, epoch: int = 1) -> None:
        self.view = view_of(*segments, epoch=epoch)
        self.stack.observing = self.view.observing

    def clock(self) -> datetime:
        return self.now

    @property
    def stores(self) -> Stores:
        return Stores(identities=self.stack.identities, fragments=self.stack.fragments, log=self.stack.log, consents=self.stack.consents)

    @property
    def reader(self) -> ProfileReader:
        return ProfileReader(self.stack.identities, self.stack.fragments)

    @property
    def asking(self) -> Asking:
        return Asking(
            view=lambda: self.view,
            rules=lambda: RULES,
            log=self.stack.log,
            homes=self.stack.homes,
            whole=self.reader.snapshot,
            consents=self.stack.consents.states,
        )

    @property
    def evaluator(self) -> Evaluator:
        ahead = ReadAhead(self.stack.identities, self.stack.fragments, self.rows)
        return Evaluator(
            World(
                rows=ahead.rows,
                profiles=ahead.profiles,
                ahead=ahead,
                identities=self.stack.identities,
                asking=self.asking,
                announcer=self.stack.announcer,
                queue=self.queue,
                clock=self.clock,
            )
        )

    @property
    def desk(self) -> BackfillDesk:
        return BackfillDesk(self.backfills, self.queue, view=lambda: self.view, clock=self.clock)

    @property
    def backfill_worker(self) -> BackfillWorker:
        fragments, evaluator = self.stack.fragments, self.evaluator
        return BackfillWorker(
            store=self.backfills,
            scan=MemoryPeopleScan(lambda: [*fragments._rows], lambda: [*self.rows.rows], page=3),
            identities=self.stack.identities,
            completer=Completing(
                profiles=self.reader,
                fragments=fragments,
                log=self.stack.log,
                refold=self._refold,
                background=self.stack.background,
                queue=self.queue,
            ),
            evaluate=lambda asked: evaluator.evaluate([asked]),
            queue=self.queue,
            view=lambda: self.view,
            clock=self.clock,
        )

    def _refold(self, partition: str, observing: Observing) -> RefoldReport:
        return refold(partition, stores=self.stores, key=KEY, rules=RULES, observing=observing)

    @property
    def worker(self) -> EvaluateWorker:
        return EvaluateWorker(
            evaluator=self.evaluator,
            identities=self.stack.identities,
            homes=self.stack.fragments,
            queue=self.queue,
            sweep=lambda job, many: Sweep(index=self.rows, queue=self.queue, evaluate=many, clock=self.clock).sweep(job),
            backfill=self.backfill_worker.take,
            count=partial(take_count, members=self.rows, counts=self.counts, clock=self.clock),
            export=lambda _: 0,
        )

    # what happens

    def stitch(self, records: Sequence[StreamRecord]) -> None:
        asker = EvaluationAsker(self.queue, view=lambda: self.view, rules=lambda: RULES, key=lambda: KEY, homes=self.stack.homes)
        stores = self.stores
        Stitcher(
            person=partial(stitch_person, stores=stores, key=KEY, late=self.stack.replays, background=self.stack.background),
            merges=partial(merges_of, stores=stores, key=KEY),
            fragments=self.stack.fragments,
            announcer=self.stack.announcer,
            parking=RejectParking(self.stack.rejects, clock=self.clock),
            definitions=lambda: StitchDefinitions(rules=RULES, interest=self.stack.interest, observing=self.stack.observing),
            evaluations=asker.ask,
        ).stitch(records)

    def happen(self, *items: LogItem) -> None:
        """Stitched, and evaluated."""
        self.stitch(self.stack.write(*items))
        self.settle()

    def bodies(self) -> list[str]:
        """What the queue holds, from the bus too, taken out; what is delayed stays for ``pass_time``, but for parts of a backfill that
        were handed on to other workers."""
        waiting = [each for each in self.queue.messages if each.delay and not (isinstance(each.job, BackfillJob) and each.delay < PARTS)]
        bodies = [message_of(each.job) for each in self.queue.messages if each not in waiting]
        self.queue.messages[:] = waiting
        facts = self.stack.announcer.facts[self._told :]
        self._told = len(self.stack.announcer.facts)
        kinds = {PROFILE_MERGED: "merged", PROFILE_SPLIT: "split"}
        told = [orjson.dumps({"kind": kinds[each.kind], "fact": each.detail}).decode() for each in facts if each.kind in kinds]
        return [*told, *bodies]

    def settle(self) -> list[Taken]:
        taken = []
        while bodies := self.bodies():
            taken.append(self.worker.take({str(number): body for number, body in enumerate(bodies)}))
            assert not taken[-1].failed, taken[-1].failed
        return taken

    def pass_time(self, length: timedelta, *, tick: bool = True) -> None:
        """To the end of it at once; delayed messages arrive, and the tick comes."""
        self.now += length
        self.queue.messages[:] = [replace(each, delay=0) for each in self.queue.messages]
        if tick:
            DueWaker(self.rows, self.queue, clock=self.clock).wake()
        self.settle()

    # what there is

    def row(self, identifier: str) -> Row:
        found: Row = self.rows.rows[prs(identifier)]
        return found

    def members(self, name: str) -> set[str]:
        found = {each.person for each in self.rows.members(name, limit=10_000).members}
        assert found == {row.person for row in self.rows.rows.values() if name in row.memberships}
        return found

    def since(self, name: str, identifier: str) -> datetime | None:
        since = self.row(identifier).memberships[name].since
        return None if since is None else from_millis(since)

    def facts(self, *kinds: str) -> list[Fact]:
        return [each for each in self.stack.announcer.facts if each.kind in (kinds or (ENTERED, EXITED, LIFECYCLE_CHANGED))]

    def told(self) -> list[tuple[str, str, str]]:
        """(Entered or Exited, segment, minutes after noon)."""
        found = self.facts(ENTERED, EXITED)
        return [(each.kind.split()[1], each.detail["segment"], minutes(each.detail["at"])) for each in found]


def minutes(at: str) -> str:
    """Of an instant: after noon, exactly."""
    return f"{(to_millis(datetime.fromisoformat(at)) - to_millis(NOON)) / 60_000:g}"
