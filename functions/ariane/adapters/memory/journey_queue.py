"""The journey queue in memory: bodies in the queue's own form, with the delay that each was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ariane.journeys.step import WakeUp
from ariane.messaging.model import Outcome


@dataclass(frozen=True, slots=True)
class Delayed:
    body: dict[str, Any]
    due: datetime | None


class MemoryJourneyQueue:
    def __init__(self) -> None:
        self.messages: list[Delayed] = []

    def wake(self, wake_ups: Sequence[WakeUp], now: datetime) -> None:
        for each in wake_ups:
            body = {"kind": "due", "profile": each.profile, "enrolment": each.enrolment, "v": each.lock}
            self.messages.append(Delayed(body, max(each.due, now)))

    def report(self, outcome: Outcome) -> None:
        body = {
            "kind": "outcome",
            "profile": outcome.profile,
            "enrolment": outcome.enrolment,
            "node": outcome.node,
            "visit": outcome.visit,
            "status": str(outcome.status),
            "reason": outcome.reason,
        }
        self.messages.append(Delayed(body, None))
