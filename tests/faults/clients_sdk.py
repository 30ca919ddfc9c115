"""The clients themselves: each repeats its request until it is answered, as SDKs do, and knows in the end what it was told."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import orjson

from ariane.instants import format_instant
from tests.builders.events import gateway_event
from tests.faults.clients import Sending
from tests.faults.scheduler import Scheduler

type Answered = Callable[[Mapping[str, Any] | None], None]
"""Given the function's reply; None: there was none."""
type Ask = Callable[[Mapping[str, Any], Answered], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What a client knows of its request."""

    sending: Sending
    status: int
    refused: Mapping[int, str]
    """Place in the request -> code; place -1 is the whole request."""

    def accepted(self) -> list[Mapping[str, Any]]:
        if self.status != 200:
            return []
        return [message for place, message in enumerate(self.sending.messages) if place not in self.refused]


@dataclass(slots=True)
class Clients:
    scheduler: Scheduler
    random: Random
    ask: Ask
    keys: Mapping[str, str]
    told: Callable[[Told], None]
    losses: float = 0.1
    """Share of answers that never arrive."""
    eager: float = 0.05
    """Share of requests that a client sends again before the first one is answered."""
    is_calm: bool = False
    waiting: set[int] = field(default_factory=set)
    lost: int = 0

    def begin(self, sending: Sending) -> None:
        self.waiting.add(sending.number)
        self.scheduler.at(sending.at, lambda: self._send(sending, 0))

    def _send(self, sending: Sending, attempt: int) -> None:
        self.scheduler.note("client", "sends", sending)
        self.ask(self._event(sending), lambda reply: self._answered(sending, attempt, reply))
        if not self.is_calm and self.random.random() < self.eager:
            self.ask(self._event(sending), lambda _: None)

    def _event(self, sending: Sending) -> Mapping[str, Any]:
        credentials = b64encode(f"{self.keys[sending.source]}:".encode()).decode()
        now = self.scheduler.now + timedelta(seconds=sending.skew)
        body = sending.raw or orjson.dumps({"batch": list(sending.messages), "sentAt": format_instant(now)})
        return gateway_event("POST", "/v1/batch", body=body, headers={"authorization": f"Basic {credentials}"})

    def _answered(self, sending: Sending, attempt: int, reply: Mapping[str, Any] | None) -> None:
        is_lost = not self.is_calm and self.random.random() < self.losses
        self.lost += is_lost
        if reply is None or is_lost or reply["statusCode"] in (429, 500, 502, 503):
            self.scheduler.after(self.random.choice((0.1, 1.0, 5.0)) * 2 ** min(attempt, 5), lambda: self._send(sending, attempt + 1))
            return
        if sending.number in self.waiting:
            self.waiting.discard(sending.number)
            self.told(_told(sending, reply))


def _told(sending: Sending, reply: Mapping[str, Any]) -> Told:
    content = orjson.loads(reply["body"])
    if reply["statusCode"] != 200:
        return Told(sending, reply["statusCode"], {-1: content["code"]})
    return Told(sending, 200, {each["index"]: each["code"] for each in content.get("rejected", ())})
