"""API tokens in the Access table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.access.tokens import ApiToken
from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.errors import Conflict, NotFound
from ariane.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoTokens:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def token(self, token_hash: str) -> ApiToken | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=_key(token_hash), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return _token(answer["Item"]) if "Item" in answer else None

    def add_token(self, token: ApiToken) -> None:
        try:
            self._client.put_item(TableName=self._table, Item=_item(token), ConditionExpression="attribute_not_exists(pk)")
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise Conflict("token_exists", "this token is stored already") from error
            raise translated(error) from error

    def tokens(self) -> Sequence[ApiToken]:
        """Reads the whole table: it holds keys, tokens and one document."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, FilterExpression="sk = :t", ExpressionAttributeValues={":t": {"S": "T"}}, ConsistentRead=True
        )
        try:
            return [_token(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def revoke_token(self, token_hash: str) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(token_hash),
                UpdateExpression="SET #off = :true",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={"#off": "off"},
                ExpressionAttributeValues={":true": {"BOOL": True}},
            )
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise NotFound("unknown_token", "there is no such token") from error
            raise translated(error) from error


def _key(token_hash: str) -> dict[str, Any]:
    return {"pk": {"S": f"T#{token_hash}"}, "sk": {"S": "T"}}


def _item(token: ApiToken) -> dict[str, Any]:
    item = {
        **_key(token.hash),
        "n": {"S": token.name},
        "sc": {"L": [{"S": scope} for scope in token.scopes]},
        "h": {"S": token.hint},
        "at": {"S": format_instant(token.created_at)},
    }
    return item | ({"off": {"BOOL": True}} if token.is_revoked else {})


def _token(item: Mapping[str, Any]) -> ApiToken:
    return ApiToken(
        hash=item["pk"]["S"].removeprefix("T#"),
        name=item["n"]["S"],
        scopes=tuple(each["S"] for each in item["sc"]["L"]),
        hint=item["h"]["S"],
        created_at=parse_instant(item["at"]["S"]),
        is_revoked=item.get("off", {}).get("BOOL", False),
    )
