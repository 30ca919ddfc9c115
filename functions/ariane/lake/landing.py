"""Landing the log in the lake: every event at least once, with the person that it was stitched to.

Stitching and landing read the same stream side by side. Stitch writes an item's fragment last, with the item's place in the stream: once
that covers an item, its links are committed, and the heads, read after it, tell whose it is. What is not covered yet waits in a queue.
What stitch does not cover for as long as it tries lands in the end as it is, and says so. Whoever moves to another profile later is told of
by the bus (``moving``).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ariane.errors import Retryable
from ariane.events.log import LogKey
from ariane.events.model import LogItem, event_of
from ariane.identity.trees import Heads, climb
from ariane.instants import Clock
from ariane.lake.messages import ItemLater, Put
from ariane.lake.rows import LakeObject, Owner, Placed, Row, event_objects, event_row
from ariane.profiles.covering import Items, is_covered
from ariane.profiles.fragments import StoredFragment, Unreadable
from ariane.profiles.homes import HomesOf
from ariane.profiles.reader import FragmentReader
from ariane.profiles.stitching import StreamRecord

MOST_TRIES = 29
"""Looks at an item that is not stitched: some six and a half hours, longer than stitch tries a batch of the stream."""
_FIRST_DELAY, _LONGEST_DELAY = 30, 900


class LakeStore(Protocol):
    def put(self, found: LakeObject) -> None:
        """Durable on return; idempotent. Raises Retryable."""
        ...


class LandQueue(Protocol):
    def put(self, messages: Sequence[Put], *, delay: int) -> None:
        """At least once, after ``delay`` seconds (900 at most). Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item on its way into the lake."""

    item: LogItem
    sequence: str | None
    """Its place in the stream. None: it lands as it stands, whatever stitch has done so far."""
    tries: int = 0
    is_moved: bool = False
    """Whether whose its events are has to be asked, whatever its partition's fragment says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakePorts:
    lake: LakeStore
    queue: LandQueue
    fragments: FragmentReader
    identities: Heads
    homes: HomesOf
    log: Items
    clock: Clock


@dataclass(frozen=True, slots=True)
class Landed:
    events: int = 0
    waiting: int = 0
    spoilt: Sequence[LogKey] = field(default_factory=tuple)
    """Items with an event that no line can be made of, where they lie in the log. Stitch parks them."""


