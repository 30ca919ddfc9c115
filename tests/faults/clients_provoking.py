"""People who act at the worst moment: while a message to them is decided, they withdraw, log in elsewhere, or do what ends the journey."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ariane.instants import format_instant
from ariane.messaging.links import WayOut
from ariane.messaging.model import Channel
from ariane.privacy.consents import ConsentQuestion
from tests.builders.events import KEYS
from tests.faults.clients import Sending
from tests.faults.scheduler import Scheduler

FIRST_NUMBER = 1_000
"""Of the actions that are provoked: those of the script are below."""


@dataclass(slots=True)
class Provoked:
    scheduler: Scheduler
    random: Random
    share: float
    """Of decisions that provoke somebody."""
    skip: frozenset[int]
    send: Callable[[Sending], None]
    click: Callable[[str], None]
    user_of: Callable[[ConsentQuestion], str | None]
    is_calm: bool = False
    count: int = 0
    shadows: dict[str, str] = field(default_factory=dict)
    """User -> a browser of theirs that nobody knows to be theirs."""

    def decides(self, question: ConsentQuestion) -> None:
        """A sender is asking this now; its claim comes next."""
        if self.is_calm or self.random.random() >= self.share:
            return
        number = FIRST_NUMBER + self.count
        self.count += 1
        user = self.user_of(question)
        act = self.random.choice((self._unsubscribe, self._unsubscribe, self._withdraw, *[self._be_another] * 3, self._leave))
        if user in self.shadows and self.random.random() < 0.8:
            act = self._meet_shadow
        if number not in self.skip and user is not None:
            self.scheduler.note("somebody", "is provoked", number)
            act(number, user, question)

    def _unsubscribe(self, number: int, user: str, question: ConsentQuestion) -> None:
        """By the link of an earlier message to the same address."""
        way_out = WayOut(
            address_id=question.address_id,
            topic=question.topic,
            channel=Channel(question.channel),
            message_id=f"earlier-{number}",
            locale="fr",
            label="Offres",
        )
        self.click(way_out.token(KEYS.link, expires_at=self.scheduler.now.replace(year=2028)))

    def _withdraw(self, number: int, user: str, question: ConsentQuestion) -> None:
        properties = {"topic": question.topic, "channel": question.channel}
        self._say(number, "Consent Withdrawn", {"userId": user}, properties)

    def _be_another(self, number: int, user: str, question: ConsentQuestion) -> None:
        """In a browser that nobody knows to be theirs they withdraw everything."""
        self.shadows[user] = f"shadow-{number}"
        self._say(number, "Consent Withdrawn", {"anonymousId": self.shadows[user]}, {})

    def _meet_shadow(self, number: int, user: str, question: ConsentQuestion) -> None:
        """They log in there."""
        shadow = self.shadows.pop(user)
        self._put(number, "login", {"type": "identify", "userId": user, "anonymousId": shadow, "traits": {"first_name": "Zoé"}})

    def _leave(self, number: int, user: str, question: ConsentQuestion) -> None:
        self._say(number, self.random.choice(("Account Closed", "Order Completed")), {"userId": user}, {"order_id": f"p{number}"})

    def _say(self, number: int, name: str, who: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
        self._put(number, name.lower(), {"type": "track", "event": name, "properties": {**properties, "tag": f"t{number}"}, **who})

    def _put(self, number: int, what: str, message: Mapping[str, Any]) -> None:
        now = self.scheduler.now
        whole = {**message, "messageId": f"m{number}", "timestamp": format_instant(now)}
        self.send(Sending(number, now, what, "backend", (whole,)))
