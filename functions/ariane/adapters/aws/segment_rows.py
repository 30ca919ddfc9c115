"""Rows of memberships, their due index and the lists of members, in the Profiles table."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.at_a_time import ten_at_a_time
from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, error_code, is_condition_failure, translated
from ariane.adapters.aws.items.segment_rows import (
    DUE_INDEX,
    ROW,
    due_attributes,
    due_of,
    due_partition,
    member_item,
    member_key,
    member_of,
    member_partition,
    row_item,
    row_of,
    state_of,
)
from ariane.errors import Conflict
from ariane.instants import format_instant, from_millis
from ariane.profiles.paging import decode, encode
from ariane.segments.rows import SHARDS, Due, Member, MemberChange, MemberPage, Row, RowChange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict", "TransactionConflictException"})


class DynamoSegmentRows:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, person_ids: Collection[str]) -> Mapping[str, Row]:
        items = batch_get(self._client, self._table, [(each, ROW) for each in sorted(set(person_ids))])
        return {item["pk"]["S"]: row_of(item) for item in items}

    def commit(self, change: RowChange) -> None:
        """A row alone is a plain write: half the price."""
        actions = [self._put(change.row), *map(self._absorbed, change.absorbed), *map(self._member, change.members)]
        try:
            if len(actions) == 1:
                self._client.put_item(**actions[0]["Put"])
            else:
                self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error) or _LOST & {error_code(error), *cancellation_codes(error)}:
                raise Conflict("row_changed", "the person was evaluated meanwhile") from error
            raise translated(error) from error

    def announced(self, row: Row) -> None:
        """A row that the due index kept until it was told goes to where it belongs there."""
        told = row.told()
        due = due_attributes(told) if row.overdue is not None else {}
        removed = " REMOVE dp, da" if row.overdue is not None and not due else ""
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": row.person}, "sk": {"S": ROW}},
                UpdateExpression="SET " + ", ".join(["b = :b", *(f"{name} = :{name}" for name in due)]) + removed,
                ConditionExpression="#v = :v",
                ExpressionAttributeNames={"#v": "v"},
                ExpressionAttributeValues={
                    ":b": {"B": state_of(told)},
                    ":v": {"N": str(row.version)},
                    **{f":{name}": value for name, value in due.items()},
                },
            )
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error

    def due(self, shard: int, until: int, *, page: int) -> Iterator[Sequence[Due]]:
        pages = self._query(
            IndexName=DUE_INDEX,
            KeyConditionExpression="dp = :shard AND da <= :until",
            ExpressionAttributeValues={":shard": {"S": due_partition(shard)}, ":until": {"S": format_instant(from_millis(until))}},
            Limit=page,
        )
        for answer in pages:
            if answer["Items"]:
                yield [due_of(item) for item in answer["Items"]]

    def members(self, segment: str, *, limit: int, cursor: str | None = None) -> MemberPage:
        """Each shard is asked for one more than is wanted, which tells whether there are more."""
        shard, after = decode(cursor, int, str) if cursor else (0, "")
        found: list[tuple[int, Member]] = []
        while shard < SHARDS and len(found) <= limit:
            found += [(shard, each) for each in self._members(segment, shard, after, limit + 1 - len(found))]
            shard, after = shard + 1, ""
        last = found[limit - 1] if len(found) > limit else None
        return MemberPage([each for _, each in found[:limit]], encode(last[0], last[1].person) if last else None)

    def count(self, segment: str) -> int:
        return sum(ten_at_a_time(lambda shard: self._count(segment, shard), range(SHARDS)))

    def _count(self, segment: str, shard: int) -> int:
        return sum(answer["Count"] for answer in self._query(**self._of(segment, shard), Select="COUNT"))

    def _members(self, segment: str, shard: int, after: str, limit: int) -> Sequence[Member]:
        found: list[Member] = []
        bounds: dict[str, Any] = {"KeyConditionExpression": "pk = :pk AND sk > :after"} if after else {}
        query = {**self._of(segment, shard), **bounds, "ConsistentRead": True, "Limit": limit}
        if after:
            query["ExpressionAttributeValues"] = {**query["ExpressionAttributeValues"], ":after": {"S": after}}
        for answer in self._query(**query):
            found += [member_of(item) for item in answer["Items"]]
            if len(found) >= limit:
                break
        return found[:limit]

    def _of(self, segment: str, shard: int) -> dict[str, Any]:
        return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": member_partition(segment, shard)}}}

    def _query(self, **query: Any) -> Iterator[Mapping[str, Any]]:
        try:
            yield from self._client.get_paginator("query").paginate(TableName=self._table, **query)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def _put(self, row: Row) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": row_item(row), **_condition(row)}}

    def _absorbed(self, row: Row) -> dict[str, Any]:
        if row.memberships:
            return self._put(row)
        return {"Delete": {"TableName": self._table, "Key": {"pk": {"S": row.person}, "sk": {"S": ROW}}, **_condition(row)}}

    def _member(self, change: MemberChange) -> dict[str, Any]:
        if change.member is None:
            return {"Delete": {"TableName": self._table, "Key": member_key(change.segment, change.person)}}
        return {"Put": {"TableName": self._table, "Item": member_item(change, change.member)}}


def _condition(row: Row) -> dict[str, Any]:
    """It is as it was read."""
    if not row.version:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    values = {":v": {"N": str(row.version)}}
    return {"ConditionExpression": "#v = :v", "ExpressionAttributeNames": {"#v": "v"}, "ExpressionAttributeValues": values}