class Lander:
    def __init__(self, ports: LakePorts) -> None:
        self._ports = ports

    def land(self, records: Iterable[Waiting]) -> Landed:
        """Raises Retryable, and only that; what landed before lands on itself at the next attempt, or beside itself."""
        waiting = {(each.item.person_id, each.item.sort): each for each in records}
        try:
            return self._land(waiting)
        except Retryable:
            raise
        except Exception:  # noqa: BLE001 - the edge: whatever an item provokes must not hold its shard up
            if len(waiting) == 1:
                return Landed(spoilt=[LogKey(*key) for key in waiting])
        return _sum(self.land([each]) for each in waiting.values())

    def _land(self, waiting: Mapping[tuple[str, str], Waiting]) -> Landed:
        stored = self._stored({each.item.person_id for each in waiting.values() if each.item.standing})
        settled = {key: self._is_stitched(each, stored) for key, each in waiting.items()}
        ready = [each for key, each in waiting.items() if settled[key] or each.tries >= MOST_TRIES]
        later = [each for key, each in waiting.items() if not settled[key] and each.tries < MOST_TRIES]
        rows, spoilt = self.rows(ready, stored, unstitched={key for key, is_settled in settled.items() if not is_settled})
        for found in event_objects(rows):
            self._ports.lake.put(found)
        self._put_off(later)
        return Landed(len(rows), len(later), spoilt)

    def rows(
        self, ready: Sequence[Waiting], stored: Mapping[str, StoredFragment] | None = None, *, unstitched: Collection[tuple[str, str]] = ()
    ) -> tuple[list[Row], list[LogKey]]:
        """A line for each of their events, copies and bots too, and the keys of items that none can be made of. ``stored``: the fragments
        of their partitions, read here unless given. Raises Retryable."""
        if stored is None:
            stored = self._stored({each.item.person_id for each in ready})
        placed, spoilt = _readable(ready)
        # Before what it dates is read: a change of people that is missed here has a later date.
        at = self._ports.clock()
        homes = self._homes(placed, stored)
        paths = climb(self._ports.identities, set(homes))
        rows = [
            event_row(each, Owner(home, paths.root_of(home).person_id), at=at, is_stitched=each.item_key not in unstitched)
            for (_, each), home in zip(placed, homes, strict=True)
        ]
        return rows, spoilt

    def _homes(self, placed: Sequence[tuple[Waiting, Placed]], stored: Mapping[str, StoredFragment]) -> list[str]:
        """Asked only where the partition holds, or may hold, others' events too."""
        homes = [each.item.person_id for _, each in placed]
        asked = [
            number
            for number, (waiting, each) in enumerate(placed)
            if waiting.is_moved or ((known := stored.get(each.item.person_id)) is not None and known.fragment.is_routed)
        ]
        if asked:
            events = [event_of(placed[number][1].item, placed[number][1].message) for number in asked]
            for number, home in zip(asked, self._ports.homes(events), strict=True):
                homes[number] = home.person_id
        return homes

    def _is_stitched(self, waiting: Waiting, stored: Mapping[str, StoredFragment]) -> bool:
        """A bot's events have no fragment: stitch leaves them out."""
        if waiting.sequence is None or not waiting.item.standing:
            return True
        known = stored.get(waiting.item.person_id)
        try:
            return known is not None and is_covered(StreamRecord(waiting.item, waiting.sequence), known, self._ports.log)
        except (KeyError, TypeError, ValueError, AttributeError):
            return False  # no event: stitch parks it

    def _put_off(self, later: Sequence[Waiting]) -> None:
        by_tries: dict[int, list[ItemLater]] = {}
        for each in later:
            message = ItemLater(each.item.person_id, each.item.sort, each.sequence or "0", each.tries + 1)
            by_tries.setdefault(each.tries, []).append(message)
        for tries, messages in sorted(by_tries.items()):
            self._ports.queue.put(messages, delay=delay_after(tries))

    def _stored(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        """Without those that cannot be decoded: stitch waits for them to be mended."""
        if not person_ids:
            return {}
        try:
            return self._ports.fragments.load(person_ids)
        except Unreadable:
            return {} if len(person_ids) == 1 else {key: row for each in person_ids for key, row in self._stored([each]).items()}


def _sum(landed: Iterable[Landed]) -> Landed:
    every = list(landed)
    spoilt = [key for each in every for key in each.spoilt]
    return Landed(sum(each.events for each in every), sum(each.waiting for each in every), spoilt)


def delay_after(tries: int) -> int:
    """Seconds."""
    return int(min(_LONGEST_DELAY, _FIRST_DELAY * 2**tries))


def _readable(ready: Sequence[Waiting]) -> tuple[list[tuple[Waiting, Placed]], list[LogKey]]:
    """Each event that a line can be made of. Of an item that holds another one the rest lands."""
    placed: list[tuple[Waiting, Placed]] = []
    spoilt: list[LogKey] = []
    for waiting in ready:
        for place in range(len(waiting.item.messages)):
            each = Placed(waiting.item, place)
            if _makes_a_line(each):
                placed.append((waiting, each))
            else:
                spoilt.append(LogKey(waiting.item.person_id, waiting.item.sort))
    return placed, list(dict.fromkeys(spoilt))


def _makes_a_line(placed: Placed) -> bool:
    try:
        event_row(placed, Owner("", ""), at=placed.item.received_at, is_stitched=True)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return True
