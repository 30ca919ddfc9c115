"""All rows of the Identities table but the transitions, and splits written anew."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.adapters.aws.items.identities import ASSERTION, HEAD, MEMBER, assertion_of, head_of
from ariane.adapters.aws.items.identity_history import CLUSTER, ENTRY, SPLIT, cluster_of, split_of
from ariane.adapters.aws.table_scan import Item, TableScan
from ariane.identity.commits import Child, Entry
from ariane.identity.model import Split
from ariane.identity.rule_snapshot import Held, Row
from ariane.identity.split_packing import packed_sides

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoIdentityScan:
    def __init__(self, scan: TableScan, client: "DynamoDBClient", *, table: str) -> None:
        self._scan = scan
        self._client = client
        self._table = table

    def everything(self) -> Iterator[Row]:
        return (row for item in self._scan.items() if (row := _row(item)) is not None)

    def rewrite(self, split: Split) -> None:
        """Who laid it down, when and why stays, and whether it was lifted meanwhile."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": split.id}, "sk": {"S": SPLIT}},
                UpdateExpression="SET b = :b",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":b": {"B": packed_sides(split)}},
            )
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error


def _row(item: Item) -> Row | None:
    """None: a row of another kind."""
    key, sort = item["pk"]["S"], item["sk"]["S"]
    if sort == HEAD:
        return head_of(item)
    if sort == CLUSTER:
        return cluster_of(item)
    if sort == SPLIT:
        return split_of(item)
    if sort.startswith(ASSERTION):
        return Held(key, assertion_of(item))
    if sort.startswith(MEMBER):
        return Child(key, sort.removeprefix(MEMBER), item["i"]["S"])
    return Entry(key, sort.removeprefix(ENTRY)) if sort.startswith(ENTRY) else None
