"""The evaluate queue: who is to be evaluated."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ariane.adapters.aws.queue_batches import send_all
from ariane.segments.jobs import PutJob, message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsEvaluateQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, jobs: Sequence[PutJob], *, delay: int = 0) -> None:
        send_all(self._client, ((message_of(job), delay) for job in jobs), queue_url=self._queue_url, what="evaluate")
