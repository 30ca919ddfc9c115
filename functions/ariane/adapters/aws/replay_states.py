"""How far changes of rules are: rows under ``RULES`` in the Identities table."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.adapters.aws.items.identity_commits import as_read
from ariane.errors import Conflict
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
            rows=item["ps"]["S"] if "ps" in item else item["dg"]["S"],  # before states had versions, a digest named the rows
            refolded=int(item["rf"]["N"]),
            ended_at=_instant(item, "en"),
            held_by=item["hb"]["S"] if "hb" in item else "",
            held_until=_instant(item, "hu"),
            version=int(item["v"]["N"]) if "v" in item else 0,
        )

    def save(self, state: ReplayState) -> None:
        item: dict[str, Any] = {
            "dg": {"S": state.digest},
            "b": {"B": _packed({"before": state.before, "after": state.after})},
            "at": {"S": format_instant(state.began_at)},
            "td": {"L": [{"S": each} for each in state.told]},
            "n": {"N": str(state.partitions)},
            "ps": {"S": state.rows},
            "rf": {"N": str(state.refolded)},
            "v": {"N": str(state.version + 1)},
        }
        item |= {"hb": {"S": state.held_by}} if state.held_by else {}
        item |= {name: {"S": format_instant(at)} for name, at in (("en", state.ended_at), ("hu", state.held_until)) if at is not None}
        self._put(_STATE, item, **as_read(state.version))

    def partitions(self, rows: str, number: int) -> Sequence[str]:
        item = self._get(_partitions_sort(rows, number))
        found: list[str] = [] if item is None else _unpacked(item["b"]["B"])
        return found

    def save_partitions(self, rows: str, number: int, partitions: Sequence[str]) -> None:
        self._put(_partitions_sort(rows, number), {"b": {"B": _packed(list(partitions))}})

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

    def _put(self, sort: str, attributes: Mapping[str, Any], **condition: Any) -> None:
        try:
            self._client.put_item(TableName=self._table, Item={**_key(sort), **attributes}, **condition)
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise Conflict("replay_changed", "the change of rules was changed meanwhile") from error
            raise translated(error) from error


def _instant(item: Mapping[str, Any], name: str) -> datetime | None:
    return parse_instant(item[name]["S"]) if name in item else None


def _partitions_sort(rows: str, number: int) -> str:
    return f"P#{rows}#{number:06}"


def _key(sort: str) -> dict[str, Any]:
    return {"pk": {"S": _KEY}, "sk": {"S": sort}}


def _packed(content: object) -> bytes:
    return zlib.compress(orjson.dumps(content))


def _unpacked(content: bytes) -> Any:
    return orjson.loads(zlib.decompress(bytes(content)))
