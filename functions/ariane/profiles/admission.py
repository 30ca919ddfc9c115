"""Which of the events that the log hands over are applied to their fragment, and which are copies of one that was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ariane.events.log import Page
from ariane.events.model import Event, LogItem, event_of
from ariane.instants import parse_instant, to_millis
from ariane.profiles.once import Recent, Verdict
from ariane.profiles.refold_marks import is_marked


class LogReader(Protocol):
    def page(
        self,
        person_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """May lag behind the latest writes."""
        ...

    def get(self, person_id: str, sort: str) -> LogItem | None:
        """Sees every write committed before the call."""
        ...


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and where it lies in the log."""

    event: Event
    sort: str
    place: int

    @property
    def cause(self) -> str:
        return f"{self.event.person_id}/{self.sort}/{self.place}"

    @property
    def key(self) -> tuple[str, int]:
        return self.sort, self.place

    @property
    def distance(self) -> int:
        """Milliseconds after the item's key, which holds the earliest time that its events state."""
        return to_millis(self.event.original) - to_millis(parse_instant(self.sort.partition("#")[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    recent: Recent
    applied: tuple[Placed, ...]
    duplicates: Mapping[str, frozenset[int]]
    """Sort key -> places of copies, to be marked in the log before the fragment is written."""

    def is_duplicate(self, placed: Placed) -> bool:
        return placed.place in self.duplicates.get(placed.sort, frozenset())


def placed_events(item: LogItem) -> list[Placed]:
    """The item's events in order, without those marked as duplicates already and those of bots."""
    return [Placed(event_of(item, message), item.sort, place) for place, message in item.standing]


def admit(recent: Recent, events: Sequence[tuple[Placed, bool]], log: LogReader, *, generation: int = 0) -> Admission:
    """Decides in the order given. With each event goes whether it may have been applied under its very own key before (a replay, which has
    no place in the stream). ``generation`` is the fragment's: what that refold counted is remembered, and not applied again.

    What the ring does not settle, the log does: of several copies there, each yields while another one stands unmarked. Whatever the
    order in which copies arrive, and wherever a crash falls, exactly one of them is never marked, and that one is applied.
    """
    applied: list[Placed] = []
    recent = replace(recent, span=max([recent.span, *(placed.distance for placed, _ in events)]))
    copies = _Copies(log, [placed.event for placed, _ in events], span=timedelta(milliseconds=recent.span))
    for placed, is_replay in events:
        verdict = recent.judge(placed.event)
        if verdict is Verdict.FRESH:
            is_copy = False
        elif verdict is Verdict.APPLIED and not is_replay:
            is_copy = True
        else:
            is_copy = copies.has_another(placed)
        if is_copy:
            copies.marked.setdefault(placed.sort, set()).add(placed.place)
        elif verdict is not Verdict.APPLIED:
            recent = recent.remember(placed.event, is_late=verdict is Verdict.UNSURE)
            if verdict is Verdict.FRESH or not copies.is_counted(placed, generation):
                applied.append(placed)
    duplicates = {sort: frozenset(places) for sort, places in copies.marked.items()}
    return Admission(recent=recent, applied=tuple(applied), duplicates=duplicates)


class _Copies:
    """What the log holds around the events of one delivery: each stretch of time and each item is read once, however many of them are late.

    An event lies at most ``span`` after its item's key: that holds for every item stitched so far, and a copy that is stitched later looks
    itself. A stretch may lag behind the latest writes, so it only says where to look: what counts are the items, read as they stand.
    """

    def __init__(self, log: LogReader, events: Sequence[Event], *, span: timedelta) -> None:
        self._log = log
        self._stretches = _stretches(events, span)
        self._found: dict[tuple[datetime, datetime], Mapping[tuple[str, str], list[str]]] = {}
        self._items: dict[str, LogItem | None] = {}
        self.marked: dict[str, set[int]] = {}

    def has_another(self, placed: Placed) -> bool:
        """Whether a copy under another key stands, or this one is marked already."""
        own = self._item(placed, placed.sort)
        if own is not None and placed.place in own.duplicates:
            return True
        items = (self._item(placed, sort) for sort in self._keys_of_copies(placed))
        return any(item is not None and self._is_standing_in(item, placed) for item in items)

    def is_counted(self, placed: Placed, generation: int) -> bool:
        """Whether a refold of this generation has the event in it, be it as a copy that yielded since then. All of them were read."""
        sorts = {placed.sort, *self._keys_of_copies(placed)} if generation else ()
        items = (self._item(placed, sort) for sort in sorts)
        return any(item is not None and self._is_marked_in(item, placed, generation) for item in items)

    def _is_marked_in(self, item: LogItem, placed: Placed, generation: int) -> bool:
        places = (place for place, message in enumerate(item.messages) if message.get("messageId") == placed.event.message_id)
        return any(is_marked(item, place, generation) for place in places)

    def _is_standing_in(self, item: LogItem, placed: Placed) -> bool:
        """Whether the item holds a copy that yields to nobody. A bot's is none: it was never applied."""
        gone = self.marked.get(item.sort, set())
        return any(
            message.get("messageId") == placed.event.message_id and place not in gone and (item.sort, place) != placed.key
            for place, message in item.standing
        )

    def _item(self, placed: Placed, sort: str) -> LogItem | None:
        if sort not in self._items:
            self._items[sort] = self._log.get(placed.event.person_id, sort)
        return self._items[sort]

    def _keys_of_copies(self, placed: Placed) -> Sequence[str]:
        original = placed.event.original
        stretch = next((first, last) for first, last in self._stretches if first <= original <= last)
        if stretch not in self._found:
            self._found[stretch] = self._read(placed.event.person_id, *stretch)
        return self._found[stretch].get((placed.event.source, placed.event.message_id), [])

    def _read(self, person_id: str, first: datetime, last: datetime) -> Mapping[tuple[str, str], list[str]]:
        """(source, message id) -> sort keys of the items that hold it."""
        found: dict[tuple[str, str], list[str]] = {}
        cursor: str | None = None
        while True:
            page = self._log.page(person_id, since=first, until=last, cursor=cursor)
            for item in page.items:
                for message_id in {str(message.get("messageId")) for message in item.messages}:
                    found.setdefault((item.source, message_id), []).append(item.sort)
            cursor = page.cursor
            if cursor is None:
                return found


def _stretches(events: Sequence[Event], span: timedelta) -> list[tuple[datetime, datetime]]:
    """The times at which copies of the events may lie, overlapping ones joined."""
    joined: list[tuple[datetime, datetime]] = []
    for last in sorted(event.original for event in events):
        first = _earlier(last, span)
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _earlier(instant: datetime, span: timedelta) -> datetime:
    try:
        return instant - span
    except OverflowError:  # before the calendar's beginning
        return datetime.min.replace(tzinfo=UTC)
