"""Fragments in the Profiles table."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import is_condition_failure, translated
from ariane.errors import Conflict
from ariane.profiles.fragments import StoredFragment, Unreadable, decode, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FRAGMENT = "F"


class DynamoFragments:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        items = batch_get(self._client, self._table, [(person_id, _FRAGMENT) for person_id in sorted(set(person_ids))])
        return {item["pk"]["S"]: _stored(item) for item in items}

    def save(self, stored: StoredFragment) -> None:
        write: dict[str, Any] = {"TableName": self._table, "Item": item_of(stored), "ConditionExpression": "attribute_not_exists(pk)"}
        if stored.version:
            write |= {"ConditionExpression": "#v = :v", "ExpressionAttributeNames": {"#v": "v"}}
            write["ExpressionAttributeValues"] = {":v": {"N": str(stored.version)}}
        try:
            self._client.put_item(**write)
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise Conflict("fragment_changed", "the fragment was changed meanwhile") from error
            raise translated(error) from error


def item_of(stored: StoredFragment) -> dict[str, Any]:
    """What saving it puts."""
    item: dict[str, Any] = {
        "pk": {"S": stored.fragment.person_id},
        "sk": {"S": _FRAGMENT},
        "v": {"N": str(stored.version + 1)},
        "b": {"B": encode(stored.fragment)},
    }
    return item | ({"q": {"S": stored.sequence}} if stored.sequence else {})


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
