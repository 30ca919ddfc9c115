"""What an un-merge would do beyond the people themselves: whose the events would be that name both sides, and which runs would end."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ariane.events.log import EventHistory
from ariane.events.model import Event, event_of
from ariane.identity.ids import person_id
from ariane.identity.resolving import straddles
from ariane.identity.rules import Identifier, Rules
from ariane.identity.split_plan import SplitPlan
from ariane.profiles.admission import placed_events
from ariane.profiles.homes import Homes, identifiers_in
from ariane.profiles.model import Profile

MOST_READ = 2_000
"""Events of the log that are gone through."""
MOST_SHOWN = 5


class Run(Protocol):
    @property
    def profile(self) -> str: ...

    @property
    def journey(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def is_running(self) -> bool: ...

    @property
    def fact(self) -> Mapping[str, Any]:
        """Its entry event, as the bus brought it."""
        ...


class Runs(Protocol):
    def runs(self, profiles: Collection[str], prefix: str = "E#") -> Sequence[Run]: ...


@dataclass(frozen=True, slots=True)
class SharedEvent:
    """It names identifiers of both sides."""

    event: Event
    home: Identifier | None
    """Whose it would be; None: that of the log's key."""
    person: int | None
    """Its place among the people; None: none of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    plan: SplitPlan
    shared: Sequence[SharedEvent] = ()
    """The first of them, by time."""
    shared_count: int
    shared_of: Mapping[int, int]
    """Place of a person -> how many shared events would be theirs."""
    is_counted: bool
    """False: there are more events than were gone through."""
    ending: Sequence[Run] = ()
    """Those that would end as ``unmerged``."""


class UnmergePreview:
    def __init__(self, log: EventHistory, runs: Runs, *, rules: Callable[[], Rules], key: Callable[[], bytes]) -> None:
        self._log = log
        self._runs = runs
        self._rules = rules
        self._key = key

    def of(self, plan: SplitPlan, profile: Profile) -> Foreseen:
        """Changes nothing. May lag behind the latest events by a moment. Raises Retryable."""
        after = _After(plan, self._rules(), self._key())
        shared, is_counted = self._shared(plan, after)
        counts: dict[int, int] = {}
        for each in shared:
            if each.person is not None:
                counts[each.person] = counts.get(each.person, 0) + 1
        ending = self._ending(profile, after) if plan.people is not None else []
        return Foreseen(
            plan=plan,
            shared=shared[:MOST_SHOWN],
            shared_count=len(shared),
            shared_of=counts,
            is_counted=is_counted,
            ending=ending,
        )

    def _shared(self, plan: SplitPlan, after: "_After") -> tuple[list[SharedEvent], bool]:
        if plan.people is None:
            return [], False
        found: list[SharedEvent] = []
        for number, event in enumerate(self._events(plan.shared)):
            if number >= MOST_READ:
                return _by_time(found), False
            if straddles(plan.split, identifiers_in(event, self._rules())):
                found.append(after.shared(event))
        return _by_time(found), True

    def _events(self, partitions: Sequence[str]) -> Iterator[Event]:
        for partition in partitions:
            cursor: str | None = None
            while True:
                page = self._log.page(partition, limit=500, cursor=cursor)
                yield from (placed.event for item in page.items for placed in placed_events(item))
                cursor = page.cursor
                if cursor is None:
                    break

    def _ending(self, profile: Profile, after: "_After") -> list[Run]:
        """As ``Profile Split`` makes them end: those whose entry event is none of the person's who holds them."""
        running = [run for run in self._runs.runs(profile.holder_ids) if run.is_running]
        return [run for run in running if after.person_of(self._home(run.fact, after)) != after.person_of(run.profile)]

    def _home(self, fact: Mapping[str, Any], after: "_After") -> str:
        event = _event_at(str(fact.get("cause", "")), self._log)
        return after.home(event) if event is not None else str(fact.get("fragment") or fact["profile"])


class _After:
    """The people as they would be."""

    def __init__(self, plan: SplitPlan, rules: Rules, key: bytes) -> None:
        self._homes = Homes(plan.facts, plan.splits, rules, key)
        self._places = {person_id(each, key): place for place, people in enumerate(plan.people or ()) for each in people}

    def shared(self, event: Event) -> SharedEvent:
        home = self._homes.of(event)
        return SharedEvent(event, home.identifier, self._places.get(home.person_id))

    def home(self, event: Event) -> str:
        return self._homes.of(event).person_id

    def person_of(self, own: str) -> int | str:
        return self._places.get(own, own)


def _by_time(found: Sequence[SharedEvent]) -> list[SharedEvent]:
    return sorted(found, key=lambda each: (each.event.timestamp, each.event.message_id))


def _event_at(cause: str, log: EventHistory) -> Event | None:
    """``{person id}/{key}/{place}`` of the log; None where it has forgotten the event."""
    pk, _, rest = cause.partition("/")
    sort, _, place = rest.rpartition("/")
    item = log.get(pk, sort) if pk and sort and place.isdecimal() else None
    return event_of(item, item.messages[int(place)]) if item and int(place) < len(item.messages) else None
