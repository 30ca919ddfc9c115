"""Where a record goes that cannot be stitched: among the rejects, with its reason. The log keeps the item too; the key finds it there."""

from collections.abc import Sequence
from typing import Protocol

import orjson

from ariane.events.log import Reject
from ariane.events.model import LogItem
from ariane.instants import Clock


class RejectWriter(Protocol):
    def put(self, rejects: Sequence[Reject]) -> None:
        """Idempotent by content and day. Raises Retryable."""
        ...


class RejectParking:
    def __init__(self, rejects: RejectWriter, *, clock: Clock) -> None:
        self._rejects = rejects
        self._clock = clock

    def park(self, item: LogItem, *, code: str, reason: str) -> None:
        body = orjson.dumps({"pk": item.person_id, "sk": item.sort, "messages": item.messages})
        self._rejects.put([Reject(source=item.source, at=item.received_at, code=code, message=reason, index=None, body=body)])

    def park_unreadable(self, image: bytes) -> None:
        """A stream image that is no log item."""
        message = "the record is no item of the log"
        self._rejects.put([Reject(source="", at=self._clock(), code="unreadable_record", message=message, index=None, body=image)])
