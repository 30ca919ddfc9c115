"""The Identities table: heads, members, assertions, transitions."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, is_condition_failure, translated
from ariane.adapters.aws.items.identities import (
    ASSERTION,
    HEAD,
    MEMBER,
    TRANSITION,
    assertion_item,
    assertion_of,
    head_item,
    head_of,
    key_of,
    transition_item,
    transition_of,
)
from ariane.errors import Conflict
from ariane.identity.merging import MergePlan
from ariane.identity.model import Assertion, Head, Merged

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EARLIER = (
    "attribute_not_exists(pk) OR t > :t OR (t = :t AND s > :s) OR (t = :t AND s = :s AND m > :m)"
    " OR (t = :t AND s = :s AND m = :m AND dg > :dg)"
)
_LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class DynamoIdentities:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        items = batch_get(self._client, self._table, [(person_id, HEAD) for person_id in sorted(set(person_ids))])
        return {head.person_id: head for head in map(head_of, items)}

    def members(self, person_id: str) -> Mapping[str, str]:
        return {item["sk"]["S"].removeprefix(MEMBER): item["i"]["S"] for item in self._under(person_id, MEMBER)}

    def add_assertion(self, anchor_id: str, assertion: Assertion) -> None:
        item = assertion_item(anchor_id, assertion)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=_EARLIER,
                ExpressionAttributeValues={f":{name}": item[name] for name in ("t", "s", "m", "dg")},
            )
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error

    def merge(self, plan: MergePlan) -> None:
        winner = replace(plan.winner, version=plan.winner.version + 1, children=plan.winner.children + len(plan.absorbed))
        actions = [self._head_put(winner), {"Put": {"TableName": self._table, "Item": transition_item(plan.transition)}}]
        for head in plan.absorbed:
            actions.append(self._head_put(replace(head, version=head.version + 1, parent=winner.person_id)))
            member = {**key_of(winner.person_id, MEMBER + head.person_id), "i": {"S": str(head.identifier)}}
            actions.append({"Put": {"TableName": self._table, "Item": member}})
        try:
            self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            if _LOST & set(cancellation_codes(error)):
                raise Conflict("head_changed", "an identity was changed meanwhile") from error
            raise translated(error) from error

    def _head_put(self, head: Head) -> dict[str, Any]:
        """Conditional on the version before, and on being a root. The whole row: nothing else writes to it but its version."""
        put: dict[str, Any] = {"TableName": self._table, "Item": head_item(head), "ExpressionAttributeNames": {"#v": "v"}}
        if head.version == 1:
            return {"Put": {**put, "ConditionExpression": "attribute_not_exists(#v)"}}
        names = {"#v": "v", "#to": "to"}
        values = {":v": {"N": str(head.version - 1)}}
        condition = "#v = :v AND attribute_not_exists(#to)"
        return {"Put": {**put, "ConditionExpression": condition, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}}

    def transitions(self, cause: str, person_ids: Collection[str]) -> Sequence[Merged]:
        keys = [(person_id, TRANSITION + cause) for person_id in sorted(set(person_ids))]
        return sorted(map(transition_of, batch_get(self._client, self._table, keys)), key=lambda merged: merged.into)

    def assertions_under(self, person_id: str) -> Sequence[Assertion]:
        return sorted(map(assertion_of, self._under(person_id, ASSERTION)), key=lambda assertion: assertion.order)

    def transitions_under(self, person_id: str) -> Sequence[Merged]:
        return sorted(map(transition_of, self._under(person_id, TRANSITION)), key=lambda merged: (merged.at, merged.cause))

    def _under(self, person_id: str, prefix: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": person_id}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
        try:
            for page in pages:
                yield from page["Items"]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
