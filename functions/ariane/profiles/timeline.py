"""One person's events over all of their identifiers, from the log, each once. What a bot did in their name is in the log alone; what lies
beside theirs and is somebody else's (``homes``) is left out."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ariane.errors import Rejected
from ariane.events.model import Event, LogItem
from ariane.instants import parse_instant
from ariane.profiles.admission import LogReader, Placed, placed_events
from ariane.profiles.homes import HomesOf
from ariane.profiles.model import LogPart, Profile
from ariane.profiles.paging import Page, decode, encode

_FETCH = 50
_SLACK = timedelta(hours=25)
"""An item's key holds the time that its earliest event states; events of the same item, and their corrected times, lie up to a day off."""

_FIRST_YEAR, _LAST_YEAR = 1, 9999
"""Of the calendar: nothing can be taken from the first or added to the last, and no bound there leaves anything out."""


class Position(NamedTuple):
    """Where an event stands: by its item's key, whose time is the earliest of the item's events, then by its place."""

    sort: str
    person_id: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """By the events' corrected time, both ends included."""

    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = True


def timeline(
    log: LogReader,
    profile: Profile,
    *,
    homes: HomesOf,
    limit: int,
    cursor: str | None = None,
    within: Range = Range(),
    wanted: Callable[[Event], bool] = lambda _: True,
) -> Page[Event]:
    """At most ``limit`` events, each bound to its home: pages follow each other in the order of the log, events within one by their
    corrected time. Reads as many items as it takes to fill the page. Raises Rejected for a bad cursor."""
    after = _position(cursor) if cursor else None
    own = _Own(frozenset({profile.id, *profile.member_ids}), homes)
    streams = [_events(log, part, own, within, after) for part in profile.logs]
    merged = heapq.merge(*streams, key=lambda pair: pair[0], reverse=within.newest_first)
    found: list[tuple[Position, Event]] = []
    for position, event in merged:
        if not wanted(event):
            continue
        if len(found) == limit:
            return Page(_by_time(found, within), encode(*found[-1][0]))
        found.append((position, event))
    return Page(_by_time(found, within), None)


@dataclass(frozen=True, slots=True)
class _Own:
    """Which events of a mixed partition are the person's."""

    members: frozenset[str]
    homes: HomesOf

    def of(self, placed: Sequence[Placed]) -> list[Placed]:
        homes = [home.person_id for home in self.homes([each.event for each in placed])]
        pairs = zip(placed, homes, strict=True)
        return [replace(each, event=replace(each.event, person_id=home)) for each, home in pairs if home in self.members]


def _by_time(found: Sequence[tuple[Position, Event]], within: Range) -> list[Event]:
    return sorted((event for _, event in found), key=lambda event: event.timestamp, reverse=within.newest_first)


def _position(cursor: str) -> Position:
    position = Position(*decode(cursor, str, str, int))
    try:
        parse_instant(position.sort.partition("#")[0])
    except (ValueError, OverflowError) as error:
        raise Rejected("invalid_cursor", "the cursor is none of ours") from error
    return position


def _events(log: LogReader, part: LogPart, own: _Own, within: Range, after: Position | None) -> Iterator[tuple[Position, Event]]:
    reach = _reach(part, within)
    for page in _pages(log, part.partition, reach, after):
        placed = [each for item in page for each in _in_order(item, within) if _is_due(each, part, reach, after)]
        for each in own.of(placed) if part.is_mixed and placed else placed:
            yield Position(each.sort, part.partition, each.place), each.event


def _reach(part: LogPart, within: Range) -> Range:
    """What of a mixed partition is the person's lies between two instants."""
    since = max((each for each in (part.first, within.since) if each), default=None)
    until = min((each for each in (part.last, within.until) if each), default=None)
    return replace(within, since=since, until=until)


def _in_order(item: LogItem, within: Range) -> list[Placed]:
    placed = placed_events(item)
    return placed[::-1] if within.newest_first else placed


def _is_due(placed: Placed, part: LogPart, within: Range, after: Position | None) -> bool:
    position = Position(placed.sort, part.partition, placed.place)
    return (after is None or _is_beyond(position, after, within)) and _is_within(placed.event, within)


def _pages(log: LogReader, person_id: str, within: Range, after: Position | None) -> Iterator[Sequence[LogItem]]:
    since = within.since - _SLACK if within.since and within.since.year > _FIRST_YEAR else None
    until = within.until + _SLACK if within.until and within.until.year < _LAST_YEAR else None
    reached = parse_instant(after.sort.partition("#")[0]) if after else None
    if reached is not None and within.newest_first and reached.year < _LAST_YEAR:
        until = min(until or reached, reached)
    elif reached is not None and not within.newest_first:
        since = max(since or reached, reached)
    if since and until and since > until:
        return
    cursor: str | None = None
    while True:
        page = log.page(person_id, since=since, until=until, newest_first=within.newest_first, limit=_FETCH, cursor=cursor)
        yield page.items
        cursor = page.cursor
        if cursor is None:
            return


def _is_beyond(position: Position, after: Position, within: Range) -> bool:
    return position < after if within.newest_first else position > after


def _is_within(event: Event, within: Range) -> bool:
    return (within.since is None or event.timestamp >= within.since) and (within.until is None or event.timestamp <= within.until)
