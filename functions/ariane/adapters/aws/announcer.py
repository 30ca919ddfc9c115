"""Facts onto the EventBridge bus."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.errors import Retryable
from ariane.profiles.announcing import Fact

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_SOURCE = "ariane"
_PER_CALL = 10
_BYTES_PER_CALL = 240_000
"""A call takes 256 KB, names and all."""
_ROUNDS = 3


class EventBridgeAnnouncer:
    def __init__(self, client: "EventBridgeClient", *, bus: str) -> None:
        self._client = client
        self._bus = bus

    def publish(self, facts: Sequence[Fact]) -> None:
        for entries in _calls([entry_of(fact, bus=self._bus) for fact in facts]):
            self._put(entries)

    def _put(self, entries: list[dict[str, Any]]) -> None:
        for _ in range(_ROUNDS):
            try:
                answer = self._client.put_events(Entries=entries)  # type: ignore[arg-type]
            except (ClientError, BotoCoreError) as error:
                raise Retryable("bus_unavailable", "the bus did not take the facts") from error
            entries = [entry for entry, result in zip(entries, answer["Entries"], strict=True) if result.get("ErrorCode")]
            if not entries:
                return
        raise Retryable("bus_refused", "the bus refuses some of the facts again and again")


def entry_of(fact: Fact, *, bus: str) -> dict[str, Any]:
    """An entry of PutEvents."""
    return {"Source": _SOURCE, "DetailType": fact.kind, "Detail": orjson.dumps(dict(fact.detail)).decode(), "EventBusName": bus}


def _calls(entries: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    call: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        length = len(entry["Detail"].encode()) + 200
        if call and (len(call) == _PER_CALL or size + length > _BYTES_PER_CALL):
            yield call
            call, size = [], 0
        call.append(entry)
        size += length
    if call:
        yield call
