"""The ports of the simulated world that are more than a memory adapter: those that lead into a queue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from ariane.adapters.memory.journey_queue import MemoryJourneyQueue
from ariane.events.log import LogKey
from ariane.events.model import LogItem
from ariane.identity.jobs import Job, message_of
from ariane.journeys.step import WakeUp
from ariane.messaging.model import Outcome, SendRequest
from ariane.profiles.replaying import message_of as replay_of
from ariane.segments.jobs import PutJob
from ariane.segments.jobs import message_of as evaluation_of
from tests.builders.events import CollectWorld
from tests.faults.world_queues import Queue
from tests.faults.world_stores import Log


@dataclass(frozen=True, slots=True)
class Sent:
    body: str
    at: datetime


class Overflowed:
    def __init__(self, put: Callable[[LogItem], None]) -> None:
        self._put = put

    def put(self, item: LogItem) -> None:
        self._put(item)


class Draining:
    def __init__(self, log: Log) -> None:
        self._log = log

    def drain(self, item: LogItem) -> None:
        self._log.append(item)


class JourneyQueue(MemoryJourneyQueue):
    """Delays are whole seconds, 15 minutes at most."""

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self._queue = queue

    def wake(self, wake_ups: Sequence[WakeUp], now: datetime) -> None:
        for each in wake_ups:
            seconds = ceil(max(0.0, (each.due - now).total_seconds()))
            body = {"kind": "due", "profile": each.profile, "enrolment": each.enrolment, "v": each.lock}
            self._queue.put(body, self._queue.scheduler.now + timedelta(seconds=seconds))

    def report(self, outcome: Outcome) -> None:
        super().report(outcome)
        self._queue.put(self.messages.pop().body)


class BackgroundJobs:
    """As SQS carries them: text, with the time at which each was sent."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def put(self, jobs: Sequence[Job], *, delay: int = 0) -> None:
        now = self._queue.scheduler.now
        for job in jobs:
            self._queue.put(Sent(message_of(job), now), now + timedelta(seconds=delay))


class EvaluateJobs:
    """``is_used``: else nobody listens, and nothing is drawn for it."""

    def __init__(self, queue: Queue, *, is_used: bool) -> None:
        self._queue = queue
        self._is_used = is_used

    def put(self, jobs: Sequence[PutJob], *, delay: int = 0) -> None:
        now = self._queue.scheduler.now
        for job in jobs if self._is_used else ():
            self._queue.put(evaluation_of(job), now + timedelta(seconds=delay))


class Replays:
    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def put(self, keys: Sequence[LogKey]) -> None:
        for key in keys:
            self._queue.put(replay_of(key))

    def link_later(self, key: LogKey, *, tries: int, delay: int) -> None:
        self._queue.put(replay_of(key, link_tries=tries), self._queue.scheduler.now + timedelta(seconds=delay))


class SendQueue:
    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.asked: set[tuple[str, str, str, int]] = set()

    def ask(self, request: SendRequest) -> None:
        self.asked.add((request.profile, request.enrolment, request.node, request.visit))
        self._queue.put(request)


@dataclass
class Reception(CollectWorld):
    """The collector's own builder, under the simulated clock."""

    time: Callable[[], datetime] = field(kw_only=True)

    def clock(self) -> datetime:
        return self.time()
