"""The journey queue: wake-ups with a delay, and what became of messages."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from ariane.adapters.aws.queue_batches import send_all
from ariane.journeys.step import WakeUp
from ariane.messaging.model import Outcome

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsJourneyQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def wake(self, wake_ups: Sequence[WakeUp], now: datetime) -> None:
        self._send([(_body(each), _delay(each, now)) for each in wake_ups])

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
        self._send([(body, 0)])

    def _send(self, messages: Sequence[tuple[Mapping[str, Any], int]]) -> None:
        bodies = ((orjson.dumps(body).decode(), delay) for body, delay in messages)
        send_all(self._client, bodies, queue_url=self._queue_url, what="journey")


def _body(wake_up: WakeUp) -> Mapping[str, Any]:
    return {"kind": "due", "profile": wake_up.profile, "enrolment": wake_up.enrolment, "v": wake_up.lock}


def _delay(wake_up: WakeUp, now: datetime) -> int:
    """Whole seconds, rounded up: a wake-up that comes early has to wait again."""
    return max(0, math.ceil((wake_up.due - now).total_seconds()))
