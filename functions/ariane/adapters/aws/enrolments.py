"""Enrolments in the Journeys table; what is due lies in its sparse index, spread over shards."""

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.errors import Conflict
from ariane.instants import format_instant, parse_instant
from ariane.journeys.enrolment import Enrolment, Status
from ariane.journeys.step import WakeUp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DUE_INDEX = "due"
SHARDS = 8
"""Spreads the due index over partitions; the tick asks each."""

AT_A_TIME = 10
"""Queries of one look for runs: as many as the client keeps connections. An identity of fifteen ids takes two rounds, one of five thousand
some seconds."""

_OPTIONAL = {"rs": "reason", "nd": "node"}
_INSTANTS = {"na": "reached_at", "da": "due"}


class DynamoEnrolments:
    shards = SHARDS

    def __init__(self, client: "DynamoDBClient", *, journeys_table: str) -> None:
        self._client = client
        self._table = journeys_table

    def create(self, run: Enrolment) -> None:
        self._put(run, "attribute_not_exists(pk)", {}, Conflict("enrolment_exists", "this run exists already"))

    def save(self, run: Enrolment) -> None:
        before = {":before": {"N": str(run.lock - 1)}}
        self._put(run, "v = :before", before, Conflict("enrolment_changed", "this run has moved on"))

    def _put(self, run: Enrolment, condition: str, values: Mapping[str, Any], conflict: Conflict) -> None:
        extra: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._client.put_item(TableName=self._table, Item=item_of(run), ConditionExpression=condition, **extra)
        except (ClientError, BotoCoreError) as error:
            raise (conflict if is_condition_failure(error) else translated(error)) from error

    def get(self, profile: str, sort: str) -> Enrolment | None:
        try:
            reply = self._client.get_item(TableName=self._table, Key={"pk": {"S": profile}, "sk": {"S": sort}}, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return run_of(reply["Item"]) if "Item" in reply else None

    def runs(self, profiles: Collection[str], prefix: str = "E#") -> Sequence[Enrolment]:
        ids = sorted(set(profiles))
        every = map if len(ids) < 2 else _pool().map
        return [run for runs in every(lambda profile: self._runs_of(profile, prefix), ids) for run in runs]

    def _runs_of(self, profile: str, prefix: str) -> list[Enrolment]:
        pages = self._query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": profile}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
        return [run_of(item) for items in pages for item in items]

    def due(self, shard: int, until: datetime, *, page: int) -> Iterator[Sequence[WakeUp]]:
        pages = self._query(
            IndexName=DUE_INDEX,
            KeyConditionExpression="dp = :shard AND da <= :until",
            ExpressionAttributeValues={":shard": {"S": _shard_name(shard)}, ":until": {"S": format_instant(until)}},
            Limit=page,
        )
        for items in pages:
            yield [WakeUp(item["pk"]["S"], item["sk"]["S"], int(item["v"]["N"]), parse_instant(item["da"]["S"])) for item in items]

    def _query(self, **query: Any) -> Iterator[Sequence[Mapping[str, Any]]]:
        try:
            for page in self._client.get_paginator("query").paginate(TableName=self._table, **query):
                if page["Items"]:
                    yield page["Items"]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_A_TIME)


def _shard_name(shard: int) -> str:
    return f"due#{shard}"


def _shard_of(run: Enrolment) -> int:
    return zlib.crc32(f"{run.profile}{run.sort}".encode()) % SHARDS


def item_of(run: Enrolment) -> dict[str, Any]:
    item: dict[str, Any] = {"pk": {"S": run.profile}, "sk": {"S": run.sort}, "jv": {"S": run.version}, "st": {"S": str(run.status)}}
    item |= {"j": {"S": run.journey}, "ky": {"S": run.key}, "n": {"N": str(run.number)}, "ca": {"S": run.cause}}
    item |= {"vi": {"N": str(run.visit)}, "v": {"N": str(run.lock)}, "en": {"S": format_instant(run.entered_at)}}
    item |= {name: {"S": value} for name, field in _OPTIONAL.items() if (value := getattr(run, field)) is not None}
    item |= {name: {"S": format_instant(at)} for name, field in _INSTANTS.items() if (at := getattr(run, field)) is not None}
    item["ev"] = {"B": zlib.compress(orjson.dumps(run.fact))}
    if run.due is not None:
        item["dp"] = {"S": _shard_name(_shard_of(run))}
    return item


def run_of(item: Mapping[str, Any]) -> Enrolment:
    return Enrolment(
        profile=item["pk"]["S"],
        journey=item["j"]["S"],
        version=item["jv"]["S"],
        key=item["ky"]["S"],
        number=int(item["n"]["N"]),
        cause=item["ca"]["S"],
        fact=orjson.loads(zlib.decompress(item["ev"]["B"])),
        entered_at=parse_instant(item["en"]["S"]),
        status=Status(item["st"]["S"]),
        reason=item["rs"]["S"] if "rs" in item else None,
        node=item["nd"]["S"] if "nd" in item else None,
        visit=int(item["vi"]["N"]),
        reached_at=parse_instant(item["na"]["S"]) if "na" in item else None,
        due=parse_instant(item["da"]["S"]) if "da" in item else None,
        lock=int(item["v"]["N"]),
    )
