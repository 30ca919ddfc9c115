"""Who holds something: a look for one row under a person id in each table where a decision about its person may lie."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.at_a_time import ten_at_a_time
from ariane.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoHoldings:
    def __init__(self, client: "DynamoDBClient", *, journeys_table: str, messages_table: str, privacy_table: str) -> None:
        self._client = client
        self._tables = (journeys_table, messages_table, privacy_table)

    def held(self, person_ids: Collection[str]) -> Collection[str]:
        """A read unit for each id and table, where nothing lies: nearly everywhere."""
        ids = sorted(set(person_ids))
        return {each for each, holds in zip(ids, ten_at_a_time(self._holds, ids), strict=True) if holds}

    def _holds(self, person_id: str) -> bool:
        return any(self._has_row(table, person_id) for table in self._tables)

    def _has_row(self, table: str, person_id: str) -> bool:
        """Whatever it is: under a device's id lies nothing but runs, messages and what was said for its person."""
        try:
            found = self._client.query(
                TableName=table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": person_id}},
                ConsistentRead=True,
                Limit=1,
                Select="COUNT",
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return found["Count"] > 0
