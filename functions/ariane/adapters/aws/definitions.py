"""Published definitions: documents and pointers in a table, immutable versions and bundles in buckets."""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import error_code, is_condition_failure, translated
from ariane.definitions.bundle import canonical
from ariane.definitions.publish import StoredDocument
from ariane.definitions.store import JourneyState, LiveJourney
from ariane.errors import Conflict, NotFound, Permanent, Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_MISSING = frozenset({"NoSuchKey", "404"})
_CLOSED = frozenset({"403", "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "NoSuchBucket", "SignatureDoesNotMatch"})
"""Mended by people. A reader may list its bucket, so a missing key is not among the refusals."""
_BUSY = frozenset({"500", "503", "InternalError", "ServiceUnavailable", "SlowDown"})
_RACED = frozenset({"ConditionalRequestConflict", "409"})


class DynamoDocuments:
    """The rows ``DEFS`` of the Journeys or the Access table, and the journeys' pointers."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def document(self, name: str) -> Mapping[str, Any] | None:
        found = self.stored(name)
        return found.content if found else None

    def stored(self, name: str) -> StoredDocument | None:
        item = self._get({"pk": {"S": "DEFS"}, "sk": {"S": name}})
        if item is None:
            return None
        return StoredDocument(orjson.loads(zlib.decompress(item["b"]["B"])), item["v"]["S"], int(item["rv"]["N"]))

    def put(self, name: str, document: StoredDocument) -> None:
        item = {
            "pk": {"S": "DEFS"},
            "sk": {"S": name},
            "b": {"B": zlib.compress(canonical(document.content))},
            "v": {"S": document.bundle},
            "rv": {"N": str(document.revision)},
        }
        if document.revision == 1:
            self._put(item, "attribute_not_exists(pk)", {})
        else:
            self._put(item, "rv = :before", {":before": {"N": str(document.revision - 1)}})

    def live(self, journey: str) -> LiveJourney | None:
        item = self._get(_pointer_key(journey))
        if item is None:
            return None
        return LiveJourney(item["live"]["S"], JourneyState(item["state"]["S"]), item["by"]["S"] == "publish")

    def point(self, journey: str, live: LiveJourney, *, over: LiveJourney | None) -> None:
        item = _pointer_key(journey) | _pointer(live)
        if over is None:
            self._put(item, "attribute_not_exists(pk)", {})
            return
        names = {"#live": "live", "#state": "state", "#by": "by"}
        values = {f":{name}": value for name, value in _pointer(over).items()}
        self._put(item, "#live = :live AND #state = :state AND #by = :by", values, names)

    def _get(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def _put(self, item: Mapping[str, Any], condition: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None) -> None:
        extra: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        extra |= {"ExpressionAttributeNames": names} if names else {}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression=condition, **extra)
        except (ClientError, BotoCoreError) as error:
            if is_condition_failure(error):
                raise Conflict("definition_changed", "the definition was published meanwhile") from error
            raise translated(error) from error


def _pointer_key(journey: str) -> dict[str, Any]:
    return {"pk": {"S": f"J#{journey}"}, "sk": {"S": "STATE"}}


def _pointer(live: LiveJourney) -> dict[str, Any]:
    return {"live": {"S": live.version}, "state": {"S": str(live.state)}, "by": {"S": "publish" if live.by_publish else "operator"}}


class S3Versions:
    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def journey(self, name: str, version: str) -> Mapping[str, Any]:
        content = _fetch(self._client, self._bucket, _version_key(name, version))
        found: Mapping[str, Any] = orjson.loads(content)
        return found

    def put(self, name: str, version: str, journey: Mapping[str, Any]) -> None:
        """Conditional, so nobody can overwrite; what stands is read only when something does."""
        key, content = _version_key(name, version), canonical(journey)
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType="application/json", IfNoneMatch="*")
        except (ClientError, BotoCoreError) as error:
            if error_code(error) in _RACED:
                raise Retryable("version_raced", "another publish writes the same version") from error
            if error_code(error) not in ("PreconditionFailed", "412"):
                raise translated(error) from error
            if _fetch(self._client, self._bucket, key) != content:
                raise Permanent("version_taken", f"version {version} of the journey {name} has other content") from error


class S3Bundles:
    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def fetch(self, bucket: str, key: str) -> bytes:
        """Raises NotFound, Retryable."""
        return _fetch(self._client, bucket, key)


def _version_key(name: str, version: str) -> str:
    return f"journeys/{name}/{version}.json"


def _fetch(client: "S3Client", bucket: str, key: str) -> bytes:
    try:
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        if error_code(error) in _MISSING:
            raise NotFound("definition_missing", f"there is no object {key}") from error
        if error_code(error) in _CLOSED | _BUSY:
            raise Retryable("definitions_closed", f"the bucket does not hand {key} out: {error_code(error)}") from error
        raise translated(error) from error
