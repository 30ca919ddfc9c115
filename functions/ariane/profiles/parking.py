"""Where a record goes that cannot be stitched: among the rejects, with its reason. The log keeps the item too; the key finds it there."""

from collections.abc import Sequence
from typing import Protocol

import orjson

from ariane.events.log import LogKey, Reject, Shape
from ariane.events.model import LogItem
from ariane.events.rejects import MAX_KEPT, key_of_record
from ariane.instants import Clock


class RejectWriter(Protocol):
    def put(self, rejects: Sequence[Reject]) -> None:
        """Idempotent by content and day; what was retried is open again. Raises Retryable."""
        ...


class RejectParking:
    def __init__(self, rejects: RejectWriter, *, clock: Clock) -> None:
        self._rejects = rejects
        self._clock = clock

    def park(self, item: LogItem, *, code: str, reason: str) -> None:
        """With what it says, as far as that is short: the key is what counts."""
        key = _named(LogKey(item.person_id, item.sort))
        body = orjson.dumps({**key, "messages": item.messages})
        reject = Reject(
            source=item.source,
            kind=item.kind,
            at=item.received_at,
            kept_at=self._clock(),
            code=code,
            message=reason,
            index=None,
            body=body if len(body) <= MAX_KEPT else orjson.dumps(key),
            shape=Shape.RECORD,
        )
        self._rejects.put([reject])

    def park_unreadable(self, image: bytes) -> None:
        """A stream image that is no log item."""
        self._park_unreadable(image)

    def park_unreadable_key(self, key: LogKey) -> None:
        """An item of the log that cannot be read there."""
        self._park_unreadable(orjson.dumps(_named(key)))

    def _park_unreadable(self, body: bytes) -> None:
        message, now = "the record is no item of the log", self._clock()
        kept = body if len(body) <= MAX_KEPT else orjson.dumps(_named(key_of_record(body)))
        self._rejects.put([Reject(source="", at=now, code="unreadable_record", message=message, index=None, body=kept, shape=Shape.RECORD)])


def _named(key: LogKey | None) -> dict[str, str]:
    return {} if key is None else {"pk": key.person_id, "sk": key.sort}
