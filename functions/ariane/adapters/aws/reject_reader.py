"""The read side of the Rejects table, with boto3."""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.adapters.aws.rejects import key_of
from ariane.events.log import Reject, StoredReject
from ariane.instants import parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoRejectReader:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def of_day(self, day: str, *, limit: int = 100, cursor: str | None = None) -> tuple[Sequence[StoredReject], str | None]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"R#{day}"}},
            "Limit": limit,
        }
        if cursor is not None:
            request["ExclusiveStartKey"] = key_of(cursor)
        try:
            answer = self._client.query(**request)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        last = answer.get("LastEvaluatedKey")
        return [_stored(day, item) for item in answer["Items"]], f"{day}/{last['sk']['S']}" if last else None


def _stored(day: str, item: Mapping[str, Any]) -> StoredReject:
    reject = Reject(
        source=item["s"]["S"],
        at=parse_instant(item["at"]["S"]),
        code=item["code"]["S"],
        message=item["msg"]["S"],
        index=int(item["ix"]["N"]) if "ix" in item else None,
        body=zlib.decompress(item["b"]["B"]),
    )
    return StoredReject(f"{day}/{item['sk']['S']}", reject)
