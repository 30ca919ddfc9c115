"""The evaluate queue in memory: jobs, with the delay that each was given."""

from collections.abc import Sequence
from dataclasses import dataclass

from ariane.segments.jobs import LONGEST_DELAY, PutJob


@dataclass(frozen=True, slots=True)
class Delayed:
    job: PutJob
    delay: int


class MemoryEvaluateQueue:
    def __init__(self) -> None:
        self.messages: list[Delayed] = []

    @property
    def jobs(self) -> list[PutJob]:
        return [each.job for each in self.messages]

    def put(self, jobs: Sequence[PutJob], *, delay: int = 0) -> None:
        self.messages += [Delayed(job, min(LONGEST_DELAY, delay)) for job in jobs]
