"""The replay queue: keys of log items that stitch is to take up again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ariane.adapters.aws.queue_batches import send_all
from ariane.events.log import LogKey
from ariane.profiles.replaying import message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsReplayQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, keys: Sequence[LogKey]) -> None:
        self._send([(message_of(key), 0) for key in keys])

    def link_later(self, key: LogKey, *, tries: int, delay: int) -> None:
        self._send([(message_of(key, link_tries=tries), delay)])

    def _send(self, messages: Sequence[tuple[str, int]]) -> None:
        send_all(self._client, messages, queue_url=self._queue_url, what="replay")
