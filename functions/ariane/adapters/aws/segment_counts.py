"""Daily counts of segments, in the Profiles table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.instants import format_instant, parse_instant
from ariane.segments.counting import DayCount

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ASKED = "COUNTS"


class DynamoSegmentCounts:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def is_asked(self, day: str) -> bool:
        try:
            return "Item" in self._client.get_item(TableName=self._table, Key={"pk": {"S": _ASKED}, "sk": {"S": day}}, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def mark_asked(self, day: str) -> None:
        self._put({"pk": {"S": _ASKED}, "sk": {"S": day}})

    def keep(self, segment: str, count: DayCount) -> None:
        self._put(
            {
                "pk": {"S": f"COUNT#{segment}"},
                "sk": {"S": count.day},
                "n": {"N": str(count.members)},
                "at": {"S": format_instant(count.at)},
            }
        )

    def counts(self, segment: str, *, since: str) -> Sequence[DayCount]:
        try:
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk >= :since",
                ExpressionAttributeValues={":pk": {"S": f"COUNT#{segment}"}, ":since": {"S": since or "0"}},
                ConsistentRead=True,
            )
            return [_count_of(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def _put(self, item: dict[str, Any]) -> None:
        try:
            self._client.put_item(TableName=self._table, Item=item)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error


def _count_of(item: Mapping[str, Any]) -> DayCount:
    return DayCount(item["sk"]["S"], int(item["n"]["N"]), parse_instant(item["at"]["S"]))
