"""The resolve queue in memory: jobs, with the delay that each was given."""

from collections.abc import Sequence
from dataclasses import dataclass

from ariane.identity.jobs import LONGEST_DELAY, Job


@dataclass(frozen=True, slots=True)
class Delayed:
    job: Job
    delay: int


class MemoryBackgroundQueue:
    def __init__(self) -> None:
        self.messages: list[Delayed] = []

    @property
    def jobs(self) -> list[Job]:
        return [each.job for each in self.messages]

    def put(self, jobs: Sequence[Job], *, delay: int = 0) -> None:
        self.messages += [Delayed(job, min(LONGEST_DELAY, delay)) for job in jobs]
