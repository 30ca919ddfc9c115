"""The tick: asks each shard for what is due soon and hands it to the queue. No cursor: a row is asked for until it has moved on."""

from datetime import timedelta

from ariane.instants import Clock
from ariane.journeys.ports import DueIndex, JourneyQueue

MOST_PER_SHARD = 1_000
"""What one tick hands over; the rest is the next tick's."""


def hand_over_due(index: DueIndex, queue: JourneyQueue, *, clock: Clock, horizon: timedelta) -> int:
    """How many wake-ups were handed over. A wake-up names the state it wakes, so handing one over again does no harm."""
    count = 0
    for shard in range(index.shards):
        now = clock()
        wake_ups = index.due(shard, now + horizon, limit=MOST_PER_SHARD)
        if wake_ups:
            queue.wake(wake_ups, now)
        count += len(wake_ups)
    return count
