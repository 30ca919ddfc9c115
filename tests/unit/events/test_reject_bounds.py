"""How much of a source's refusals is kept in a day, by however many instances, and that all of them are counted."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ariane.adapters.memory.reject_counter import MemoryRejectCounter
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.errors import ArianeError, Permanent, Retryable
from ariane.events.log import Reject
from ariane.events.rejects import SAMPLE, BoundedRejects, Tally, is_sampled
from tests.builders.events import RECEIVED

DAY = "2026-11-22"


class World:
    """Some instances of the collector over one table."""

    def __init__(self, *, daily: int = 100) -> None:
        self.now = RECEIVED
        self.store = MemoryRejects()
        self.counter = MemoryRejectCounter(self.store)
        self.added: list[Tally] = []
        self.failure: ArianeError | None = None
        self._daily = daily

    def instance(self) -> BoundedRejects:
        return BoundedRejects(self.store, self, clock=lambda: self.now, daily=self._daily)

    def add(self, day: str, source: str, tally: Tally) -> int:
        if self.failure is not None:
            raise self.failure
        self.added.append(tally)
        return self.counter.add(day, source, tally)

    def kept(self, source: str = "site") -> int:
        return len(self.store.of_day(DAY, source=source, limit=100_000)[0])

    def counted(self, source: str = "site") -> tuple[int, int]:
        counts = [count for count in self.store.counts(DAY) if count.source == source]
        return sum(count.refused for count in counts), sum(count.not_kept for count in counts)


def rejects(first: int, last: int, *, source: str = "site", size: int = 10) -> list[Reject]:
    return [
        Reject(source=source, at=RECEIVED, code="event_missing", message="m", index=0, body=str(number).encode().ljust(size))
        for number in range(first, last)
    ]


def sampled(some: Sequence[Reject]) -> int:
    return sum(map(is_sampled, some))


def test_up_to_the_bound_everything_is_kept() -> None:
    world = World()
    world.instance().put(rejects(0, 100))

    assert (world.kept(), world.counted()) == (100, (100, 0))


def test_beyond_the_bound_a_hundredth_is_kept_and_all_is_counted() -> None:
    world = World()
    instance, others = world.instance(), rejects(100, 20_100)
    instance.put(rejects(0, 100))
    for start in range(0, 20_000, 10):
        instance.put(others[start : start + 10])

    kept = world.kept() - 100
    assert kept == sampled(others)
    assert 20_000 / SAMPLE * 0.6 < kept < 20_000 / SAMPLE * 1.4
    refused, not_kept = world.counted()
    assert 20_100 - 100 < refused <= 20_100
    assert 20_000 - kept - 100 <= not_kept <= 20_000 - kept


def test_one_request_that_crosses_the_bound_is_kept_up_to_it() -> None:
    world = World()
    world.instance().put(rejects(0, 250))

    assert world.kept() == 100 + sampled(rejects(100, 250))
    assert world.counted()[0] == 250


def test_instances_share_the_bound() -> None:
    world = World()
    instances = [world.instance() for _ in range(10)]
    for start in range(0, 1_000, 10):
        instances[start // 10 % 10].put(rejects(start, start + 10))

    assert world.kept() == 100 + sampled(rejects(100, 1_000))
    assert world.counted()[0] > 1_000 - 10 * 100


def test_another_source_and_another_day_have_their_own_room() -> None:
    world = World()
    instance = world.instance()
    instance.put(rejects(0, 500))
    instance.put(rejects(0, 50, source="till"))

    assert (world.kept("till"), world.counted("till")) == (50, (50, 0))


def test_a_request_costs_one_count_below_the_bound_and_far_fewer_beyond() -> None:
    world = World()
    instance = world.instance()
    for number in range(100):
        instance.put(rejects(number, number + 1))
    below = len(world.added)
    for number in range(100, 1_100):
        instance.put(rejects(number, number + 1))

    assert below == 100
    assert len(world.added) - below <= 1_000 / 100 + 1


def test_beyond_the_bound_counts_wait_half_a_minute_at_most_for_the_next_request() -> None:
    world = World()
    instance = world.instance()
    instance.put(rejects(0, 100))
    instance.put(rejects(100, 105))
    assert world.counted()[0] == 100

    world.now += timedelta(seconds=31)
    instance.put(rejects(105, 106))
    assert world.counted()[0] == 106


def test_what_waits_of_yesterday_is_counted_today() -> None:
    world = World()
    instance = world.instance()
    instance.put(rejects(0, 105))
    instance.put(rejects(105, 106))
    instance.put([Reject(source="site", at=RECEIVED + timedelta(days=1), code="c", message="m", index=0, body=b"{}")])

    assert world.counted()[0] == 106


def test_a_long_body_takes_the_room_of_ten() -> None:
    world = World()
    world.instance().put(rejects(0, 50, size=70_000))

    assert world.kept() == 10 + sampled(rejects(10, 50, size=70_000))


@pytest.mark.parametrize("failure", [Retryable("busy", "busy"), Permanent("refused", "refused")])
def test_a_counter_that_fails_loses_no_refusal_and_no_count(failure: ArianeError) -> None:
    world = World()
    instance = world.instance()
    world.failure = failure
    instance.put(rejects(0, 60))
    instance.put(rejects(60, 150))
    assert world.kept() == 100 + sampled(rejects(100, 150))

    world.failure = None
    instance.put(rejects(150, 151))
    assert world.counted()[0] == 151


def test_a_store_that_fails_is_told() -> None:
    class Away:
        def put(self, _: Sequence[Reject]) -> None:
            raise Retryable("away", "away")

    world = World()
    with pytest.raises(Retryable):
        BoundedRejects(Away(), world, clock=lambda: RECEIVED).put(rejects(0, 1))
