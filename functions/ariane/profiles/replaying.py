"""Stitching an item of the log again, by its key: one that was parked, or one of a batch that the stream gave up on.

A replay has no place in the stream, so its sequence number is no help. What was applied already is told by the fragment's ring, and what
is older than that by the log: an item that is replayed long after others of the same person were stitched must not have been applied.

A message may ask for an item's links alone (``contention``): what else there is to do about it is done already, or its own record's to do.
"""

import zlib
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import orjson

from ariane.errors import Permanent
from ariane.events.log import LogKey
from ariane.events.model import LogItem
from ariane.profiles.stitching import StitchReport, StreamRecord


class LogItems(Protocol):
    def get(self, person_id: str, sort: str) -> LogItem | None: ...


class RecordStitcher(Protocol):
    def stitch(self, records: Iterable[StreamRecord]) -> StitchReport: ...


class ItemLinks(Protocol):
    def take(self, item: LogItem, *, tries: int) -> int:
        """How many facts were announced. Raises Retryable."""
        ...


class KeyParking(Protocol):
    def park_unreadable_key(self, key: LogKey) -> None: ...


class Asked(NamedTuple):
    """What a message of the replay queue is about."""

    key: LogKey
    link_tries: int = 0
    """0: stitch the item. Above: its links alone, which were tried so often."""


class Replay:
    def __init__(self, stitcher: RecordStitcher, log: LogItems, parking: KeyParking, links: ItemLinks) -> None:
        self._stitcher = stitcher
        self._log = log
        self._parking = parking
        self._links = links

    def replay(self, body: str) -> StitchReport:
        """One queue message. An item that has expired is nothing to do. Raises Retryable, Permanent for what is no such message."""
        asked = asked_of(body)
        item = self._item(asked.key)
        if item is not None and asked.link_tries:
            return StitchReport(records=1, announced=self._links.take(item, tries=asked.link_tries), parked=[])
        return self._stitcher.stitch([] if item is None else [StreamRecord(item, None)])

    def _item(self, key: LogKey) -> LogItem | None:
        try:
            return self._log.get(*key)
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
            self._parking.park_unreadable_key(key)
            return None


def message_of(key: LogKey, *, link_tries: int = 0) -> str:
    """The replay queue's body."""
    asked = {"links": link_tries} if link_tries else {}
    return orjson.dumps({"pk": key.person_id, "sk": key.sort, **asked}).decode()


def key_of_message(body: str) -> LogKey:
    return asked_of(body).key


def asked_of(body: str) -> Asked:
    """Raises Permanent (``invalid_replay``)."""
    try:
        document = orjson.loads(body)
        return Asked(LogKey(str(document["pk"]), str(document["sk"])), max(0, int(document.get("links") or 0)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Permanent("invalid_replay", "a message of the replay queue holds pk and sk") from error
