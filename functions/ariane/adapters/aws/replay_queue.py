"""The replay queue: keys of log items that stitch is to take up again."""

from collections.abc import Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable
from ariane.events.log import LogKey
from ariane.profiles.replaying import message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH = 10


class SqsReplayQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, keys: Sequence[LogKey]) -> None:
        for some in batched(keys, _BATCH, strict=False):
            self._send([{"Id": str(place), "MessageBody": message_of(key)} for place, key in enumerate(some)])

    def link_later(self, key: LogKey, *, tries: int, delay: int) -> None:
        self._send([{"Id": "0", "MessageBody": message_of(key, link_tries=tries), "DelaySeconds": delay}])

    def _send(self, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> None:
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        if answer.get("Failed"):
            raise Retryable("queue_busy", "the replay queue did not take every key")
