"""The append side of the log over the slim client: for collect, and for the overflow function that finishes its work."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent
from ariane.events.model import LogItem


class DynamoEventLog:
    def __init__(self, client: SignedClient, *, table: str, retention: timedelta) -> None:
        self._client = client
        self._table = table
        self._retention = retention

    def append(self, item: LogItem) -> bool:
        return put_once(self._client, self._table, attributes_of(item, retention=self._retention))


def put_once(client: SignedClient, table: str, attributes: Mapping[str, Any]) -> bool:
    """False: an item with this key is there, be it of an earlier request or of this call's own first attempt."""
    try:
        client.call("PutItem", {"TableName": table, "Item": attributes, "ConditionExpression": "attribute_not_exists(pk)"})
    except ServiceError as error:
        if error.code == "ConditionalCheckFailedException":
            return False
        raise Permanent("log_refused", f"the log refuses the item: {error.code}") from error
    return True
