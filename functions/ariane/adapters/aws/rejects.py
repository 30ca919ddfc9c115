"""The write side of the Rejects table, over the slim client, with the bucket of what is too long for it."""

from collections.abc import Iterator, Sequence
from typing import Any

from ariane.adapters.aws.reject_items import attributes_of, body_attributes, object_attributes, object_key
from ariane.adapters.aws.signed_bucket import SignedBucket
from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent, Retryable
from ariane.events.log import Reject
from ariane.events.rejects import is_large, object_of, reject_id

_BATCH = 25
_ROUNDS = 4


class DynamoRejectWriter:
    """Without a ``bucket`` a long body is cut. An object is written before the item that names it."""

    def __init__(self, client: SignedClient, *, table: str, bucket: SignedBucket | None = None) -> None:
        self._client = client
        self._table = table
        self._bucket = bucket

    def put(self, rejects: Sequence[Reject]) -> None:
        # By id: a batch must not name one key twice.
        by_id = {reject_id(reject): reject for reject in rejects}
        for batch in _batches(list(by_id.items())):
            self._write([{"PutRequest": {"Item": self._item(identity, reject)}} for identity, reject in batch])

    def _item(self, identity: str, reject: Reject) -> dict[str, Any]:
        if self._bucket is None or not is_large(reject):
            return attributes_of(identity, reject, place=body_attributes(reject))
        packed, is_truncated = object_of(reject.body)
        try:
            self._bucket.put(object_key(identity), packed, content_type="application/gzip")
        except ServiceError as error:
            raise Permanent("rejects_refused", f"the bucket of long rejects refuses: {error.code}") from error
        return attributes_of(identity, reject, place=object_attributes(identity, is_truncated=is_truncated))

    def _write(self, requests: list[dict[str, Any]]) -> None:
        for _ in range(_ROUNDS):
            try:
                answer = self._client.call("BatchWriteItem", {"RequestItems": {self._table: requests}})
            except ServiceError as error:
                raise Permanent("rejects_refused", f"the rejects table refuses: {error.code}") from error
            requests = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not requests:
                return
        raise Retryable("rejects_throttled", "the rejects table asks for patience")


def _batches[T](items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
