"""A world of segments whose evaluating function runs over ports that a shim wraps: what the queue and the bus hold is delivered until it is
done, by a new process after each that ended. Everything else, stitching above all, is sound."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ariane.adapters.memory.audience_files import MemoryAudienceFiles
from ariane.adapters.memory.backfills import MemoryPeopleScan
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.events.model import LogItem
from ariane.profiles.announcing import Fact
from ariane.profiles.computing import Computing
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.reader import ProfileReader
from ariane.segments.deciding import ENTERED, EXITED, LIFECYCLE_CHANGED
from ariane.segments.desk import SegmentDesk
from ariane.segments.exporting import ExportWorker
from ariane.segments.rows import Row
from ariane.segments.sweeping import DueWaker
from ariane.segments.worker import EvaluateWorker
from tests.builders.profiles import KEY, RULES
from tests.builders.segments import SegmentWorld
from tests.faults.killing import until_done
from tests.faults.segment_functions import Port, backfill_desk, evaluate_worker
from tests.faults.shim import Call, Shim

_MOST_DELIVERIES = 200


@dataclass
class KillWorld(SegmentWorld):
    files: Any = field(default_factory=MemoryAudienceFiles)
    people_page: int = 1
    pace: timedelta = timedelta()
    """By how much each look at the clock moves the function's, beside ``now``; so a message does not get through at once."""
    _looks: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stack.background = MemoryBackgroundQueue()

    def real(self, name: str) -> Any:
        stack = self.stack
        here = {
            "identities": stack.identities,
            "fragments": stack.fragments,
            "log": stack.log,
            "consents": stack.consents,
            "announcer": stack.announcer,
            "background_queue": stack.background,
            "segment_rows": self.rows,
            "evaluate_queue": self.queue,
            "backfills": self.backfills,
            "segment_counts": self.counts,
            "audience_files": self.files,
        }
        return here[name] if name in here else self._people()

    def _people(self) -> MemoryPeopleScan:
        return MemoryPeopleScan(lambda: [*self.stack.fragments._rows], lambda: [*self.rows.rows], page=self.people_page)

    def hurried(self) -> Any:
        self._looks += 1
        return self.now + self.pace * self._looks

    def port(self, shim: Shim) -> Port:
        return lambda name: shim.wrap(name, self.real(name))

    # what runs over the shim, made anew for each process

    def process(self, shim: Shim) -> EvaluateWorker:
        port = self.port(shim)
        made = evaluate_worker(port, view=self._view, fresh=self._view, rules=lambda: RULES, key=KEY, clock=self.hurried)
        return replace(made, export=self.exporter(port).take)

    def exporter(self, port: Port) -> ExportWorker:
        desk = self._segment_desk(port)
        return ExportWorker(
            files=port("audience_files"),
            queue=port("evaluate_queue"),
            segments=lambda: self.view.segments,
            audience=lambda name, asked, limit, cursor: desk.audience(name, asked, limit=limit, cursor=cursor),
            clock=self.hurried,
        )

    def _segment_desk(self, port: Port) -> SegmentDesk:
        reader = ProfileReader(port("identities"), port("fragments"))
        asking = replace(self.asking, log=port("log"), whole=reader.snapshot, consents=port("consents").states)
        return SegmentDesk(
            view=self._view,
            members=port("segment_rows"),
            counts=port("segment_counts"),
            backfills=lambda: backfill_desk(port, view=self._view, clock=self.clock),
            directory=ProfileDirectory(reader, port("identities"), rules=lambda: RULES, key=lambda: KEY),
            computing=Computing(asking=asking, clock=self.clock),
            consents=port("consents"),
            clock=self.clock,
        )

    def _view(self) -> Any:
        return self.view

    # what happens

    def happens(self, shim: Shim, *items: LogItem) -> None:
        """Soundly stitched; then evaluated."""
        self.stitch(self.stack.write(*items))
        self.settled(shim)

    def settled(self, shim: Shim) -> None:
        """All that waits is delivered, again and again until it is done; what is delayed stays."""
        while bodies := self.bodies():
            left: Mapping[str, str] = {str(number): body for number, body in enumerate(bodies)}
            for _ in range(_MOST_DELIVERIES):
                left = self._delivered(shim, left)
                if not left:
                    break
            assert not left, f"never done: {left}"

    def _delivered(self, shim: Shim, left: Mapping[str, str]) -> Mapping[str, str]:
        taken = until_done(lambda: self.process(shim).take(left))
        return {own: left[own] for own in taken.failed}

    def ticks(self, shim: Shim, length: timedelta) -> None:
        """Time passes, the tick comes, and what was delayed arrives."""
        self.now += length
        until_done(lambda: DueWaker(shim.wrap("segment_rows", self.rows), shim.wrap("evaluate_queue", self.queue), clock=self.clock).wake())
        self.arrive(shim)

    def arrive(self, shim: Shim) -> None:
        self.queue.messages[:] = [replace(each, delay=0) for each in self.queue.messages]
        self.settled(shim)

    # the end

    def end(self) -> Mapping[str, Any]:
        return {
            "rows": {own: _plain(row) for own, row in self.rows.rows.items()},
            "members": {name: sorted(map(list, listed.values())) for name, listed in self.rows.listed.items() if listed},
            "facts": {_told(each) for each in self.stack.announcer.facts if each.kind in (ENTERED, EXITED, LIFECYCLE_CHANGED)},
            "left": [str(each.job) for each in self.queue.messages if not each.delay],
        }


def _plain(row: Row) -> Mapping[str, Any]:
    """All that has consequences: not how often it was written, nor when."""
    return {
        "memberships": {name: list(each) for name, each in row.memberships.items()},
        "stage": list(row.stage) if row.stage else None,
        "due": row.due,
        "untold": [each.kind for each in row.outbox],
        "causes": list(row.causes),
        "shape": str(row.shape),
    }


def _told(fact: Fact) -> tuple[Any, ...]:
    """Its name for whoever takes facts once: all that it says. Of backfills, which each get a name by chance, that it was one."""
    detail = {**fact.detail, "cause": str(fact.detail["cause"]).split("/bf_")[0]}
    return (fact.kind, *sorted(detail.items()))


def methods(calls: Collection[Call]) -> set[str]:
    return {f"{call.port}.{call.method}" for call in calls}
