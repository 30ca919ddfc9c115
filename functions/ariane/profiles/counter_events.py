"""What the counter view reads of a person's log: the latest events, and of what matters longer the last ones, wherever they lie. Bounded:
however much has happened, so many events are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ariane.events.model import Event
from ariane.identity.rules import Identifier, Rules
from ariane.profiles.admission import LogReader
from ariane.profiles.homes import HomesOf
from ariane.profiles.model import Profile
from ariane.profiles.timeline import Range, timeline

MOST_RECENT = 200
"""Events of any name, the newest."""
MOST_BEFORE = 100
"""Events looked at from the last of a name backwards, where that lies further back."""
MOST_LOGS = 20
"""Partitions of the log, each a read or more; those of devices last."""

ORDERED = "Order Completed"
REFUNDED = "Order Refunded"
VIEWED = "Product Viewed"
ADDED, REMOVED = "Product Added", "Product Removed"
CASE_OPENED, CASE_UPDATED, CASE_CLOSED = "Support Case Opened", "Support Case Updated", "Support Case Closed"
NPS, CSAT = "NPS Answered", "CSAT Answered"
VISITED = "Store Visited"
LASTING = (ORDERED, REFUNDED, CASE_OPENED, CASE_CLOSED, NPS, CSAT, VISITED)
NAMES = frozenset({*LASTING, CASE_UPDATED, VIEWED, ADDED, REMOVED})


@dataclass(frozen=True, slots=True)
class CounterEvents:
    """Newest first, each once."""

    events: Sequence[Event]
    is_complete: bool
    """False: the person has logs that were not looked at."""

    def named(self, *names: str) -> list[Event]:
        return [event for event in self.events if event.name in names and event.type == "track"]

    def last(self, name: str) -> Event | None:
        return next(iter(self.named(name)), None)


def read_events(log: LogReader, profile: Profile, *, homes: HomesOf, rules: Rules) -> CounterEvents:
    logs = sorted(profile.logs, key=lambda part: _is_of_device(profile, part.partition, rules))
    near = replace(profile, logs=tuple(logs[:MOST_LOGS]))
    recent = timeline(log, near, homes=homes, limit=MOST_RECENT)
    found = {_key(event): event for event in recent.items if event.name in NAMES}
    reached = min((event.timestamp for event in recent.items), default=None) if recent.next else None
    for name, last in _further_back(profile, reached):
        wanted = _Wanted(name, MOST_BEFORE)
        page = timeline(log, near, homes=homes, limit=MOST_BEFORE, within=Range(until=last), wanted=wanted)
        found |= {_key(event): event for event in page.items if event.name == name}
    events = sorted(found.values(), key=lambda event: event.timestamp, reverse=True)
    return CounterEvents(events, is_complete=len(logs) <= MOST_LOGS)


class _Wanted:
    """Events of one name among so many; then anything, which fills the page and so ends the reading."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._left = most

    def __call__(self, event: Event) -> bool:
        self._left -= 1
        return self._left < 0 or event.name == self._name


def _further_back(profile: Profile, reached: datetime | None) -> list[tuple[str, datetime]]:
    """Names whose last event the recent ones do not hold, with its instant."""
    if reached is None:
        return []
    seen = ((name, profile.occurrences.get(name)) for name in LASTING)
    return [(name, each.last) for name, each in seen if each is not None and each.last < reached]


def _is_of_device(profile: Profile, partition: str, rules: Rules) -> bool:
    text = profile.identifiers.get(partition)
    return text is None or rules.is_device(Identifier.parse(text))


def _key(event: Event) -> tuple[str, str]:
    return event.source, event.message_id
