"""One person's events over all of their identifiers, from the log, each once. What a bot did in their name is in the log alone."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ariane.errors import Rejected
from ariane.events.model import Event, LogItem
from ariane.instants import parse_instant
from ariane.profiles.admission import LogReader, placed_events
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
    person_ids: Iterable[str],
    *,
    limit: int,
    cursor: str | None = None,
    within: Range = Range(),
    wanted: Callable[[Event], bool] = lambda _: True,
) -> Page[Event]:
    """At most ``limit`` events: pages follow each other in the order of the log, events within one by their corrected time. Reads as many
    items as it takes to fill the page. Raises Rejected for a bad cursor."""
    after = _position(cursor) if cursor else None
    streams = [_events(log, person_id, within, after) for person_id in person_ids]
    merged = heapq.merge(*streams, key=lambda pair: pair[0], reverse=within.newest_first)
    found: list[tuple[Position, Event]] = []
    for position, event in merged:
        if not wanted(event):
            continue
        if len(found) == limit:
            return Page(_by_time(found, within), encode(*found[-1][0]))
        found.append((position, event))
    return Page(_by_time(found, within), None)


def _by_time(found: Sequence[tuple[Position, Event]], within: Range) -> list[Event]:
    return sorted((event for _, event in found), key=lambda event: event.timestamp, reverse=within.newest_first)


def _position(cursor: str) -> Position:
    position = Position(*decode(cursor, str, str, int))
    try:
        parse_instant(position.sort.partition("#")[0])
    except (ValueError, OverflowError) as error:
        raise Rejected("invalid_cursor", "the cursor is none of ours") from error
    return position


def _events(log: LogReader, person_id: str, within: Range, after: Position | None) -> Iterator[tuple[Position, Event]]:
    for item in _items(log, person_id, within, after):
        placed = placed_events(item)
        for each in reversed(placed) if within.newest_first else placed:
            position = Position(item.sort, person_id, each.place)
            if (after is None or _is_beyond(position, after, within)) and _is_within(each.event, within):
                yield position, each.event


def _items(log: LogReader, person_id: str, within: Range, after: Position | None) -> Iterator[LogItem]:
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
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _is_beyond(position: Position, after: Position, within: Range) -> bool:
    return position < after if within.newest_first else position > after


def _is_within(event: Event, within: Range) -> bool:
    return (within.since is None or event.timestamp >= within.since) and (within.until is None or event.timestamp <= within.until)
