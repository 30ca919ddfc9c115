"""What collect reads of the Access table, over the slim client."""

import zlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import orjson

from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent

_ZLIB_OR_GZIP = 47


class DynamoAccessReader:
    def __init__(self, client: SignedClient, *, table: str) -> None:
        self._client = client
        self._table = table

    def source_name(self, key_hash: str) -> str | None:
        item = self._get(f"K#{key_hash}", "K")
        return None if item is None or item.get("off", {}).get("BOOL") else str(item["s"]["S"])

    def collect_document(self) -> Mapping[str, Any] | None:
        item = self._get("DEFS", "collect")
        if item is None:
            return None
        document: Mapping[str, Any] = orjson.loads(zlib.decompress(b64decode(item["b"]["B"]), _ZLIB_OR_GZIP))
        return document

    def _get(self, pk: str, sk: str) -> Mapping[str, Any] | None:
        try:
            answer = self._client.call("GetItem", {"TableName": self._table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}})
        except ServiceError as error:
            raise Permanent("access_refused", f"the access table refuses: {error.code}") from error
        item: Mapping[str, Any] | None = answer.get("Item")
        return item
