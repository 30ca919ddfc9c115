"""The read side of the log, with boto3: for stitch, the API and every function that looks back."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.adapters.aws.event_items import log_item_of
from ariane.events.log import Page
from ariane.events.model import LogItem
from ariane.instants import format_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_AFTER_ALL = "~"
"""Sorts after every instant: they begin with a digit."""
_MARKS_AT_ONCE = 8
"""Below the client's ten connections."""


class DynamoEventHistory:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, person_id: str, sort: str) -> LogItem | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=_key(person_id, sort), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return log_item_of(answer["Item"]) if "Item" in answer else None

    def page(
        self,
        person_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": person_id},
                ":first": {"S": format_instant(since) if since else "0"},
                ":last": {"S": _end_after(until)},
            },
            "ScanIndexForward": not newest_first,
            "Limit": limit,
        }
        if cursor is not None:
            request["ExclusiveStartKey"] = _key(person_id, cursor)
        return self._query(request)

    def scan(self, person_id: str, *, limit: int = 500, cursor: str | None = None) -> Page:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": person_id}},
            "ConsistentRead": True,
            "Limit": limit,
        }
        return self._query(request | ({"ExclusiveStartKey": _key(person_id, cursor)} if cursor is not None else {}))

    def _query(self, request: dict[str, Any]) -> Page:
        try:
            answer = self._client.query(**request)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        last = answer.get("LastEvaluatedKey")
        return Page(tuple(log_item_of(item) for item in answer["Items"]), last["sk"]["S"] if last else None)

    def mark_refolded(self, person_id: str, marks: Sequence[tuple[str, str]]) -> None:
        """Several at once: a refold of a long history marks most of it."""
        with ThreadPoolExecutor(_MARKS_AT_ONCE) as pool:
            done = [pool.submit(self._add, person_id, sort, "a", {"SS": [entry]}) for sort, entry in marks]
        for each in done:
            each.result()

    def mark_duplicates(self, person_id: str, sort: str, places: Collection[int]) -> None:
        if places:
            self._add(person_id, sort, "d", {"NS": [str(place) for place in sorted(places)]})

    def _add(self, person_id: str, sort: str, name: str, values: Any) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(person_id, sort),
                UpdateExpression="ADD #name :values",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":values": values},
            )
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error


def _end_after(until: datetime | None) -> str:
    """Keys of ``until``'s own millisecond go on with ``#``: they lie before the next one."""
    try:
        return format_instant(until + timedelta(milliseconds=1)) if until else _AFTER_ALL
    except OverflowError:  # the calendar ends there
        return _AFTER_ALL


def _key(person_id: str, sort: str) -> Any:
    return {"pk": {"S": person_id}, "sk": {"S": sort}}
