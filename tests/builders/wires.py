"""From a request on a wire to the profile that it makes."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.replay_queue import MemoryReplayQueue
from ariane.events.acceptance import Acceptance
from ariane.events.collector import CollectKeys
from ariane.events.retrying import Retries, RetryResult
from ariane.events.sources import SourceDirectory
from ariane.profiles.model import Profile
from tests.builders.events import CollectWorld
from tests.builders.profiles import KEY, Stack


@dataclass(slots=True)
class Pipeline:
    """A collector and the stitching behind it, which agree on the person key."""

    world: CollectWorld = field(default_factory=CollectWorld)
    stack: Stack = field(default_factory=Stack)

    @staticmethod
    def new(monkeypatch: pytest.MonkeyPatch) -> "Pipeline":
        monkeypatch.setattr("tests.builders.events.KEYS", CollectKeys(person=KEY, link=b"link-key", signing=b"signing-key"))
        return Pipeline()

    def retried(self, **document: Any) -> list[RetryResult]:
        """What is refused so far, tried again under definitions that are changed so."""
        world = self.world
        world.access.document = dict(world.definitions) | document
        retries = Retries(
            rejects=world.rejects,
            sources=SourceDirectory(world.access, clock=world.clock, ttl=timedelta()),
            acceptance=Acceptance(log=world.log, overflow=world.overflow, rejects=world.rejects, meter=world.meter),
            log=world.log,
            replays=MemoryReplayQueue(),
            person_key=lambda: KEY,
            clock=world.clock,
        )
        return [retries.retry(stored.id, by="support") for stored in world.refused()]

    def profile(self, identifier: str) -> Profile:
        """After all that was collected so far has been stitched."""
        self.stack.deliver(*self.world.log.items())
        return self.stack.profile(identifier)
