"""The tick: what is due is handed over whatever else fails, and no row keeps the others waiting."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.journey_queue import MemoryJourneyQueue
from ariane.errors import Retryable
from ariane.journeys import tick
from ariane.journeys.step import WakeUp
from ariane.journeys.tick import hand_over_due
from ariane.messaging.settle import Swept
from handlers import tick as handler
from tests.builders.journeys import NOON, enrolment

HORIZON = timedelta(seconds=60)


class Shards:
    """A due index of wake-ups per shard; those in ``broken`` raise."""

    def __init__(self, *sizes: int, broken: Sequence[int] = ()) -> None:
        self.sizes = sizes
        self.broken = broken
        self.pages: list[tuple[int, int]] = []

    @property
    def shards(self) -> int:
        return len(self.sizes)

    def due(self, shard: int, until: datetime, *, page: int) -> Iterator[Sequence[WakeUp]]:
        if shard in self.broken:
            raise Retryable("table_busy", "later")
        for number, start in enumerate(range(0, self.sizes[shard], page)):
            self.pages.append((shard, number))
            yield [WakeUp(f"prs_{shard}", f"E#{row}", 1, NOON) for row in range(start, min(start + page, self.sizes[shard]))]


class CountingQueue:
    def __init__(self, *, fails: Callable[[Sequence[WakeUp]], bool] = lambda _: False, takes: Callable[[], None] = lambda: None) -> None:
        self.taken: list[WakeUp] = []
        self._fails = fails
        self._takes = takes

    def wake(self, wake_ups: Sequence[WakeUp], now: datetime) -> None:
        self._takes()
        if self._fails(wake_ups):
            raise Retryable("queue_busy", "later")
        self.taken += wake_ups


def hand_over(index: Any, queue: Any, clock: Callable[[], datetime] = lambda: NOON) -> int:
    return hand_over_due(index, queue, clock=clock, horizon=HORIZON)


def test_what_is_due_within_the_horizon_is_handed_over() -> None:
    runs, queue = MemoryEnrolments(), MemoryJourneyQueue()
    for seconds in (-5, 59, 61):
        runs.create(enrolment(key=str(seconds), due=NOON + timedelta(seconds=seconds)))

    assert hand_over(runs, queue) == 2
    assert [each.due for each in queue.messages] == [NOON, NOON + timedelta(seconds=59)]


def test_rows_at_the_head_that_never_move_on_do_not_keep_those_behind_them_waiting() -> None:
    queue = CountingQueue()

    assert hand_over(Shards(2 * tick.PAGE + 1), queue) == 2 * tick.PAGE + 1
    assert queue.taken[-1].enrolment == f"E#{2 * tick.PAGE}"


def test_one_run_takes_a_bounded_number_of_pages_of_a_shard() -> None:
    index = Shards((tick.MOST_PAGES + 3) * tick.PAGE, 1)

    assert hand_over(index, CountingQueue()) == tick.MOST_PAGES * tick.PAGE + 1


def test_shards_take_turns() -> None:
    index = Shards(3 * tick.PAGE, 1, 2 * tick.PAGE)
    hand_over(index, CountingQueue())

    assert index.pages == [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2)]


def test_no_page_is_begun_when_the_time_is_up() -> None:
    now = NOON

    def pass_time() -> None:
        nonlocal now
        now += tick.SPAN / 2

    assert hand_over(Shards(5 * tick.PAGE), CountingQueue(takes=pass_time), lambda: now) == 2 * tick.PAGE


def test_a_shard_that_cannot_be_asked_does_not_stop_the_others() -> None:
    queue = CountingQueue()

    with pytest.raises(Retryable, match="1 of 3 shards"):
        hand_over(Shards(5, 5, 5, broken=[0]), queue)
    assert {each.profile for each in queue.taken} == {"prs_1", "prs_2"}


def test_a_queue_that_refuses_a_shards_wake_ups_is_given_the_others() -> None:
    queue = CountingQueue(fails=lambda wake_ups: wake_ups[0].profile == "prs_0")

    with pytest.raises(Retryable, match="queue_busy"):
        hand_over(Shards(5, 5), queue)
    assert {each.profile for each in queue.taken} == {"prs_1"}


JOBS = ["hand_over_due", "settle_messages", "wake_segments", "count_segments", "begin_exports"]


class Service:
    """Notes the jobs; those named fail."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.done: list[str] = []

    def _do(self, job: str) -> None:
        if job in self.failing:
            raise Retryable("queue_busy", "to jeanne@example.com")
        self.done.append(job)

    def hand_over_due(self) -> int:
        self._do("hand_over_due")
        return 0

    def settle_messages(self) -> Swept:
        self._do("settle_messages")
        return Swept()

    def wake_segments(self) -> int:
        self._do("wake_segments")
        return 0

    def count_segments(self) -> int:
        self._do("count_segments")
        return 0

    def begin_exports(self) -> int:
        self._do("begin_exports")
        return 0


def test_the_function_hands_over_and_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    monkeypatch.setattr(handler, "_service", lambda: service)
    handler.handler({}, LambdaContext())

    assert service.done == JOBS


@pytest.mark.parametrize("failing", JOBS)
def test_a_job_that_fails_does_not_stop_the_others_and_is_told_at_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    service = Service(failing)
    monkeypatch.setattr(handler, "_service", lambda: service)

    with pytest.raises(Retryable, match=failing) as raised:
        handler.handler({}, LambdaContext())

    assert service.done == [job for job in JOBS if job != failing]
    assert "queue_busy" in str([vars(entry) for entry in caplog.records])
    # The runtime prints what is raised, and what that was raised from.
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert "jeanne" not in str(raised.value)
