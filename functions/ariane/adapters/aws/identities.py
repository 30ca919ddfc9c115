"""The Identities table: heads, members, clusters, assertions, splits, transitions."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, error_code, is_condition_failure, translated
from ariane.adapters.aws.items.identities import (
    ASSERTION,
    HEAD,
    MEMBER,
    assertion_of,
    head_of,
)
from ariane.adapters.aws.items.identity_changes import TRANSITION, history_of, part_items, part_keys
from ariane.adapters.aws.items.identity_commits import actions_of
from ariane.adapters.aws.items.identity_history import CLUSTER, ENTRY, REFOLDED, SPLIT, cluster_of, split_of
from ariane.errors import Conflict
from ariane.identity.commits import Commit
from ariane.identity.model import Assertion, Cluster, Head, Split, Transition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict", "TransactionConflictException"})
"""The last one is what a plain write meets that comes between a transaction's two phases."""


class DynamoIdentities:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        items = batch_get(self._client, self._table, [(person_id, HEAD) for person_id in sorted(set(person_ids))])
        return {head.person_id: head for head in map(head_of, items)}

    def members(self, person_id: str) -> Mapping[str, str]:
        return {item["sk"]["S"].removeprefix(MEMBER): item["i"]["S"] for item in self._under(person_id, MEMBER)}

    def assertion(self, person_id: str, digest: str) -> Assertion | None:
        item = self._item(person_id, ASSERTION + digest)
        return assertion_of(item) if item else None

    def clusters(self, ids: Collection[str]) -> Mapping[str, Cluster]:
        items = batch_get(self._client, self._table, [(each, CLUSTER) for each in sorted(set(ids))])
        return {cluster.id: cluster for cluster in map(cluster_of, items)}

    def entries(self, cluster_id: str) -> Sequence[str]:
        return [item["sk"]["S"].removeprefix(ENTRY) for item in self._under(cluster_id, ENTRY)]

    def splits(self, ids: Collection[str]) -> Mapping[str, Split]:
        items = batch_get(self._client, self._table, [(each, SPLIT) for each in sorted(set(ids))])
        return {split.id: split for split in map(split_of, items)}

    def transition(self, person_id: str, cause: str) -> Transition | None:
        item = self._item(person_id, TRANSITION + cause)
        return self._history_of(item) if item else None

    def history_under(self, person_id: str) -> Sequence[Transition]:
        found = map(self._history_of, self._under(person_id, TRANSITION))
        return sorted(found, key=lambda each: (each.at, each.cause))

    def _history_of(self, item: Mapping[str, Any]) -> Transition:
        return history_of(item, batch_get(self._client, self._table, part_keys(item)))

    def mark_refolded(self, partition: str, cause: str) -> None:
        try:
            self._client.put_item(TableName=self._table, Item={"pk": {"S": partition}, "sk": {"S": REFOLDED + cause}})
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def refolded(self, partitions: Collection[str], cause: str) -> Collection[str]:
        items = batch_get(self._client, self._table, [(each, REFOLDED + cause) for each in sorted(set(partitions))])
        return {item["pk"]["S"] for item in items}

    def commit(self, commit: Commit) -> None:
        """One action alone is a plain write: half the price. Raises Rejected (``split_too_large``) too."""
        actions = actions_of(commit, self._table)
        parts = part_items(*commit.transition) if commit.transition is not None else ()
        try:
            for part in parts:
                self._client.put_item(TableName=self._table, Item=part)
            if len(actions) == 1 and "Put" in actions[0]:
                self._client.put_item(**actions[0]["Put"])
            else:
                self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error) or _LOST & {error_code(error), *cancellation_codes(error)}:
                raise Conflict("identity_changed", "an identity was changed meanwhile") from error
            raise translated(error) from error

    def _item(self, person_id: str, sort: str) -> Mapping[str, Any] | None:
        return next(batch_get(self._client, self._table, [(person_id, sort)]), None)

    def assertions_under(self, person_id: str) -> Sequence[Assertion]:
        return sorted(map(assertion_of, self._under(person_id, ASSERTION)), key=lambda assertion: assertion.order)

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
