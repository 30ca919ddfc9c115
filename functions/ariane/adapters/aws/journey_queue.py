"""The journey queue: wake-ups with a delay, and what became of messages."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable
from ariane.journeys.step import WakeUp
from ariane.messaging.model import Outcome

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
_LONGEST_DELAY = 900


class SqsJourneyQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def wake(self, wake_ups: Sequence[WakeUp], now: datetime) -> None:
        for start in range(0, len(wake_ups), _BATCH):
            self._send([(_body(each), _delay(each, now)) for each in wake_ups[start : start + _BATCH]])

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
        entries = [
            {"Id": str(place), "MessageBody": orjson.dumps(body).decode(), "DelaySeconds": delay}
            for place, (body, delay) in enumerate(messages)
        ]
        try:
            reply = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        if reply.get("Failed"):
            raise Retryable("queue_busy", "the journey queue did not take every message")


def _body(wake_up: WakeUp) -> Mapping[str, Any]:
    return {"kind": "due", "profile": wake_up.profile, "enrolment": wake_up.enrolment, "v": wake_up.lock}


def _delay(wake_up: WakeUp, now: datetime) -> int:
    """Whole seconds, rounded up: a wake-up that comes early has to wait again."""
    return min(_LONGEST_DELAY, max(0, math.ceil((wake_up.due - now).total_seconds())))
