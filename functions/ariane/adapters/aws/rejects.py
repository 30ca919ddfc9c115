"""The write side of the Rejects table, over the slim client."""

import zlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent, Retryable
from ariane.events.log import Reject
from ariane.events.rejects import bounded, reject_id
from ariane.instants import format_instant

KEPT = timedelta(days=90)
_BATCH = 25
_ROUNDS = 4


class DynamoRejectWriter:
    def __init__(self, client: SignedClient, *, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, rejects: Sequence[Reject]) -> None:
        # By id: a batch must not name one key twice.
        by_id = {reject_id(reject): reject for reject in rejects}
        for batch in _batches(list(by_id.items())):
            self._write([{"PutRequest": {"Item": _item(identity, reject)}} for identity, reject in batch])

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


def key_of(identity: str) -> dict[str, Any]:
    day, _, digest = identity.partition("/")
    return {"pk": {"S": f"R#{day}"}, "sk": {"S": digest}}


def _item(identity: str, reject: Reject) -> dict[str, Any]:
    index = {"ix": {"N": str(reject.index)}} if reject.index is not None else {}
    return {
        **key_of(identity),
        **index,
        "at": {"S": format_instant(reject.at)},
        "s": {"S": reject.source},
        "code": {"S": reject.code},
        "msg": {"S": reject.message},
        "b": {"B": b64encode(zlib.compress(bounded(reject).body)).decode("ascii")},
        "x": {"N": str(int((reject.at + KEPT).timestamp()))},
    }


def _batches[T](items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
