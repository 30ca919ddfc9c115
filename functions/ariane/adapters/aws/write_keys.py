"""Write keys in the Access table, with boto3: for the command line and the local run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.access.write_keys import WriteKey
from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.errors import Conflict, NotFound
from ariane.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoWriteKeys:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, key: WriteKey) -> None:
        item: dict[str, Any] = _key(key.hash) | {
            "s": {"S": key.source},
            "h": {"S": key.hint},
            "at": {"S": format_instant(key.created_at)},
        }
        if key.is_revoked:
            item["off"] = {"BOOL": True}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise Conflict("write_key_exists", "this write key is stored already") from error
            raise translated(error) from error

    def all(self) -> Sequence[WriteKey]:
        """Reads the whole table: it holds keys, tokens and one document."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, FilterExpression="sk = :k", ExpressionAttributeValues={":k": {"S": "K"}}, ConsistentRead=True
        )
        try:
            return [_write_key(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def revoke(self, key_hash: str) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(key_hash),
                UpdateExpression="SET #off = :true",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={"#off": "off"},
                ExpressionAttributeValues={":true": {"BOOL": True}},
            )
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise NotFound("unknown_write_key", "there is no such write key") from error
            raise translated(error) from error


def _key(key_hash: str) -> Any:
    return {"pk": {"S": f"K#{key_hash}"}, "sk": {"S": "K"}}


def _write_key(item: Mapping[str, Any]) -> WriteKey:
    return WriteKey(
        hash=item["pk"]["S"].removeprefix("K#"),
        source=item["s"]["S"],
        hint=item["h"]["S"],
        created_at=parse_instant(item["at"]["S"]),
        is_revoked=bool(item.get("off", {}).get("BOOL", False)),
    )
