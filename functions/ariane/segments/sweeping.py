"""What time alone changes: each minute the tick looks into every shard of the due index. Few are woken at their very instant by messages of
their own; of many the shard as a whole is given to the evaluating function, which goes through it page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from ariane.conditions.steps import MAX
from ariane.errors import ArianeError, Retryable
from ariane.instants import Clock, to_millis
from ariane.segments.evaluating import Asked
from ariane.segments.jobs import TIME, EvaluateQueue, PersonJob, SweepJob
from ariane.segments.rows import SHARDS, Due, DueRows

FEW = 50
"""Due in one shard and minute, and woken one by one."""
PAGE = 100
HORIZON = 60_000
"""Milliseconds that the tick looks ahead."""
_EVERY = 30_000
_SLICE = timedelta(seconds=40)
"""After this no page is begun: the rest of the shard is a message of its own."""


class DueWaker:
    """In the tick. Where that comes more often than each minute, most of its rounds are skipped."""

    def __init__(self, index: DueRows, queue: EvaluateQueue, *, clock: Clock) -> None:
        self._index = index
        self._queue = queue
        self._clock = clock
        self._last: int | None = None

    def wake(self) -> int:
        """How many people, of those in shards with many of them some, are on their way. Raises Retryable at the end where a shard could not
        be handed over; the others were."""
        now = to_millis(self._clock())
        if self._last is not None and 0 <= now - self._last < _EVERY:
            return 0
        count, failures = 0, list[str]()
        for shard in range(SHARDS):
            try:
                count += _wake_shard(shard, self._index, self._queue, now=now, until=now + HORIZON)
            except ArianeError as error:
                failures.append(error.code)
        if failures:
            raise Retryable("sweep_incomplete", f"{len(failures)} of {SHARDS} shards: {', '.join(sorted(set(failures)))}")
        self._last = now
        return count


def _wake_shard(shard: int, index: DueRows, queue: EvaluateQueue, *, now: int, until: int) -> int:
    page = next(index.due(shard, until, page=FEW), ())
    if len(page) == FEW:
        queue.put([SweepJob(shard=shard, until=until)])
    else:
        _wake(page, queue, now)
    return len(page)


def _wake(due: Sequence[Due], queue: EvaluateQueue, now: int) -> None:
    """Each a moment after its instant, in calls of those that share a second."""
    waits: dict[int, list[Due]] = {}
    for each in due:
        waits.setdefault(max(0, ceil((each.due - now) / 1000)), []).append(each)
    for delay, some in sorted(waits.items()):
        queue.put([PersonJob(person=each.person, cause=TIME, changed_since=MAX) for each in some], delay=delay)


_LONGEST_WAIT = 10


type EvaluateMany = Callable[[Sequence[Asked]], int]
"""Rows written. Raises Retryable at the end where some could not be evaluated; the others were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    index: DueRows
    queue: EvaluateQueue
    evaluate: EvaluateMany
    clock: Clock

    def sweep(self, job: SweepJob) -> int:
        """Whoever is due by now, and with a message of its own whoever is by ``job.until``. The index lags: who was evaluated is met once
        more at most, and is found to be right. How many were evaluated."""
        begun, count, failed = self.clock(), 0, list[ArianeError]()
        seen: set[str] = set()
        for page in self.index.due(job.shard, job.until, page=PAGE):
            now = to_millis(self.clock())
            ahead = [each.due for each in page if each.due > now]
            is_over = self.clock() - begun >= _SLICE
            if not is_over:
                count += self._evaluate([each.person for each in page if each.due <= now and each.person not in seen], failed)
                seen.update(each.person for each in page)
            if ahead or is_over:
                self.queue.put([job], delay=_delay(ahead, now))
                break
        if failed:
            raise Retryable("sweep_incomplete", f"shard {job.shard}: {failed[0].code}")
        return count

    def _evaluate(self, people: Sequence[str], failed: list[ArianeError]) -> int:
        try:
            if people:
                self.evaluate([Asked(person=each, cause=TIME) for each in people])
        except ArianeError as error:
            failed.append(error)
        return len(people)


def _delay(ahead: Sequence[int], now: int) -> int:
    """Seconds until more of the shard are due, ten at most."""
    return min(_LONGEST_WAIT, ceil((ahead[-1] - now) / 1000)) if ahead else 0
