"""The read side of the Rejects table and of the bucket of long bodies, with boto3."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import error_code, is_condition_failure, translated
from ariane.adapters.aws.reject_counter import NOT_KEPT, REFUSED
from ariane.adapters.aws.reject_items import TIME_INDEX, key_of, stored_of
from ariane.events.log import RejectCount, Retried, StoredReject
from ariane.events.rejects import body_of_object
from ariane.instants import format_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


class DynamoRejectReader:
    def __init__(self, client: "DynamoDBClient", *, table: str, s3: "S3Client", bucket: str) -> None:
        self._client = client
        self._table = table
        self._s3 = s3
        self._bucket = bucket

    def of_day(
        self,
        day: str,
        *,
        source: str | None = None,
        code: str | None = None,
        with_retried: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[Sequence[StoredReject], str | None]:
        request = _asked(day, source, code, with_retried=with_retried)
        request |= {"TableName": self._table, "IndexName": TIME_INDEX, "ScanIndexForward": False, "Limit": limit}
        if cursor is not None:
            at, _, digest = cursor.partition("/")
            request["ExclusiveStartKey"] = {**key_of(f"{day}/{digest}"), "at": {"S": at}}
        try:
            answer = self._client.query(**request)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        last: Mapping[str, Any] | None = answer.get("LastEvaluatedKey")
        return [stored_of(item) for item in answer["Items"]], f"{last['at']['S']}/{last['sk']['S']}" if last else None

    def get(self, identity: str) -> StoredReject | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=key_of(identity), ConsistentRead=True)
            item: Mapping[str, Any] | None = answer.get("Item")
            return None if item is None else stored_of(item, body=self._object(item["o"]["S"]) if "o" in item else None)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def _object(self, key: str) -> bytes:
        """Empty when it is gone: bucket and table do not expire at the same minute."""
        try:
            return body_of_object(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            return b""

    def mark_retried(self, stored: StoredReject, retried: Retried) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key_of(stored.id),
                UpdateExpression="SET rt = :at, rb = :by",
                ConditionExpression="w = :w",
                ExpressionAttributeValues={
                    ":at": {"S": format_instant(retried.at)},
                    ":by": {"S": retried.by},
                    ":w": {"S": format_instant(stored.reject.kept_at or stored.reject.at)},
                },
            )
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                return False
            raise translated(error) from error
        return True

    def counts(self, day: str) -> Sequence[RejectCount]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"N#{day}"}},
        }
        found: list[RejectCount] = []
        try:
            for page in self._client.get_paginator("query").paginate(**request):
                found += [count for item in page["Items"] for count in _counts(day, item)]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return found


def _asked(day: str, source: str | None, code: str | None, *, with_retried: bool) -> dict[str, Any]:
    values = {":pk": f"R#{day}"} | {f":{name}": value for name, value in (("s", source), ("c", code)) if value is not None}
    conditions = [*(["s = :s"] if source is not None else []), *(["code = :c"] if code is not None else [])]
    conditions += [] if with_retried else ["attribute_not_exists(rt)"]
    return {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
        **({"FilterExpression": " AND ".join(conditions)} if conditions else {}),
    }


def _counts(day: str, item: Mapping[str, Any]) -> Sequence[RejectCount]:
    def number(name: str) -> int:
        return int(item[name]["N"]) if name in item else 0

    source = str(item["sk"]["S"]).removeprefix("S#")
    codes = sorted(name.removeprefix(REFUSED) for name in item if name.startswith(REFUSED))
    return [RejectCount(day, source, code, number(f"{REFUSED}{code}"), number(f"{NOT_KEPT}{code}")) for code in codes]
