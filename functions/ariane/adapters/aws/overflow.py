"""The overflow queue: log items wait here while their table is throttled, as the very attributes that will be put."""

from datetime import timedelta

from ariane.adapters.aws.event_items import attributes_of, attributes_of_queue_message, queue_message_of
from ariane.adapters.aws.event_log import put_once
from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent, Retryable
from ariane.events.model import LogItem


class SqsOverflow:
    def __init__(self, client: SignedClient, *, queue_url: str, retention: timedelta) -> None:
        self._client = client
        self._queue_url = queue_url
        self._retention = retention

    def put(self, item: LogItem) -> None:
        body = queue_message_of(attributes_of(item, retention=self._retention))
        try:
            self._client.call("SendMessage", {"QueueUrl": self._queue_url, "MessageBody": body})
        except ServiceError as error:
            # Whatever the queue's reason is, the events are not safe: the client keeps them and comes back.
            raise Retryable("overflow_refused", f"the overflow queue refuses the item: {error.code}") from error


class OverflowDrain:
    """Puts what waited where it belongs."""

    def __init__(self, client: SignedClient, *, table: str) -> None:
        self._client = client
        self._table = table

    def drain(self, body: str) -> None:
        """One queue message. Idempotent. Raises Retryable while the table is throttled, Permanent for what is no log item."""
        try:
            attributes = attributes_of_queue_message(body)
        except (ValueError, KeyError, TypeError) as error:
            raise Permanent("not_a_log_item", "the message is no log item") from error
        put_once(self._client, self._table, attributes)

    def close(self) -> None:
        self._client.close()
