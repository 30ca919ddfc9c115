"""Messages into an SQS queue, ten a request."""

from collections.abc import Iterable
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
LONGEST_DELAY = 900
"""Seconds, of SQS."""


def send_all(client: "SQSClient", messages: Iterable[tuple[str, int]], *, queue_url: str, what: str) -> None:
    """``messages``: body, and seconds until it is seen (what is longer is cut to the longest). Raises Retryable where the queue, ``what``
    in the error's words, did not take all of them; some may have been put then."""
    for some in batched(messages, _BATCH, strict=False):
        entries = [
            {"Id": str(place), "MessageBody": body, "DelaySeconds": min(LONGEST_DELAY, delay)} for place, (body, delay) in enumerate(some)
        ]
        try:
            answer = client.send_message_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        if answer.get("Failed"):
            raise Retryable("queue_busy", f"the {what} queue did not take every message")
