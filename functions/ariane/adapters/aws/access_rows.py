"""Rows of the Access table that stand for a secret: write keys (``K``) and API tokens (``T``)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.errors import Conflict, NotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Row = Mapping[str, Any]


class AccessRows:
    """``letter`` tells one kind from another; ``noun`` names it in errors (``write_key``: ``unknown_write_key``)."""

    def __init__(self, client: "DynamoDBClient", *, table: str, letter: str, noun: str) -> None:
        self._client = client
        self._table = table
        self._letter = letter
        self._noun = noun

    def get(self, secret_hash: str) -> Row | None:
        try:
            return self._client.get_item(TableName=self._table, Key=self._key(secret_hash), ConsistentRead=True).get("Item")
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def add(self, secret_hash: str, attributes: Row, *, is_revoked: bool) -> None:
        item = {**self._key(secret_hash), **attributes, **({"off": {"BOOL": True}} if is_revoked else {})}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise Conflict(f"{self._noun}_exists", f"this {self._words} is stored already") from error
            raise translated(error) from error

    def all(self) -> Sequence[Row]:
        """Reads the whole table: it holds keys, tokens and one document."""
        values = {":letter": {"S": self._letter}}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, FilterExpression="sk = :letter", ExpressionAttributeValues=values, ConsistentRead=True
        )
        try:
            return [item for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def revoke(self, secret_hash: str) -> None:
        """Idempotent. Raises NotFound."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key(secret_hash),
                UpdateExpression="SET #off = :true",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={"#off": "off"},
                ExpressionAttributeValues={":true": {"BOOL": True}},
            )
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise NotFound(f"unknown_{self._noun}", f"there is no such {self._words}") from error
            raise translated(error) from error

    @property
    def _words(self) -> str:
        return self._noun.replace("_", " ")

    def _key(self, secret_hash: str) -> dict[str, Any]:
        return {"pk": {"S": f"{self._letter}#{secret_hash}"}, "sk": {"S": self._letter}}


def hash_in(row: Row) -> str:
    return str(row["pk"]["S"]).partition("#")[2]


def is_revoked(row: Row) -> bool:
    return bool(row.get("off", {}).get("BOOL", False))
