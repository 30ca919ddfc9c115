"""The resolve queue: what is left to the background about identities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable
from ariane.identity.jobs import LONGEST_DELAY, Job, message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10


class SqsBackgroundQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, jobs: Sequence[Job], *, delay: int = 0) -> None:
        for start in range(0, len(jobs), _BATCH):
            self._send(jobs[start : start + _BATCH], min(LONGEST_DELAY, delay))

    def _send(self, jobs: Sequence[Job], delay: int) -> None:
        entries = [{"Id": str(place), "MessageBody": message_of(job), "DelaySeconds": delay} for place, job in enumerate(jobs)]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        if answer.get("Failed"):
            raise Retryable("queue_busy", "the resolve queue did not take every job")
