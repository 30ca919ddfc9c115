"""What running journeys works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ariane.events.log import EventHistory
from ariane.instants import Clock
from ariane.journeys.ports import EnrolmentStore, Homes, JourneyDefinitions, JourneyQueue, ProfileReader, SendQueue
from ariane.journeys.step import Person
from ariane.profiles.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    runs: EnrolmentStore
    profiles: ProfileReader
    homes: Homes
    history: EventHistory
    definitions: JourneyDefinitions
    journey_queue: JourneyQueue
    send_queue: SendQueue
    clock: Clock
    about: Callable[[Profile, datetime], Person]
    """Whom conditions are asked of, and when the run that asks began."""
    awaken: Callable[[str], None]
    """Has a device at rest read by itself again (``profiles.waking``). Nothing happens where a person id is of none."""
    wait_scale: float = 1
