"""Whether a run's exit event has happened: at or after its entry event, whichever arrives first."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from ariane.conditions.evaluate import matches, name_matches
from ariane.events.log import EventHistory
from ariane.events.model import Event
from ariane.instants import parse_instant
from ariane.journeys.admission import key_in, properties_of
from ariane.journeys.definition import Exit
from ariane.profiles.announcing import announced_name
from ariane.profiles.homes import HomesOf
from ariane.profiles.model import Profile
from ariane.profiles.timeline import Range, timeline


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

    def __init__(self, history: EventHistory, homes: HomesOf, whole: Callable[[str], Profile]) -> None:
        """``whole`` reads the profile of a person id with everybody at rest."""
        self._history = history
        self._homes = homes
        self._whole = whole

    def has_left(self, leaving: Exit | None, profile: Profile, *, key: str, entered: datetime, now: datetime) -> bool:
        """The profile's instants answer unless the exit looks at properties: then the person's timeline since the entry does, which takes
        the whole profile only where a device at rest was heard of since."""
        if leaving is None or not self._is_recent(leaving, profile, entered):
            return False
        if leaving.match is None and not leaving.where:
            return True
        is_exit = partial(self._is_exit, leaving, key=key, entered=entered, now=now)
        heard = profile.at_rest.last_seen if profile.at_rest else None
        lived = self._whole(profile.id) if heard is not None and heard >= entered else profile
        found = timeline(self._history, lived, homes=self._homes, limit=1, within=Range(since=entered), wanted=is_exit)
        return bool(found.items)

    @staticmethod
    def _is_recent(leaving: Exit, profile: Profile, entered: datetime) -> bool:
        return any(name_matches(leaving.event, name) and seen.last >= entered for name, seen in profile.occurrences.items())

    @staticmethod
    def _is_exit(leaving: Exit, event: Event, *, key: str, entered: datetime, now: datetime) -> bool:
        is_meant = name_matches(leaving.event, announced_name(event)) and event.timestamp >= entered
        return is_meant and _narrowed(leaving, event.properties, key=key, now=now)
