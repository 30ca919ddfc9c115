"""The replay queue: keys of log items that stitch is to take up again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable
from ariane.events.log import LogKey
from ariane.profiles.replaying import message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10


class SqsReplayQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, keys: Sequence[LogKey]) -> None:
        for start in range(0, len(keys), _BATCH):
            self._send(keys[start : start + _BATCH])

    def _send(self, keys: Sequence[LogKey]) -> None:
        entries = [{"Id": str(place), "MessageBody": message_of(key)} for place, key in enumerate(keys)]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        if answer.get("Failed"):
            raise Retryable("queue_busy", "the replay queue did not take every key")
