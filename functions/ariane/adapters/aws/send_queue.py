"""The send queue: one message for each send node that a run has come to."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.messaging.model import SendRequest

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsSendQueue:
    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def ask(self, request: SendRequest) -> None:
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=orjson.dumps(asdict(request)).decode())
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
