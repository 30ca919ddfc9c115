"""Reads of many items of one table, consistent ones unless said."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PER_CALL = 100
_ROUNDS = 5


def batch_get(client: "DynamoDBClient", table: str, keys: Sequence[tuple[str, str]], *, may_lag: bool = False) -> Iterator[dict[str, Any]]:
    """Those that exist, in no order. ``may_lag``: half the price. Raises Retryable where the table leaves keys unread again and again."""
    for start in range(0, len(keys), _PER_CALL):
        some = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys[start : start + _PER_CALL]]
        yield from _read(client, table, some, may_lag=may_lag)


def _read(client: "DynamoDBClient", table: str, keys: list[dict[str, Any]], *, may_lag: bool) -> Iterator[dict[str, Any]]:
    for _ in range(_ROUNDS):
        try:
            answer = client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": not may_lag}})
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        yield from answer["Responses"].get(table, [])
        rest = answer.get("UnprocessedKeys", {}).get(table)
        if not rest:
            return
        keys = list(rest["Keys"])
    raise Retryable("table_busy", "the table leaves keys unread")
