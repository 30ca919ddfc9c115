"""A lake in memory beside a stitching stack."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from ariane.adapters.memory.lake import MemoryLake, MemoryLandQueue
from ariane.events.model import LogItem
from ariane.lake.columns import EVENTS, IDENTITIES
from ariane.lake.landing import LakePorts, Landed, Lander, Waiting
from ariane.lake.messages import ItemLater, PartitionMoved, message_of
from ariane.lake.moving import Mover
from ariane.lake.service import Failed, LakeService, ParkedByStitch
from ariane.profiles.announcing import PROFILE_MERGED, PROFILE_SPLIT
from ariane.profiles.homes import HomeReader
from ariane.profiles.stitching import StreamRecord
from ariane.profiles.stream import StreamReader
from tests.builders.profiles import KEY, NOON, RULES, Stack


@dataclass
class Clock:
    """Each reading is a millisecond after the one before."""

    now: datetime = NOON + timedelta(days=10)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Shore:
    """The lake function over a stack's stores. Any port may be replaced by a proxy that fails."""

    stack: Stack
    lake: Any = field(default_factory=MemoryLake)
    queue: Any = field(default_factory=MemoryLandQueue)
    clock: Any = field(default_factory=Clock)

    @property
    def lander(self) -> Lander:
        stack = self.stack
        homes = HomeReader(stack.identities, rules=lambda: RULES, key=lambda: KEY)
        ports = LakePorts(
            lake=self.lake,
            queue=self.queue,
            fragments=stack.fragments,
            identities=stack.identities,
            homes=homes,
            log=stack.log,
            clock=self.clock,
        )
        return Lander(ports)

    @property
    def service(self) -> LakeService:
        stack, lander = self.stack, self.lander
        mover = Mover(lander=lander, lake=self.lake, queue=self.queue, identities=stack.identities, log=stack.log, clock=self.clock)

        def items(later: Sequence[ItemLater]) -> Iterable[LogItem | None]:
            return [stack.log.get(each.person_id, each.sort) for each in later]

        return LakeService(StreamReader(_no_images, ParkedByStitch()), lander, mover, items)

    def land(self, records: Sequence[StreamRecord]) -> Landed:
        return self.lander.land(Waiting(each.item, each.sequence) for each in records)

    def take_queued(self) -> Sequence[Failed]:
        """What the queue holds, whatever its delay."""
        return self.take(*map(message_of, self.queue.take()))

    def take(self, *bodies: str) -> Sequence[Failed]:
        return self.service.take({str(number): body for number, body in enumerate(bodies)})

    def hear(self) -> Sequence[Failed]:
        """What the bus told of people so far."""
        return self.take(*facts_of(self.stack))

    def events(self) -> list[dict[str, Any]]:
        return self.lake.rows(EVENTS)  # type: ignore[no-any-return]

    def identities(self) -> list[dict[str, Any]]:
        return self.lake.rows(IDENTITIES)  # type: ignore[no-any-return]


def facts_of(stack: Stack) -> list[str]:
    """As the rules hand them to the queue."""
    kinds = {PROFILE_MERGED: "merged", PROFILE_SPLIT: "split"}
    told = [fact for fact in stack.announcer.facts if fact.kind in kinds]
    return [orjson.dumps({"kind": kinds[fact.kind], "fact": fact.detail}).decode() for fact in told]


def partition_message(person_id: str) -> str:
    return message_of(PartitionMoved(person_id))


def _no_images(_image: Any) -> LogItem:
    raise AssertionError("the shore is given items, not images")
