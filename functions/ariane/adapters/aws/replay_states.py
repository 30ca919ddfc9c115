"""How far changes of rules are: rows under ``RULES`` in the Identities table."""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.identity.rule_ports import ReplayState
from ariane.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY = "RULES"
_STATE = "STATE"
_APPLIED = "APPLIED"


class DynamoReplayStates:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def latest(self) -> ReplayState | None:
        item = self._get(_STATE)
        if item is None:
            return None
        documents = _unpacked(item["b"]["B"])
        return ReplayState(
            digest=item["dg"]["S"],
            before=documents["before"],
            after=documents["after"],
            began_at=parse_instant(item["at"]["S"]),
            told=tuple(each["S"] for each in item["td"]["L"]),
            partitions=int(item["n"]["N"]),
            refolded=int(item["rf"]["N"]),
            ended_at=parse_instant(item["en"]["S"]) if "en" in item else None,
        )

    def save(self, state: ReplayState) -> None:
        item: dict[str, Any] = {
            "dg": {"S": state.digest},
            "b": {"B": _packed({"before": state.before, "after": state.after})},
            "at": {"S": format_instant(state.began_at)},
            "td": {"L": [{"S": each} for each in state.told]},
            "n": {"N": str(state.partitions)},
            "rf": {"N": str(state.refolded)},
        }
        self._put(_STATE, item | ({"en": {"S": format_instant(state.ended_at)}} if state.ended_at else {}))

    def partitions(self, digest: str, number: int) -> Sequence[str]:
        item = self._get(_partitions_sort(digest, number))
        found: list[str] = [] if item is None else _unpacked(item["b"]["B"])
        return found

    def save_partitions(self, digest: str, number: int, partitions: Sequence[str]) -> None:
        self._put(_partitions_sort(digest, number), {"b": {"B": _packed(list(partitions))}})

    def applied(self) -> Mapping[str, Any] | None:
        item = self._get(_APPLIED)
        return None if item is None else _unpacked(item["b"]["B"])

    def save_applied(self, document: Mapping[str, Any]) -> None:
        self._put(_APPLIED, {"b": {"B": _packed(document)}})

    def _get(self, sort: str) -> Mapping[str, Any] | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=_key(sort), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return answer.get("Item")

    def _put(self, sort: str, attributes: Mapping[str, Any]) -> None:
        try:
            self._client.put_item(TableName=self._table, Item={**_key(sort), **attributes})
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error


def _partitions_sort(digest: str, number: int) -> str:
    return f"P#{digest}#{number:06}"


def _key(sort: str) -> dict[str, Any]:
    return {"pk": {"S": _KEY}, "sk": {"S": sort}}


def _packed(content: object) -> bytes:
    return zlib.compress(orjson.dumps(content))


def _unpacked(content: bytes) -> Any:
    return orjson.loads(zlib.decompress(bytes(content)))
