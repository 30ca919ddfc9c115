"""The lake's bucket and the queue ``land``, with boto3."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.adapters.aws.queue_batches import send_all
from ariane.lake.messages import Put, message_of
from ariane.lake.rows import LakeObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_BATCH = 10


class S3Lake:
    """No content encoding is stated: readers go by the name's ``.gz``, and a client must not inflate what it downloads."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, found: LakeObject) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=found.key, Body=found.body, ContentType="application/gzip")
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error


class SqsLandQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str, patience: float = 1) -> None:
        """``patience`` shortens the delays of a local run."""
        self._client = client
        self._queue_url = queue_url
        self._patience = patience

    def put(self, messages: Sequence[Put], *, delay: int) -> None:
        seconds = int(delay * self._patience)
        send_all(self._client, ((message_of(each), seconds) for each in messages), queue_url=self._queue_url, what="land")
