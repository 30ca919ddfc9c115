"""Enrolments and their due index in memory."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import batched

from ariane.errors import Conflict
from ariane.journeys.enrolment import Enrolment
from ariane.journeys.step import WakeUp
from ariane.messaging.ledger import RunningEnrolment


class MemoryEnrolments:
    shards = 1

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], Enrolment] = {}

    def create(self, run: Enrolment) -> None:
        if (run.profile, run.sort) in self._runs:
            raise Conflict("enrolment_exists", "this run exists already")
        self._runs[run.profile, run.sort] = run

    def save(self, run: Enrolment) -> None:
        stored = self._runs.get((run.profile, run.sort))
        if stored is None or stored.lock != run.lock - 1:
            raise Conflict("enrolment_changed", "this run has moved on")
        self._runs[run.profile, run.sort] = run

    def get(self, profile: str, sort: str) -> Enrolment | None:
        return self._runs.get((profile, sort))

    def runs(self, profiles: Collection[str], prefix: str = "E#") -> Sequence[Enrolment]:
        return [run for (profile, sort), run in self._runs.items() if profile in profiles and sort.startswith(prefix)]

    def due(self, shard: int, until: datetime, *, page: int) -> Iterator[Sequence[WakeUp]]:
        waiting = sorted((run.due, run.profile, run.sort, run.lock) for run in self._runs.values() if run.due is not None)
        due_now = [WakeUp(profile, sort, lock, due) for due, profile, sort, lock in waiting if due <= until and shard == 0]
        yield from batched(due_now, page, strict=False)

    def is_running(self, enrolment: RunningEnrolment) -> bool:
        """What a claim checks."""
        run = self.get(enrolment.profile, enrolment.enrolment)
        return run is not None and run.is_running and (run.node, run.visit) == (enrolment.node, enrolment.visit)
