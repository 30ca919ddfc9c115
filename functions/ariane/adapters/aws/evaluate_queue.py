"""The evaluate queue: who is to be evaluated."""

from collections.abc import Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable
from ariane.segments.jobs import LONGEST_DELAY, PutJob, message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10


class SqsEvaluateQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, jobs: Sequence[PutJob], *, delay: int = 0) -> None:
        for some in batched(jobs, _BATCH, strict=False):
            self._send(some, min(LONGEST_DELAY, delay))

    def _send(self, jobs: Sequence[PutJob], delay: int) -> None:
        entries = [{"Id": str(place), "MessageBody": message_of(job), "DelaySeconds": delay} for place, job in enumerate(jobs)]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        if answer.get("Failed"):
            raise Retryable("queue_busy", "the evaluate queue did not take every job")
