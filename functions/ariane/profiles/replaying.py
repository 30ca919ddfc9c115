"""Stitching an item of the log again, by its key: one that was parked, or one of a batch that the stream gave up on.

A replay has no place in the stream, so its sequence number is no help. What was applied already is told by the fragment's ring, and what
is older than that by the log: an item that is replayed long after others of the same person were stitched must not have been applied.
"""

import zlib
from collections.abc import Iterable
from typing import Protocol

import orjson

from ariane.errors import Permanent
from ariane.events.log import LogKey
from ariane.events.model import LogItem
from ariane.profiles.stitching import StitchReport, StreamRecord


class LogItems(Protocol):
    def get(self, person_id: str, sort: str) -> LogItem | None: ...


class RecordStitcher(Protocol):
    def stitch(self, records: Iterable[StreamRecord]) -> StitchReport: ...


class KeyParking(Protocol):
    def park_unreadable_key(self, key: LogKey) -> None: ...


class Replay:
    def __init__(self, stitcher: RecordStitcher, log: LogItems, parking: KeyParking) -> None:
        self._stitcher = stitcher
        self._log = log
        self._parking = parking

    def replay(self, body: str) -> StitchReport:
        """One queue message. An item that has expired is nothing to do. Raises Retryable, Permanent for what is no such message."""
        key = key_of_message(body)
        try:
            item = self._log.get(*key)
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
            self._parking.park_unreadable_key(key)
            item = None
        return self._stitcher.stitch([] if item is None else [StreamRecord(item, None)])


def message_of(key: LogKey) -> str:
    """The replay queue's body."""
    return orjson.dumps({"pk": key.person_id, "sk": key.sort}).decode()


def key_of_message(body: str) -> LogKey:
    try:
        document = orjson.loads(body)
        return LogKey(str(document["pk"]), str(document["sk"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Permanent("invalid_replay", "a message of the replay queue holds pk and sk") from error
