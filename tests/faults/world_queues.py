"""What brings the functions their work, as AWS documents it: a stream in order, a batch of it again whole; queues at least once and in no
order; a bus at least once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zlib import crc32

import orjson

from ariane.events.model import LogItem
from ariane.profiles.announcing import Fact
from ariane.profiles.stitching import StreamRecord
from tests.faults.scheduler import Scheduler

ATTEMPTS = 5
"""Receives of a message, after which it lies in the dead-letter queue."""
_BATCH = 10

type Consume = Callable[[Sequence[Any], Callable[[Sequence[int]], None]], None]
"""Begins an invocation with these bodies; what it is given last is told which places failed: all of them where the function died."""


@dataclass(slots=True)
class Message:
    body: Any
    receives: int = 0


@dataclass(slots=True)
class Queue:
    """A standard queue of SQS with a function behind it."""

    name: str
    scheduler: Scheduler
    random: Random
    consume: Consume
    visibility: float
    duplicates: float
    """Share of messages that come twice, perhaps at the same time."""
    longest_delay: float = 900
    dead: list[Message] = field(default_factory=list)
    ready: list[Message] = field(default_factory=list)
    waiting: int = 0
    """Messages that are on their way or being worked on."""
    is_calm: bool = False

    def put(self, body: Any, due: datetime | None = None) -> None:
        now = self.scheduler.now
        delay = min(self.longest_delay, max(0.0, (due - now).total_seconds())) if due else 0.0
        copies = 2 if not self.is_calm and self.random.random() < self.duplicates else 1
        for _ in range(copies):
            self._appear(Message(body), delay + self._transit())

    def redrive(self) -> int:
        """What operators do once the cause is gone; how many there were."""
        dead, self.dead = self.dead, []
        for message in dead:
            self._appear(Message(message.body), 0.0)
        return len(dead)

    def _transit(self) -> float:
        if self.is_calm:
            return 0.02
        return self.random.choice((0.0, 0.0, 0.01, 0.3, self.random.uniform(0, 20)))

    def _appear(self, message: Message, delay: float) -> None:
        self.waiting += 1
        self.scheduler.after(delay, lambda: self._arrived(message))

    def _arrived(self, message: Message) -> None:
        self.ready.append(message)
        self.scheduler.after(self.random.choice((0.0, 0.0, 0.5)), self._pump)

    def _pump(self) -> None:
        if not self.ready:
            return
        self.random.shuffle(self.ready)
        size = self.random.randint(1, _BATCH)
        batch, self.ready = self.ready[:size], self.ready[size:]
        for message in batch:
            message.receives += 1
        received = self.scheduler.now
        self.consume([message.body for message in batch], lambda failed: self._done(batch, failed, received))

    def _done(self, batch: Sequence[Message], failed: Sequence[int], received: datetime) -> None:
        self.waiting -= len(batch)
        left = max(0.0, self.visibility - (self.scheduler.now - received).total_seconds())
        for place in failed:
            message = batch[place]
            if message.receives >= ATTEMPTS:
                self.scheduler.note(self.name, "gives up", message.body)
                self.dead.append(message)
            else:
                self._appear(message, left)
        if self.ready:
            self.scheduler.after(0, self._pump)


type Stitch = Callable[[Sequence[StreamRecord], Callable[[bool], None]], None]
"""Begins an invocation with these records; what it is given last is told whether all went well."""


@dataclass(slots=True)
class Shard:
    """Read one batch at a time; a batch that failed comes again, halved perhaps, before anything behind it."""

    name: str
    scheduler: Scheduler
    random: Random
    stitch: Stitch
    records: list[StreamRecord] = field(default_factory=list)
    is_busy: bool = False
    halved: int | None = None
    failures: int = 0

    def put(self, record: StreamRecord) -> None:
        self.records.append(record)
        self.scheduler.after(self.random.choice((0.0, 0.1, 0.3, 1.0)), self._poll)

    def _poll(self) -> None:
        if self.is_busy or not self.records:
            return
        self.is_busy = True
        size = self.random.choice((1, 2, 5, 100)) if self.halved is None else max(1, self.halved // 2)
        batch = self.records[:size]
        self.stitch(batch, lambda is_done: self._done(batch, is_done))

    def _done(self, batch: Sequence[StreamRecord], is_done: bool) -> None:
        self.is_busy = False
        if is_done:
            del self.records[: len(batch)]
            self.halved = None
        else:
            self.failures += 1
            self.halved = self.random.choice((len(batch), len(batch) * 2))
        if self.records:
            self.scheduler.after(0.0 if is_done else self.random.choice((0.1, 1.0, 5.0)), self._poll)


@dataclass(slots=True)
class Stream:
    """``is_torn``: the items of one person lie on several shards, as those of a very busy one may."""

    shards: Sequence[Shard]
    is_torn: bool = False
    inserted: int = 0

    def put(self, item: LogItem) -> None:
        self.inserted += 1
        place = item.person_id + (item.sort if self.is_torn else "")
        self.shards[crc32(place.encode()) % len(self.shards)].put(StreamRecord(item, str(self.inserted)))

    @property
    def is_empty(self) -> bool:
        return not any(shard.records for shard in self.shards)


@dataclass(slots=True)
class Rules:
    """EventBridge: the entry rules of what is published now, and the fixed ones of the platform."""

    scheduler: Scheduler
    random: Random
    queue: Queue
    patterns: Mapping[str, Mapping[str, Any]]
    duplicates: float
    is_calm: bool = False

    def deliver(self, fact: Fact) -> None:
        for body in self._targets(fact):
            copies = 2 if not self.is_calm and self.random.random() < self.duplicates else 1
            for _ in range(copies):
                self.scheduler.after(self._transit(), lambda body=body: self.queue.put(body))  # type: ignore[misc]

    def carry(self, body: Any, queue: Queue) -> None:
        copies = 2 if not self.is_calm and self.random.random() < self.duplicates else 1
        for _ in range(copies):
            self.scheduler.after(self._transit(), lambda: queue.put(body))

    def _transit(self) -> float:
        return 0.1 if self.is_calm else self.random.choice((0.0, 0.0, 0.2, self.random.uniform(0, 30)))

    def _targets(self, fact: Fact) -> list[Mapping[str, Any]]:
        carried = orjson.loads(orjson.dumps(dict(fact.detail)))
        if fact.kind == "Profile Merged":
            return [{"kind": "merged", "fact": carried}]
        if fact.kind == "Profile Split":
            return [{"kind": "split", "fact": carried}]
        entries = [name for name, pattern in self.patterns.items() if _matches(pattern, fact)]
        bodies: list[Mapping[str, Any]] = [{"kind": "entry", "journey": name, "fact": carried} for name in entries]
        return [*bodies, {"kind": "awaited", "fact": carried}] if carried.get("awaited") is True else bodies


def _matches(pattern: Mapping[str, Any], fact: Fact) -> bool:
    """As far as our own rules use EventBridge's language: lists of exact values and of prefixes."""
    return _fits(pattern["detail"], fact.detail) and fact.kind in pattern["detail-type"]


def _fits(pattern: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return all(
        _fits(wanted, found.get(name) or {}) if isinstance(wanted, Mapping) else any(_is(one, found.get(name)) for one in wanted)
        for name, wanted in pattern.items()
    )


def _is(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, str) and value.startswith(wanted["prefix"])
    return bool(wanted == value)


@dataclass(slots=True)
class Ticking:
    """The rule that wakes the tick every minute. Minutes in which nothing is due are passed over: nothing would happen in them."""

    scheduler: Scheduler
    next_due: Callable[[], datetime | None]
    tick: Callable[[], None]
    is_calm: bool = False

    def begin(self) -> None:
        self._again(60)

    def _minute(self) -> None:
        due = self.next_due()
        if due is not None and due <= self.scheduler.now + timedelta(minutes=2):
            self.tick()
        far = due is None or due > self.scheduler.now + timedelta(minutes=20)
        self._again(600 if self.is_calm and far else 60)

    def _again(self, seconds: float) -> None:
        self.scheduler.after(seconds, self._minute)
