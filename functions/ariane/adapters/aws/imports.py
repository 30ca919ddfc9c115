"""Imports and the objects that they bring: the Imports table."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.errors import Conflict, Rejected
from ariane.imports.model import BusinessObject, FileInfo, Import, Progress, State
from ariane.instants import format_instant, from_millis, parse_instant, to_millis

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_IMPORTS = "IMPORTS"
_OBJECTS = "OBJECT#"
SHARDS = 16
"""A stock list comes in one file: under one key it would be written at the speed of one partition."""
_SHARD_NAMES = frozenset(map(str, range(SHARDS)))
_LONGEST_KEY = 1024
"""Bytes: DynamoDB's, of a sort key."""


class DynamoImports:
    """A row per import under one key: some thousands, each written once per chunk."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def create(self, made: Import) -> bool:
        return self._put(made.on(version=1), ConditionExpression="attribute_not_exists(pk)")

    def save(self, changed: Import) -> Import:
        raised = changed.on(version=changed.version + 1)
        was = {":v": {"N": str(changed.version)}}
        if not self._put(raised, ConditionExpression="v = :v", ExpressionAttributeValues=was):
            raise Conflict("import_changed", "the import was changed meanwhile")
        return raised

    def get(self, import_id: str) -> Import | None:
        key = {"pk": {"S": _IMPORTS}, "sk": {"S": import_id}}
        try:
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return _import_of(item) if item else None

    def all(self) -> Sequence[Import]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": _IMPORTS}}
        )
        try:
            found = [_import_of(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def _put(self, made: Import, **condition: Any) -> bool:
        try:
            self._client.put_item(TableName=self._table, Item=_item_of(made), **condition)
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                return False
            raise translated(error) from error
        return True


class DynamoObjects:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, stored: BusinessObject) -> bool:
        at = {"N": str(to_millis(stored.at))}
        item: dict[str, Any] = {
            **_object_key(stored.type, stored.key),
            "b": {"B": zlib.compress(orjson.dumps(stored.properties))},
            "at": at,
            "im": {"S": stored.import_id},
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #at <= :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": at},
            )
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                return False
            raise translated(error) from error
        return True

    def get(self, kind: str, key: str) -> BusinessObject | None:
        try:
            item = self._client.get_item(TableName=self._table, Key=_object_key(kind, key), ConsistentRead=True).get("Item")
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return _object_of(item) if item else None

    def page(self, kind: str, *, limit: int = 100, cursor: str | None = None) -> tuple[Sequence[BusinessObject], str | None]:
        """Shard by shard: a page is of one."""
        shard, after = _place(cursor)
        start = {"ExclusiveStartKey": {"pk": {"S": _partition(kind, shard)}, "sk": {"S": after}}} if after else {}
        try:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": _partition(kind, shard)}},
                Limit=limit,
                **start,  # type: ignore[arg-type]
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        found = [_object_of(item) for item in answer["Items"]]
        if "LastEvaluatedKey" in answer:
            return found, f"{shard}/{answer['LastEvaluatedKey']['sk']['S']}"
        return found, f"{shard + 1}/" if shard + 1 < SHARDS else None


def _item_of(made: Import) -> dict[str, Any]:
    content = {
        "source": made.source,
        "mapping": made.mapping,
        "file": asdict(made.file),
        "as_of": format_instant(made.as_of),
        "created_at": format_instant(made.created_at),
        "updated_at": format_instant(made.updated_at) if made.updated_at else None,
        "by": made.by,
        "state": made.state.value,
        "error": made.error,
        "layout": made.layout,
        "header": made.header,
        "tag": made.tag,
        "progress": asdict(made.progress),
        "after_line": made.after_line,
        "after_byte": made.after_byte,
        "parts": made.parts,
    }
    return {
        "pk": {"S": _IMPORTS},
        "sk": {"S": made.id},
        "b": {"B": zlib.compress(orjson.dumps(content))},
        "v": {"N": str(made.version)},
    }


def _import_of(item: Mapping[str, Any]) -> Import:
    content = orjson.loads(zlib.decompress(bytes(item["b"]["B"])))
    return Import(
        id=item["sk"]["S"],
        source=content["source"],
        mapping=content["mapping"],
        file=FileInfo(**content["file"]),
        as_of=parse_instant(content["as_of"]),
        created_at=parse_instant(content["created_at"]),
        updated_at=parse_instant(content["updated_at"]) if content["updated_at"] else None,
        by=content["by"],
        state=State(content["state"]),
        error=tuple(content["error"]) if content["error"] else None,
        layout=content["layout"],
        header=content["header"],
        tag=content["tag"],
        progress=Progress(**content["progress"]),
        after_line=content["after_line"],
        after_byte=content.get("after_byte", 0),
        parts=content["parts"],
        version=int(item["v"]["N"]),
    )


def _object_key(kind: str, key: str) -> dict[str, Any]:
    shard = sha256(key.encode("utf-8", "replace")).digest()[0] % SHARDS
    return {"pk": {"S": _partition(kind, shard)}, "sk": {"S": key}}


def _partition(kind: str, shard: int) -> str:
    return f"{_OBJECTS}{kind}#{shard}"


def _object_of(item: Mapping[str, Any]) -> BusinessObject:
    kind = item["pk"]["S"].removeprefix(_OBJECTS).rpartition("#")[0]
    return BusinessObject(
        type=kind,
        key=item["sk"]["S"],
        properties=orjson.loads(zlib.decompress(bytes(item["b"]["B"]))),
        at=from_millis(int(item["at"]["N"])),
        import_id=item["im"]["S"],
    )


def _place(cursor: str | None) -> tuple[int, str]:
    """Raises Rejected."""
    shard, _, after = (cursor or "0/").partition("/")
    if shard not in _SHARD_NAMES or len(after.encode("utf-8", "replace")) > _LONGEST_KEY:
        raise Rejected("invalid_cursor", "cursor is none of ours")
    return int(shard), after
