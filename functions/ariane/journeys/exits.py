"""Whether a run's exit event has happened: at or after its entry event, whichever arrives first."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ariane.conditions.evaluate import matches, name_matches
from ariane.events.log import EventHistory
from ariane.events.model import Event, events_of
from ariane.instants import parse_instant
from ariane.journeys.admission import key_in, properties_of
from ariane.journeys.definition import Exit
from ariane.profiles.announcing import announced_name
from ariane.profiles.model import Profile

_CLOCK_SLACK = timedelta(days=1)
"""The log's keys hold the senders' clocks, which lie by up to a day before they are clamped."""


def ends(leaving: Exit, fact: Mapping[str, Any], *, key: str, entered: datetime, now: datetime) -> bool:
    """Whether this fact ends the run with this key whose entry event happened at ``entered``."""
    return (
        name_matches(leaving.event, fact.get("event"))
        and parse_instant(fact["timestamp"]) >= entered
        and _narrowed(leaving, properties_of(fact), key=key, now=now)
    )


def _narrowed(leaving: Exit, properties: Mapping[str, Any], *, key: str, now: datetime) -> bool:
    return (leaving.match is None or key_in(properties, leaving.match) == key) and matches(leaving.where, properties, now)


class ExitSearch:
    """Looks for an exit that may have arrived before the run knew of it."""

    def __init__(self, history: EventHistory) -> None:
        self._history = history

    def has_left(self, leaving: Exit | None, profile: Profile, *, key: str, entered: datetime, now: datetime) -> bool:
        """The profile's instants answer unless the exit looks at properties: then the log of all the profile's ids since the entry does."""
        if leaving is None or not self._is_recent(leaving, profile, entered):
            return False
        if leaving.match is None and not leaving.where:
            return True
        return any(self._logged(leaving, person_id, key=key, entered=entered, now=now) for person_id in profile.member_ids)

    @staticmethod
    def _is_recent(leaving: Exit, profile: Profile, entered: datetime) -> bool:
        return any(name_matches(leaving.event, name) and seen.last >= entered for name, seen in profile.occurrences.items())

    def _logged(self, leaving: Exit, person_id: str, *, key: str, entered: datetime, now: datetime) -> bool:
        cursor: str | None = None
        while True:
            page = self._history.page(person_id, since=entered - _CLOCK_SLACK, cursor=cursor)
            events = (event for item in page.items for event in events_of(item))
            if any(self._is_exit(leaving, event, key=key, entered=entered, now=now) for event in events):
                return True
            cursor = page.cursor
            if cursor is None:
                return False

    @staticmethod
    def _is_exit(leaving: Exit, event: Event, *, key: str, entered: datetime, now: datetime) -> bool:
        is_meant = name_matches(leaving.event, announced_name(event)) and event.timestamp >= entered
        return is_meant and _narrowed(leaving, event.properties, key=key, now=now)
