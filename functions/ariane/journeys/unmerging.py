"""What follows from a split for those under way: whose a run's entry event is now, and which runs have lost their person."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ariane.events.log import EventHistory
from ariane.events.model import Event, event_of
from ariane.identity.facts import facts_of
from ariane.identity.model import Head
from ariane.identity.rules import Rules
from ariane.identity.trees import climb
from ariane.instants import parse_instant
from ariane.profiles.homes import Home, HomeReader, People
from ariane.profiles.model import Profile


def fragment_of(fact: Mapping[str, Any]) -> str:
    """Whose the event was when it was announced."""
    return str(fact.get("fragment") or fact["profile"])


def is_stray(home: str, holder: Profile, are_one: Callable[[str, str], bool]) -> bool:
    """Whether a run whose entry event's home is ``home`` is none of ``holder``'s, under whose id it lies. ``are_one``, of two person ids,
    is asked only where the home may be a device at rest, which a brief reading does not list."""
    if home == holder.id or home in holder.identifiers:
        return False
    return holder.at_rest is None or not are_one(home, holder.id)


class EntryHomes:
    """Both answers see every merge, split and shared device that was committed before the call."""

    def __init__(self, history: EventHistory, people: People, *, rules: Callable[[], Rules], key: Callable[[], bytes]) -> None:
        self._history = history
        self._people = people
        self._rules = rules
        self._homes = HomeReader(people, rules=rules, key=key)

    def of(self, events: Sequence[Event]) -> Sequence[Home]:
        return self._homes(events)

    def home(self, fact: Mapping[str, Any]) -> str:
        """The person id of the identifier whose the fact's event is now; where the log has forgotten the event, whose it was."""
        event = self._event(fact)
        if event is None:
            return fragment_of(fact)
        (home,) = self._homes([event])
        return home.person_id

    def at_entry(self, fact: Mapping[str, Any]) -> str:
        """As ``home``, for one look at the fragment's head where nothing points to a change. What it may miss is only a change of the
        brand's rules between the fact and the call."""
        fragment = fragment_of(fact)
        paths = climb(self._people, [fragment])
        head, root = paths.heads.get(fragment), paths.root_of(fragment)
        is_parted = root.summary is not None and bool(root.summary.left | root.summary.right)
        return self.home(fact) if is_parted or (head is not None and self._is_shared(head, fact)) else fragment

    def _is_shared(self, head: Head, fact: Mapping[str, Any]) -> bool:
        if head.identifier is None or len(head.evidence.accounts) < 2:
            return False
        since = facts_of({head.identifier: head.evidence}, self._rules()).shared_since.get(head.identifier)
        return since is not None and parse_instant(fact["timestamp"]) >= since

    def _event(self, fact: Mapping[str, Any]) -> Event | None:
        pk, _, rest = str(fact.get("cause", "")).partition("/")
        sort, _, place = rest.rpartition("/")
        item = self._history.get(pk, sort) if pk and sort and place.isdecimal() else None
        return event_of(item, item.messages[int(place)]) if item and int(place) < len(item.messages) else None
