"""Reading the records of the log's stream, as Lambda hands them over."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import orjson

from ariane.events.model import LogItem
from ariane.profiles.stitching import StreamRecord

type ItemOf = Callable[[Mapping[str, Any]], LogItem]
"""The item of a stream image. Raises ValueError, KeyError or zlib.error."""


class UnreadableParking(Protocol):
    def park_unreadable(self, image: bytes) -> None: ...


class StreamReader:
    def __init__(self, item_of: ItemOf, parking: UnreadableParking) -> None:
        self._item_of = item_of
        self._parking = parking

    def read(self, records: Iterable[Mapping[str, Any]]) -> Iterator[StreamRecord]:
        """New items in the stream's order. What is none is parked: it would be none at every delivery. Raises Retryable."""
        for record in records:
            change = record["dynamodb"]
            if record.get("eventName") != "INSERT" or "NewImage" not in change:
                continue
            try:
                item = self._item_of(change["NewImage"])
            except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
                self._parking.park_unreadable(orjson.dumps(change["NewImage"]))
            else:
                yield StreamRecord(item, change.get("SequenceNumber"))
