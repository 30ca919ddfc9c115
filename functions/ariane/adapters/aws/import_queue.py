"""The imports queue: files that arrived, and imports that go on."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.imports.jobs import message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsImportQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, import_id: str) -> None:
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=message_of(import_id))
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
