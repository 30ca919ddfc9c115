"""The evaluate queue's consumer: what each kind of message leads to, and what a batch of them may do together."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Protocol

from ariane.conditions.steps import MIN
from ariane.errors import ArianeError, Retryable
from ariane.identity.trees import Heads, climb
from ariane.segments.evaluating import Asked, Told
from ariane.segments.jobs import (
    BackfillJob,
    CountJob,
    EvaluateQueue,
    ExportJob,
    Job,
    MergedJob,
    MovedJob,
    PersonJob,
    SplitJob,
    SweepJob,
    job_of,
)
from ariane.segments.reading_ahead import AT_A_TIME, Each
from ariane.segments.sweeping import EvaluateMany


class Evaluate(Protocol):
    def evaluated(self, asked: Asked, told: Told) -> int: ...

    def tell(self, told: Told) -> None: ...

    def read_ahead(self, people: Collection[str]) -> None: ...


class FragmentHomes(Protocol):
    def homes_of(self, partition: str) -> Collection[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    failed: Mapping[str, str]
    """Message id -> the code of what kept it from being done."""
    evaluated: int
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Of one person; ``messages`` are done with it."""

    asked: Asked
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateWorker:
    evaluator: Evaluate
    identities: Heads
    homes: FragmentHomes
    queue: EvaluateQueue
    sweep: Callable[[SweepJob, EvaluateMany], int]
    backfill: Callable[[BackfillJob], int]
    count: Callable[[CountJob], int]
    export: Callable[[ExportJob], int]
    each: Each = map

    def take(self, bodies: Mapping[str, str]) -> Taken:
        """Messages by id. People are evaluated once for all messages that are about them; those that fail are told, nothing is raised. Of
        what takes as long as a message may, one is begun, after all else."""
        failed: dict[str, str] = {}
        jobs = self._read(bodies, failed)
        last = self._one_long(jobs, failed)
        people = {own: job for own, job in jobs.items() if isinstance(job, PersonJob)}
        tasks = [*self._guarded(people, lambda: self._tasks_of(people), failed)]
        for own, job in jobs.items():
            if own not in people:
                tasks += self._guarded([own], lambda job=job, own=own: self._begun(job, own), failed)  # type: ignore[misc]
        written = self._evaluated(tasks, failed)
        for own, job in last.items():
            self._guarded([own], lambda job=job, own=own: self._begun(job, own), failed)  # type: ignore[misc]
        return Taken(failed=failed, evaluated=len(tasks), written=written)

    def many(self, asked: Sequence[Asked]) -> int:
        """Several at a time, and told together. How many rows were written. Raises Retryable at the end, where one could not be evaluated;
        the others were."""
        failed: dict[str, str] = {}
        written = self._evaluated([_Task(asked=each, messages=(each.person,)) for each in asked], failed)
        if failed:
            raise Retryable("evaluation_incomplete", f"{len(failed)} of {len(asked)} people: {', '.join(sorted(set(failed.values())))}")
        return written

    # what messages ask for

    def _read(self, bodies: Mapping[str, str], failed: dict[str, str]) -> dict[str, Job]:
        jobs: dict[str, Job] = {}
        for own, body in bodies.items():
            try:
                jobs[own] = job_of(body)
            except ArianeError as error:
                failed[own] = error.code
        return jobs

    def _one_long(self, jobs: dict[str, Job], failed: dict[str, str]) -> Mapping[str, Job]:
        """Takes them out. The others are put again, each a second later than the one before: so they reach workers of their own."""
        long = {own: job for own, job in jobs.items() if isinstance(job, SweepJob | BackfillJob)}
        for own in long:
            del jobs[own]
        first, *others = long or [""]
        for place, own in enumerate(others, start=1):
            self._guarded([own], lambda own=own, place=place: self.queue.put([long[own]], delay=place) or (), failed)  # type: ignore[misc, func-returns-value]
        return {first: long[first]} if long else {}

    def _tasks_of(self, people: Mapping[str, PersonJob]) -> Iterator[_Task]:
        paths = climb(self.identities, {job.person for job in people.values()}) if people else None
        together: dict[str, list[str]] = {}
        for own, job in people.items():
            together.setdefault(paths.root_of(job.person).person_id if paths else "", []).append(own)
        for root, messages in together.items():
            named = frozenset(people[own].person for own in messages) - {root}
            since = min(people[own].changed_since for own in messages)
            asked = Asked(person=root, cause=people[messages[-1]].cause, absorbed=named, changed_since=since)
            yield _Task(asked=asked, messages=tuple(messages))

    def _begun(self, job: Job, own: str) -> Sequence[_Task]:
        match job:
            case MergedJob():
                return [_Task(asked=each, messages=(own,)) for each in self._merged(job)]
            case SplitJob():
                self._fan_out(job.rehomed, job.cause)
                return [_Task(asked=each, messages=(own,)) for each in _parts(job)]
            case MovedJob():
                self._fan_out([job.partition], job.cause)
            case SweepJob():
                self.sweep(job, self.many)
            case BackfillJob():
                self.backfill(job)
            case CountJob():
                self.count(job)
            case ExportJob():
                self.export(job)
        return []

    def _merged(self, job: MergedJob) -> Iterator[Asked]:
        """By now they may be several people again."""
        ids = {job.into, *job.absorbed}
        paths = climb(self.identities, ids)
        for root in sorted({paths.root_of(each).person_id for each in ids}):
            theirs = frozenset(each for each in ids if paths.root_of(each).person_id == root)
            yield Asked(person=root, cause=job.cause, absorbed=theirs - {root}, changed_since=MIN)

    def _fan_out(self, partitions: Iterable[str], cause: str) -> None:
        people = sorted({home for each in partitions for home in (each, *self.homes.homes_of(each))})
        if people:
            self.queue.put([PersonJob(person=each, cause=cause) for each in people])

    # evaluating

    def _evaluated(self, tasks: Sequence[_Task], failed: dict[str, str]) -> int:
        """A person's tasks in their order: the parts of a split before whom they were parted from."""
        told: Told = {}
        chains: dict[tuple[str, ...], list[_Task]] = {}
        for task in tasks:
            chains.setdefault(task.messages, []).append(task)
        done: list[tuple[int, str | None]] = []
        for some in batched(chains.values(), AT_A_TIME, strict=False):
            self.evaluator.read_ahead([task.asked.person for chain in some for task in chain])
            done += self.each(lambda chain: self._chain(chain, told), some)
        self.evaluator.read_ahead([])
        for messages, (_, code) in zip(chains, done, strict=True):
            failed |= dict.fromkeys(messages, code) if code else {}
        self._guarded([own for messages in chains for own in messages], lambda: self.evaluator.tell(told) or (), failed)  # type: ignore[func-returns-value]
        return sum(written for written, _ in done)

    def _chain(self, chain: Sequence[_Task], told: Told) -> tuple[int, str | None]:
        written = 0
        try:
            for task in chain:
                written += self.evaluator.evaluated(task.asked, told)
        except Exception as error:  # noqa: BLE001 - the edge: one person's trouble is not the batch's
            return written, _code(error)
        return written, None

    def _guarded(self, messages: Iterable[str], do: Callable[[], Iterable[_Task]], failed: dict[str, str]) -> list[_Task]:
        try:
            return [*do()]
        except Exception as error:  # noqa: BLE001 - as above
            failed |= dict.fromkeys(messages, _code(error))
            return []


def _parts(job: SplitJob) -> list[Asked]:
    """Those who were parted first: they inherit what the origin's row says, until it is evaluated itself."""
    parts = [Asked(person=each, cause=job.cause, origin=job.origin, changed_since=MIN) for each in job.parts if each != job.origin]
    return [*parts, Asked(person=job.origin, cause=job.cause, changed_since=MIN)] if parts else []


def _code(error: Exception) -> str:
    return error.code if isinstance(error, ArianeError) else type(error).__name__
