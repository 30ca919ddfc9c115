"""The tick: asks each shard for what is due soon and hands it to the queue. No cursor outlives it: the index lags, and a row is asked for
until it has moved on."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from ariane.errors import ArianeError, Retryable
from ariane.instants import Clock
from ariane.journeys.ports import DueIndex, JourneyQueue

PAGE = 1_000
MOST_PAGES = 10
"""Of one shard in one tick. Rows that fail again and again stand first, so one page would be theirs alone."""
SPAN = timedelta(seconds=40)
"""After this no page is begun: the function has 55 seconds, and what is left is the next tick's."""


def hand_over_due(index: DueIndex, queue: JourneyQueue, *, clock: Clock, horizon: timedelta) -> int:
    """How many wake-ups were handed over. A wake-up names the state it wakes, so handing one over again does no harm.

    Raises Retryable at the end when a shard could not be handed over whole; the others were.
    """
    begun = clock()
    pages = {shard: index.due(shard, begun + horizon, page=PAGE) for shard in range(index.shards)}
    count, failures = 0, list[str]()
    for shard in _turns(pages):
        if clock() - begun >= SPAN:
            break
        try:
            page = next(pages[shard], None)
            if page is not None:
                queue.wake(page, clock())
                count += len(page)
                continue
        except ArianeError as error:
            failures.append(error.code)
        del pages[shard]
    if failures:
        raise Retryable("hand_over_incomplete", f"{len(failures)} of {index.shards} shards: {', '.join(sorted(set(failures)))}")
    return count


def _turns(pages: Mapping[int, object]) -> Iterator[int]:
    """Each shard once, then each that is left once more."""
    for _ in range(MOST_PAGES):
        yield from [*pages]
