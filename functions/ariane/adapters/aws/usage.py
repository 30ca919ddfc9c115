"""What came in under a write key in a day: a row of the Access table, over the slim client."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent, Retryable
from ariane.events.limits import Spending, Usage

_KEPT = timedelta(days=31)
_IDLE = ("SET t = :paid , x = :expiry ADD n :events", "attribute_not_exists(t) OR t < :now")
_BUSY = ("SET t = t + :cost , x = :expiry ADD n :events", "t >= :now")
"""DynamoDB has no max(): each form has the condition under which it is right, and exactly one is."""


class DynamoUsage:
    def __init__(self, client: SignedClient, *, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, spending: Spending) -> Usage:
        """One write where the guess is right. A refused form says that the other one is right; only when the bucket begins to fill in
        between is it the first one again, and a bucket that has been moved past ``now`` stays there."""
        likely, other = (_BUSY, _IDLE) if spending.expected >= spending.now else (_IDLE, _BUSY)
        for form in (likely, other, likely):
            try:
                return _usage(self._client.call("UpdateItem", self._update(spending, *form)))
            except ServiceError as error:
                if error.code != "ConditionalCheckFailedException":
                    raise Permanent("usage_refused", f"the access table refuses the count: {error.code}") from error
        raise Retryable("usage_contended", "the count of a write key never stands still")

    def _update(self, spending: Spending, expression: str, condition: str) -> Mapping[str, Any]:
        expiry = datetime.fromisoformat(spending.day).replace(tzinfo=UTC) + _KEPT
        values = {
            ":paid": spending.now + spending.cost,
            ":cost": spending.cost,
            ":now": spending.now,
            ":events": spending.events,
            ":expiry": int(expiry.timestamp()),
        }
        used = {name: {"N": str(value)} for name, value in values.items() if name in f"{expression} {condition}".split()}
        return {
            "TableName": self._table,
            "Key": {"pk": {"S": f"U#{spending.key}"}, "sk": {"S": f"D#{spending.day}"}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": used,
            "ReturnValues": "UPDATED_NEW",
        }


def _usage(answer: Mapping[str, Any]) -> Usage:
    attributes = answer["Attributes"]
    return Usage(of_day=int(attributes["n"]["N"]), paid_until=int(attributes["t"]["N"]))
