"""Fragments in the Profiles table."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, error_code, is_condition_failure, translated
from ariane.adapters.aws.items.bundles import BUNDLE, FRAGMENT, bundle_item, bundle_of, fragment_item, stored_of
from ariane.errors import Conflict
from ariane.profiles.bundles import Bundle, expect_awake
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, StoredFragment, Unreadable, decode, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ROUTED = "F#"
_HOME = "R#"
_LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict", "TransactionConflictException"})
"""The last one is what a plain write meets that comes between a transaction's two phases."""


class DynamoFragments:
    def __init__(self, client: "DynamoDBClient", *, table: str, may_lag: bool = False) -> None:
        """``may_lag``: ``load`` may miss the last writes, at half the price: for a reader that comes again for what it misses."""
        self._client = client
        self._table = table
        self._may_lag = may_lag

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        keys = [(person_id, FRAGMENT) for person_id in sorted(set(person_ids))]
        items = batch_get(self._client, self._table, keys, may_lag=self._may_lag)
        return {item["pk"]["S"]: stored_of(item) for item in items}

    def load_routed(self, routes: Collection[Route]) -> Mapping[Route, Fragment]:
        keys = [(route.home, _ROUTED + route.partition) for route in sorted(set(routes))]
        found = batch_get(self._client, self._table, keys)
        return {_route_of(item): _fragment_of(item) for item in found}

    def homes_of(self, partition: str) -> Collection[str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": _HOME}},
            ConsistentRead=True,
        )
        try:
            return {item["sk"]["S"].removeprefix(_HOME) for page in pages for item in page["Items"]}
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def add_home(self, route: Route) -> None:
        try:
            self._client.put_item(TableName=self._table, Item={"pk": {"S": route.partition}, "sk": {"S": _HOME + route.home}})
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = (), bundle: Bundle | None = None) -> None:
        expect_awake(stored)
        write = self._put(fragment_item(stored), stored.version)
        rows = [{"Put": {"TableName": self._table, "Item": routed_item_of(each)}} for each in routed]
        rows += [{"Put": self._put(bundle_item(bundle), bundle.version)}] if bundle else []
        self._write([{"Put": write}, *rows])

    def bundles(self, holders: Collection[str]) -> Mapping[str, Bundle]:
        items = batch_get(self._client, self._table, [(each, BUNDLE) for each in sorted(set(holders))])
        return {bundle.holder: bundle for bundle in map(bundle_of, items)}

    def put(self, bundle: Bundle, *, sealed: Sequence[StoredFragment] = (), absorbed: Sequence[Bundle] = ()) -> None:
        rows = [self._put(bundle_item(each), each.version) for each in (bundle, *absorbed)]
        rows += [self._put(fragment_item(each), each.version) for each in sealed]
        self._write([{"Put": row} for row in rows])

    def dissolve(self, bundle: Bundle, *, generation: int, rest_until: datetime | None = None) -> None:
        rest = {":ru": {"N": str(int(rest_until.timestamp()))}} if rest_until else {}
        change = "SET #g = :new, rs = :none, #n = :none{} REMOVE o, c, b, aw, hd{} ADD #v :one"
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": bundle.holder}, "sk": {"S": BUNDLE}},
                UpdateExpression=change.format(", ru = :ru", "") if rest else change.format("", ", ru"),
                ConditionExpression="#g = :g AND attribute_not_exists(#to)",
                ExpressionAttributeNames={"#g": "g", "#n": "n", "#v": "v", "#to": "to"},
                ExpressionAttributeValues={
                    ":g": {"N": str(bundle.generation)},
                    ":new": {"N": str(generation)},
                    ":none": {"N": "0"},
                    ":one": {"N": "1"},
                    **rest,
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error

    def _write(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """One action alone is a plain write: half the price."""
        try:
            if len(actions) == 1:
                self._client.put_item(**actions[0]["Put"])
            else:
                self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error

    def _put(self, item: dict[str, Any], version: int) -> dict[str, Any]:
        """Conditional on the version before."""
        write: dict[str, Any] = {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        if version:
            write |= {"ConditionExpression": "#v = :v", "ExpressionAttributeNames": {"#v": "v"}}
            write["ExpressionAttributeValues"] = {":v": {"N": str(version)}}
        return write


def _failure(error: Exception) -> Exception:
    if is_condition_failure(error) or _LOST & {error_code(error), *cancellation_codes(error)}:
        return Conflict("fragment_changed", "the fragment was changed meanwhile")
    return translated(error)


def routed_item_of(routed: RoutedFragment) -> dict[str, Any]:
    home, partition = routed.route
    return {"pk": {"S": home}, "sk": {"S": _ROUTED + partition}, "b": {"B": encode(routed.fragment)}}


def _route_of(item: Mapping[str, Any]) -> Route:
    return Route(item["pk"]["S"], item["sk"]["S"].removeprefix(_ROUTED))


def _fragment_of(item: Mapping[str, Any]) -> Fragment:
    try:
        return decode(item["pk"]["S"], item["b"]["B"])
    except (LookupError, TypeError, ValueError) as error:
        raise Unreadable from error
