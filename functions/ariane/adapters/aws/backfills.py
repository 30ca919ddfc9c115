"""Backfills and their progress, in the Profiles table, and the people that one goes through."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.adapters.aws.items.bundles import FRAGMENT
from ariane.adapters.aws.items.segment_rows import ROW
from ariane.errors import Conflict
from ariane.instants import format_instant, parse_instant
from ariane.segments.backfilling import Backfill, Part, ScanPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ALL = "BACKFILLS"
_PAGE = 300
"""Items that one page looks at; of most people there are some three."""


class DynamoBackfills:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def create(self, backfill: Backfill) -> None:
        """The parts first: whoever finds the backfill finds them."""
        for number in range(backfill.parts):
            part = Part(backfill=backfill.id, number=number)
            self._put(_part_item(part), "attribute_not_exists(pk)", {}, may_stand=True)
        said = asdict(backfill) | {"began_at": format_instant(backfill.began_at)}
        self._put({"pk": {"S": _ALL}, "sk": {"S": backfill.id}, "b": {"B": _packed(said)}}, "attribute_not_exists(pk)", {}, may_stand=True)

    def find(self, backfill: str) -> Backfill | None:
        found = [*batch_get(self._client, self._table, [(_ALL, backfill)])]
        return _backfill_of(found[0]) if found else None

    def latest(self, limit: int) -> Sequence[Backfill]:
        return [_backfill_of(item) for item in self._query(_ALL, ScanIndexForward=False, Limit=limit)]

    def parts(self, backfill: str) -> Sequence[Part]:
        return [_part_of(item) for item in self._query(f"BACKFILL#{backfill}")]

    def save(self, part: Part) -> None:
        self._put(_part_item(part), "#v = :v", {":v": {"N": str(part.version)}})

    def _query(self, key: str, **options: Any) -> Sequence[Mapping[str, Any]]:
        """One page: there are few."""
        try:
            return self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": key}},
                ConsistentRead=True,
                **options,
            )["Items"]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def _put(self, item: dict[str, Any], condition: str, values: Mapping[str, Any], *, may_stand: bool = False) -> None:
        extra: dict[str, Any] = {"ExpressionAttributeValues": values, "ExpressionAttributeNames": {"#v": "v"}} if values else {}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression=condition, **extra)
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error
            if not may_stand:
                raise Conflict("backfill_changed", "another message of the same part is further") from error


class DynamoPeopleScan:
    def __init__(self, client: "DynamoDBClient", *, table: str, page: int = _PAGE) -> None:
        self._client = client
        self._table = table
        self._page = page

    def page(self, part: int, parts: int, cursor: str | None) -> ScanPage:
        begun: dict[str, Any] = {}
        if cursor is not None:
            person, sort = orjson.loads(cursor)
            begun = {"ExclusiveStartKey": {"pk": {"S": person}, "sk": {"S": sort}}}
        try:
            answer = self._client.scan(
                TableName=self._table,
                Segment=part,
                TotalSegments=parts,
                Limit=self._page,
                ConsistentRead=True,
                FilterExpression="sk = :fragment OR sk = :row",
                ProjectionExpression="pk, sk",
                ExpressionAttributeValues={":fragment": {"S": FRAGMENT}, ":row": {"S": ROW}},
                **begun,
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        keys = [(item["pk"]["S"], item["sk"]["S"]) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return ScanPage(
            people=[person for person, sort in keys if sort == FRAGMENT],
            rows=[person for person, sort in keys if sort == ROW],
            cursor=orjson.dumps([last["pk"]["S"], last["sk"]["S"]]).decode() if last else None,
        )

    def with_fragment(self, person_ids: Sequence[str]) -> frozenset[str]:
        found = batch_get(self._client, self._table, [(each, FRAGMENT) for each in sorted(set(person_ids))])
        return frozenset(item["pk"]["S"] for item in found)


def _packed(document: Mapping[str, Any]) -> bytes:
    return zlib.compress(orjson.dumps({name: value for name, value in document.items() if value}))


def _backfill_of(item: Mapping[str, Any]) -> Backfill:
    said = orjson.loads(zlib.decompress(item["b"]["B"]))
    return Backfill(
        id=said["id"],
        began_at=parse_instant(said["began_at"]),
        by=said.get("by", ""),
        segments=tuple(said.get("segments", ())),
        announces=said.get("announces", False),
        parts=said["parts"],
    )


def _part_item(part: Part) -> dict[str, Any]:
    """As the version after the part's."""
    said = {name: format_instant(value) if isinstance(value, datetime) else value for name, value in asdict(part).items()}
    key = {"pk": {"S": f"BACKFILL#{part.backfill}"}, "sk": {"S": f"P#{part.number:04}"}}
    return {**key, "v": {"N": str(part.version + 1)}, "b": {"B": _packed(said)}}


def _part_of(item: Mapping[str, Any]) -> Part:
    said = orjson.loads(zlib.decompress(item["b"]["B"]))
    instants = {name: parse_instant(said[name]) for name in ("heard_at", "ended_at") if name in said}
    number = int(item["sk"]["S"].removeprefix("P#"))
    known = {**said, **instants, "number": number, "named": tuple(said.get("named", ())), "version": int(item["v"]["N"])}
    return Part(**known)
