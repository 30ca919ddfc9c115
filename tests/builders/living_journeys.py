"""Journeys of somebody whose events are stitched: the real profile, log, consents and published segments answer what conditions ask."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ariane.definitions.store import Definitions
from ariane.journeys.runner import Runner
from ariane.journeys.world import World
from tests.builders.journeys import NOON, PORTS, Theatre, fact
from tests.builders.profiles import identify, item, prs, track
from tests.builders.segments import SegmentWorld

WHO = "user_id:u1"
ADDRESS = "u1@shop.example"


@dataclass
class LivingTheatre(Theatre):
    people: SegmentWorld = field(default_factory=SegmentWorld)
    serial: int = 0

    def __post_init__(self) -> None:
        self.history = self.people.stack.log
        self.profiles = self.people.reader

    def runner(self, **replaced: Any) -> Runner:
        ports = {name: replaced.get(name, getattr(self, name)) for name in PORTS}
        definitions = Definitions(self.documents, self.versions, ttl=timedelta(0), clock=self.clock)
        about = self.people.asking.about
        return Runner(World(**ports, definitions=definitions, clock=self.clock, about=about, awaken=self._awaken, wait_scale=1))

    def happens(self, name: str, *, minute: float = 0, **properties: Any) -> str:
        """To u1, who is evaluated by what segments ask then. Its message id."""
        self.serial += 1
        own = f"e{self.serial}"
        self._stitch(track(name, message_id=own, minute=minute, anonymousId=None, userId="u1", properties=properties), minute)
        return own

    def says(self, *, minute: float = 0, **traits: Any) -> None:
        self.serial += 1
        self._stitch(identify(message_id=f"e{self.serial}", minute=minute, userId="u1", traits=traits), minute)

    def decides(self, event: str, *, minute: float = 0) -> None:
        """``Consent Granted`` or ``Consent Withdrawn``, for offers by e-mail."""
        self.happens(event, minute=minute, topic="offers", channel="email", email=ADDRESS)

    def begins(self, journey: str, *, minute: float = 0) -> str:
        """u1 puts something into the cart. What became of it."""
        own = self.happens("Product Added", minute=minute, cart_id="c1")
        return self.enter(journey, fact("Product Added", id=own, at=self.now, profile=prs(WHO), cart_id="c1"))

    def orders(self, *, minute: float, **properties: Any) -> None:
        """And the journey hears of it."""
        own = self.happens("Order Completed", minute=minute, **properties)
        self.awaited(fact("Order Completed", id=own, at=self.now, profile=prs(WHO), **properties))

    def templates(self) -> list[str]:
        """Of the messages that were asked for; one that nobody reports the outcome of is asked for again."""
        return [*{request.message_id: request.template for request in self.send_queue.requests}.values()]

    def _stitch(self, message: Any, minute: float) -> None:
        self.now = self.people.now = max(self.now, NOON + timedelta(minutes=minute))
        self.people.happen(item(message))
