"""A crowd in segments, in memory: what is stitched, and every call to a port counted as the calls of its AWS adapter that it takes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from ariane.adapters.memory.backfills import MemoryBackfills
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.adapters.memory.segment_rows import MemorySegmentRows
from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.computed import BUILT_IN, LIFECYCLE
from ariane.conditions.model import Condition
from ariane.conditions.observing import Asked, Observing
from ariane.definitions.customer_view import CustomerView, Segment
from ariane.profiles.announcing import Fact
from ariane.profiles.asked_person import Asking
from ariane.profiles.homes import HomeReader
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import RefoldReport, refold
from ariane.profiles.stitching import Stores
from ariane.segments.backfilling import BackfillDesk, BackfillWorker, ScanPage
from ariane.segments.completing import Completing
from ariane.segments.evaluating import Evaluator
from ariane.segments.evaluating import World as Evaluated
from ariane.segments.jobs import PutJob, message_of
from ariane.segments.reading_ahead import ReadAhead
from ariane.segments.sweeping import DueWaker, Sweep
from ariane.segments.worker import EvaluateWorker
from cli.bench.growth import KEY, RULES, World

type Json = Mapping[str, Any]
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
_SCANNED = 100
"""People that a page of the table holds: of 300 items, some three each."""
_TOGETHER: Mapping[str, int] = {"heads": 100, "load": 100, "publish": 10, "put": 10, "with_fragment": 100}
"""Ports' methods of which one call of AWS takes so many at most; of all others it takes one."""


