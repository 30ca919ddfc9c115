"""Fragments in the Profiles table."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, is_condition_failure, translated
from ariane.errors import Conflict
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, StoredFragment, Unreadable, decode, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FRAGMENT = "F"
_ROUTED = "F#"
_HOME = "R#"
_LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class DynamoFragments:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        items = batch_get(self._client, self._table, [(person_id, _FRAGMENT) for person_id in sorted(set(person_ids))])
        return {item["pk"]["S"]: _stored(item) for item in items}

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

    def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = ()) -> None:
        write = self._put(stored)
        try:
            if routed:
                rows = [{"Put": {"TableName": self._table, "Item": routed_item_of(each)}} for each in routed]
                self._client.transact_write_items(TransactItems=[{"Put": write}, *rows])  # type: ignore[list-item, typeddict-item]
            else:
                self._client.put_item(**write)
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error) or _LOST & set(cancellation_codes(error)):
                raise Conflict("fragment_changed", "the fragment was changed meanwhile") from error
            raise translated(error) from error

    def _put(self, stored: StoredFragment) -> dict[str, Any]:
        """Conditional on the version before."""
        write: dict[str, Any] = {"TableName": self._table, "Item": item_of(stored), "ConditionExpression": "attribute_not_exists(pk)"}
        if stored.version:
            write |= {"ConditionExpression": "#v = :v", "ExpressionAttributeNames": {"#v": "v"}}
            write["ExpressionAttributeValues"] = {":v": {"N": str(stored.version)}}
        return write


def item_of(stored: StoredFragment) -> dict[str, Any]:
    """What saving it puts."""
    item: dict[str, Any] = {
        "pk": {"S": stored.fragment.person_id},
        "sk": {"S": _FRAGMENT},
        "v": {"N": str(stored.version + 1)},
        "b": {"B": encode(stored.fragment)},
    }
    return item | ({"q": {"S": stored.sequence}} if stored.sequence else {})


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


def _stored(item: Mapping[str, Any]) -> StoredFragment:
    """Raises Unreadable, whatever is wrong with the row: it concerns its person alone."""
    try:
        return StoredFragment(
            fragment=decode(item["pk"]["S"], item["b"]["B"]),
            version=int(item["v"]["N"]),
            sequence=item["q"]["S"] if "q" in item else None,
        )
    except (LookupError, TypeError, ValueError) as error:
        raise Unreadable from error
