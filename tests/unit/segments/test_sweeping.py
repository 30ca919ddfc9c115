"""What time alone changes: the tick, sweeps of full shards, daily counts."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.adapters.memory.segment_counts import MemorySegmentCounts
from ariane.adapters.memory.segment_rows import MemorySegmentRows
from ariane.errors import Retryable
from ariane.instants import to_millis
from ariane.segments.counting import DailyCounts, DayCount, take_count
from ariane.segments.evaluating import Asked
from ariane.segments.jobs import CountJob, PersonJob, SweepJob
from ariane.segments.rows import SHARDS, Due, MemberChange, Membership, Row, RowChange, shard_of
from ariane.segments.sweeping import FEW, HORIZON, DueWaker, Sweep
from tests.builders.profiles import NOON

NOW = to_millis(NOON)


def rows_due(*dues: int, shard: int | None = None) -> MemorySegmentRows:
    """One person for each, all of one shard if that is said."""
    names = (f"prs_{number}" for number in range(1_000_000))
    rows = MemorySegmentRows()
    for due in dues:
        person = next(name for name in names if shard is None or shard_of(name) == shard)
        rows.commit(RowChange(row=Row(person=person, due=due)))
    return rows


def waker(rows: Any, queue: MemoryEvaluateQueue, now: Any = lambda: NOON) -> DueWaker:
    return DueWaker(rows, queue, clock=now)


def test_few_are_woken_at_their_very_instant() -> None:
    queue = MemoryEvaluateQueue()
    rows = rows_due(NOW - 5, NOW + 1_001, NOW + HORIZON, NOW + HORIZON + 1)
    assert waker(rows, queue).wake() == 3

    assert sorted(each.delay for each in queue.messages) == [0, 2, 60]
    assert {job.person for job in queue.jobs if isinstance(job, PersonJob)} == {"prs_0", "prs_1", "prs_2"}


def test_a_full_shard_is_swept_as_a_whole() -> None:
    queue = MemoryEvaluateQueue()
    waker(rows_due(*[NOW] * FEW, shard=3), queue).wake()
    assert queue.jobs == [SweepJob(shard=3, until=NOW + HORIZON)]


def test_rounds_that_come_more_often_are_skipped() -> None:
    queue, now = MemoryEvaluateQueue(), [NOON]
    here = waker(rows_due(NOW), queue, lambda: now[0])
    here.wake()
    now[0] += timedelta(seconds=29)
    assert here.wake() == 0
    now[0] += timedelta(seconds=1)
    assert here.wake() == 1


def test_a_shard_that_is_away_does_not_hold_up_the_others_and_is_told() -> None:
    class Away(MemorySegmentRows):
        def due(self, shard: int, until: int, *, page: int) -> Iterator[Sequence[Due]]:
            if shard == 0:
                raise Retryable("table_busy", "")
            return super().due(shard, until, page=page)

    rows = Away()
    for number in range(60):
        rows.commit(RowChange(row=Row(person=f"prs_{number}", due=NOW)))
    queue = MemoryEvaluateQueue()
    here = waker(rows, queue)
    with pytest.raises(Retryable, match="table_busy"):
        here.wake()

    assert len(queue.jobs) == sum(shard_of(f"prs_{number}") != 0 for number in range(60))
    with pytest.raises(Retryable):
        here.wake()


class Evaluated:
    """Takes rows out of the index, as an evaluation that finds them right moves their due on."""

    def __init__(self, rows: MemorySegmentRows) -> None:
        self.rows = rows
        self.people: list[str] = []

    def __call__(self, asked: Sequence[Asked]) -> int:
        self.people += [each.person for each in asked]
        return len(asked)


def swept(rows: MemorySegmentRows, queue: MemoryEvaluateQueue, *, clock: Any = lambda: NOON, evaluate: Any = None) -> Evaluated:
    done = Evaluated(rows)
    Sweep(index=rows, queue=queue, evaluate=evaluate or done, clock=clock).sweep(SweepJob(shard=3, until=NOW + HORIZON))
    return done


def test_a_sweep_evaluates_everybody_who_is_due_once() -> None:
    queue = MemoryEvaluateQueue()
    done = swept(rows_due(*[NOW - number for number in range(250)], shard=3), queue)

    assert (len(done.people), len(set(done.people))) == (250, 250)
    assert queue.jobs == []


def test_a_sweep_comes_again_for_who_is_due_a_little_later() -> None:
    queue = MemoryEvaluateQueue()
    done = swept(rows_due(NOW, NOW + 3_500, NOW + 30_000, shard=3), queue)

    assert len(done.people) == 1
    (message,) = queue.messages
    assert message.job == SweepJob(shard=3, until=NOW + HORIZON)
    assert 1 <= message.delay <= 10


def test_a_sweep_that_takes_too_long_goes_on_in_another_message() -> None:
    times = iter([NOON, *[NOON + timedelta(seconds=1)] * 2, *[NOON + timedelta(seconds=60)] * 9])
    queue = MemoryEvaluateQueue()
    done = swept(rows_due(*[NOW] * 250, shard=3), queue, clock=lambda: next(times))

    assert len(done.people) == 100
    assert queue.jobs == [SweepJob(shard=3, until=NOW + HORIZON)]


def test_a_page_that_fails_does_not_hold_up_the_next_and_is_told() -> None:
    pages: list[int] = []

    def failing(asked: Sequence[Asked]) -> int:
        pages.append(len(asked))
        if len(pages) == 1:
            raise Retryable("person_busy", "")
        return 0

    with pytest.raises(Retryable, match="person_busy"):
        swept(rows_due(*[NOW] * 250, shard=3), MemoryEvaluateQueue(), evaluate=failing)
    assert pages == [100, 100, 50]


# counts


def test_segments_are_counted_once_a_day() -> None:
    queue, counts, now = MemoryEvaluateQueue(), MemorySegmentCounts(), [NOON]
    one, other = (DailyCounts(counts, queue, segments=lambda: ["vip", "new"], clock=lambda: now[0]) for _ in range(2))
    assert [one.ask(), one.ask(), other.ask()] == [2, 0, 0]
    now[0] += timedelta(days=1)
    assert [other.ask(), one.ask()] == [2, 0]

    days = [(job.segment, job.day) for job in queue.jobs if isinstance(job, CountJob)]
    assert days == [(name, day) for day in ("2026-11-22", "2026-11-23") for name in ("vip", "new")]


def test_where_the_queue_is_away_the_day_is_asked_for_again() -> None:
    class Away(MemoryEvaluateQueue):
        def put(self, jobs: Any, *, delay: int = 0) -> None:
            raise Retryable("queue_busy", "")

    counts = MemorySegmentCounts()
    with pytest.raises(Retryable):
        DailyCounts(counts, Away(), segments=lambda: ["vip"], clock=lambda: NOON).ask()
    assert DailyCounts(counts, MemoryEvaluateQueue(), segments=lambda: ["vip"], clock=lambda: NOON).ask() == 1


def test_a_count_is_kept_for_the_day_that_asked() -> None:
    rows, counts = MemorySegmentRows(), MemorySegmentCounts()
    vip = Membership("v1", None)
    for number in range(SHARDS):
        person = f"prs_{number}"
        rows.commit(RowChange(row=Row(person=person), members=(MemberChange("vip", person, vip),)))
    take_count(CountJob(segment="vip", day="2026-11-21"), rows, counts, clock=lambda: NOON)

    assert counts.counts("vip", since="") == [DayCount("2026-11-21", SHARDS, NOON)]