class CallCounter:
    """Around a port."""

    def __init__(self, name: str, port: Any, calls: Counter[str]) -> None:
        self._name, self._port, self._calls = name, port, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name.startswith("_") or not callable(found):
            return found

        def called(*given: Any, **named: Any) -> Any:
            size = len(given[0]) if name in _TOGETHER and given else 1
            self._calls[f"{self._name}.{name}"] += max(1, -(-size // _TOGETHER.get(name, 1)))
            return found(*given, **named)

        return called


class _Scan:
    """Of all who have a fragment; sorted once."""

    def __init__(self, people: Callable[[], Sequence[str]]) -> None:
        self._people = cache(lambda: sorted(people()))

    def page(self, part: int, parts: int, cursor: str | None) -> ScanPage:
        theirs = self._people()[part::parts]
        begun = int(cursor or 0)
        some, left = theirs[begun : begun + _SCANNED], begun + _SCANNED
        return ScanPage(some, (), str(left) if left < len(theirs) else None)

    def with_fragment(self, person_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(person_ids) & {*self._people()}


class _Told:
    """The bus: counts what it is told, and forgets it."""

    def __init__(self) -> None:
        self.facts: Counter[str] = Counter()

    def publish(self, facts: Sequence[Fact]) -> None:
        self.facts.update(fact.kind for fact in facts)


def view_of(conditions: Mapping[str, Json], published_at: datetime, *, epoch: int = 1) -> CustomerView:
    """``epoch``: since which all that they ask for is recorded, beyond the built-in traits."""
    models = {name: _CONDITION.validate_json(orjson.dumps(each)) for name, each in conditions.items()}
    catalogue = Catalogue(BUILT_IN, models)
    known = {asked.series: asked for asked in CustomerView.built_in().observing.series}
    wanted = needs(models.values(), catalogue, traits=[*BUILT_IN, LIFECYCLE])
    series = tuple(Asked(each, keep, 1 if each in known and known[each].keep == keep else epoch) for each, keep in wanted.series.items())
    observing = Observing(epoch, series, dict.fromkeys(wanted.traits, epoch))
    segments = {name: Segment(name=name, condition=model, version="v1", published_at=published_at) for name, model in models.items()}
    return CustomerView(catalogue, observing, segments)


@dataclass
class SegmentCrowd:
    """``view`` may be replaced; ``world.now`` is the clock's."""

    view: CustomerView
    world: World = field(default_factory=World)
    calls: Counter[str] = field(default_factory=Counter)
    is_billed: bool = False
    """Whether units are counted too, in ``world.bill``: that takes CPU. Rows of memberships have no such port."""

    def __post_init__(self) -> None:
        self.world.observing = self.view.observing
        self.rows, self.queue, self.bus, self.backfills = MemorySegmentRows(), MemoryEvaluateQueue(), _Told(), MemoryBackfills()
        inner = {
            "identities": self.world.identities if self.is_billed else self.world.identities.inner,
            "fragments": self.world.fragments if self.is_billed else self.world.fragments.inner,
            "log": self.world.log if self.is_billed else self.world.log.inner,
            "rows": self.rows,
            "queue": self.queue,
            "bus": self.bus,
            "backfills": self.backfills,
            "background": MemoryBackgroundQueue(),
        }
        self.ports: Mapping[str, Any] = {name: CallCounter(name, port, self.calls) for name, port in inner.items()}

    def clock(self) -> datetime:
        return self.world.now

    def publish(self, view: CustomerView) -> None:
        self.view = view
        self.world.observing = view.observing

    def worker(self) -> EvaluateWorker:
        evaluator = Evaluator(self._evaluated())
        return EvaluateWorker(
            evaluator=evaluator,
            identities=self.ports["identities"],
            homes=self.ports["fragments"],
            queue=self.ports["queue"],
            sweep=lambda job, many: Sweep(index=self.ports["rows"], queue=self.ports["queue"], evaluate=many, clock=self.clock).sweep(job),
            backfill=self._backfill(evaluator).take,
            count=lambda _: 0,
            export=lambda _: 0,
        )

    def desk(self) -> BackfillDesk:
        return BackfillDesk(self.ports["backfills"], self.ports["queue"], view=lambda: self.view, clock=self.clock)

    def tick(self) -> None:
        DueWaker(self.ports["rows"], self.ports["queue"], clock=self.clock).wake()

    def waiting(self) -> list[PutJob]:
        """Taken out of the queue, delayed or not."""
        found = [each.job for each in self.queue.messages]
        self.queue.messages.clear()
        return found

    def take(self, jobs: Sequence[PutJob]) -> int:
        """In one batch. How many people were evaluated. Raises RuntimeError where one could not be."""
        taken = self.worker().take({str(place): message_of(job) for place, job in enumerate(jobs)})
        if taken.failed:
            raise RuntimeError(f"an evaluation of the measurement failed: {taken.failed}")
        return taken.evaluated

    def _evaluated(self) -> Evaluated:
        ahead = ReadAhead(self.ports["identities"], self.ports["fragments"], self.ports["rows"])
        return Evaluated(
            rows=ahead.rows,
            profiles=ahead.profiles,
            ahead=ahead,
            identities=self.ports["identities"],
            asking=self._asking(),
            announcer=self.ports["bus"],
            queue=self.ports["queue"],
            clock=self.clock,
        )

    def _asking(self) -> Asking:
        return Asking(
            view=lambda: self.view,
            rules=lambda: RULES,
            log=self.ports["log"],
            homes=HomeReader(self.ports["identities"], rules=lambda: RULES, key=lambda: KEY),
            whole=self._reader().snapshot,
            consents=lambda _: (),
        )

    def _reader(self) -> ProfileReader:
        return ProfileReader(self.ports["identities"], self.ports["fragments"])

    def _backfill(self, evaluator: Evaluator) -> BackfillWorker:
        fragments = self.world.fragments.inner
        scan = _Scan(lambda: [*fragments._rows])
        return BackfillWorker(
            store=self.ports["backfills"],
            scan=CallCounter("scan", scan, self.calls),
            identities=self.ports["identities"],
            completer=Completing(
                profiles=self._reader(),
                fragments=self.ports["fragments"],
                log=self.ports["log"],
                refold=self._refold,
                background=self.ports["background"],
                queue=self.ports["queue"],
            ),
            evaluate=lambda asked: evaluator.evaluate([asked]),
            queue=self.ports["queue"],
            view=lambda: self.view,
            clock=self.clock,
        )

    def _refold(self, partition: str, observing: Observing) -> RefoldReport:
        ports = self.ports
        stores = Stores(
            identities=ports["identities"], fragments=ports["fragments"], log=ports["log"], consents=MemoryConsents(ports["identities"])
        )
        return refold(partition, stores=stores, key=KEY, rules=RULES, observing=observing)


@contextmanager
def timed(found: dict[str, float]) -> Iterator[None]:
    """Seconds of CPU, as ``cpu_seconds``."""
    began = time.process_time()
    yield
    found["cpu_seconds"] = time.process_time() - began
