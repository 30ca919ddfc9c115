"""Which deliveries of the log's stream ask for an evaluation: a cheap test, of the events and the published definitions alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from ariane.conditions.catalogue import asks_for_days, needs
from ariane.conditions.computed import LIFECYCLE
from ariane.conditions.observing import Observing, entry_of
from ariane.conditions.steps import MIN
from ariane.definitions.customer_view import CustomerView
from ariane.events.model import Event
from ariane.identity.identifiers import identifiers_of
from ariane.identity.rules import Rules
from ariane.instants import to_millis
from ariane.privacy.consents import GRANTED_EVENT, WITHDRAWN_EVENT
from ariane.profiles.admission import Placed, placed_events
from ariane.profiles.applying import happened_of
from ariane.profiles.consent_keeping import decisions_in
from ariane.profiles.fragments import StoredFragment, counted_name
from ariane.profiles.homes import HomesOf
from ariane.profiles.stitching import StreamRecord
from ariane.profiles.time_zones import ZONE_TRAITS
from ariane.segments.jobs import EvaluateQueue, PersonJob
from ariane.segments.strangers import may_enter

_CONSENTS = frozenset({GRANTED_EVENT, WITHDRAWN_EVENT})


@dataclass(frozen=True, slots=True)
class Interest:
    """What segments, and the life cycle, look at."""

    observing: Observing
    consents: bool
    zones: bool
    """Whether the person's days decide something: then so does what says where they live."""
    strangers: bool
    """Whether some segment may hold of somebody of whom nothing is recorded."""

    @classmethod
    def of(cls, view: CustomerView) -> Self:
        asked = needs((each.condition for each in view.segments.values()), view.catalogue, traits=[LIFECYCLE])
        conditions = [each.condition for each in view.segments.values()]
        return cls(Observing.everything(asked), asked.consents, any(map(asks_for_days, conditions)), may_enter(view))

    def covers(self, event: Event) -> bool:
        if self.consents and event.name in _CONSENTS:
            return True
        if self.zones and not ZONE_TRAITS.isdisjoint(event.traits):
            return True
        looking = self.observing.looking_at(counted_name(event))
        if not looking and not (self.observing.traits and event.traits):
            return False
        happened = happened_of(event)
        if any(entry_of(asked.series, happened, to_millis(event.timestamp)) is not None for _, asked in looking):
            return True
        return any(name in self.observing.traits for name in happened.traits)


class EvaluationAsker:
    """To be asked after the fragments are written, and again whenever the records come again."""

    def __init__(
        self,
        queue: EvaluateQueue,
        *,
        view: Callable[[], CustomerView],
        rules: Callable[[], Rules],
        key: Callable[[], bytes],
        homes: HomesOf,
    ) -> None:
        self._queue = queue
        self._view = view
        self._rules = rules
        self._key = key
        self._homes = homes
        self._known: tuple[CustomerView, Interest] | None = None

    def ask(self, people: Iterable[tuple[Sequence[StreamRecord], StoredFragment | None]]) -> None:
        """Of each the records and the fragment as it was before them. Raises Retryable."""
        interest = self._interest()
        jobs = [job for records, before in people for job in self._jobs(records, before, interest)]
        if jobs:
            self._queue.put(jobs)

    def _interest(self) -> Interest:
        view = self._view()
        if self._known is None or self._known[0] is not view:
            self._known = view, Interest.of(view)
        return self._known[1]

    def _jobs(self, records: Sequence[StreamRecord], before: StoredFragment | None, interest: Interest) -> Iterator[PersonJob]:
        every = [placed for record in records for placed in placed_events(record.item)]
        is_again = before is not None and any(_may_be_again(record, before) for record in records)
        is_certain = is_again or self._is_begun(every, before, interest)
        touching = [placed for placed in every if is_certain or interest.covers(placed.event)]
        earliest = min((to_millis(placed.event.timestamp) for placed in touching), default=MIN)
        people = self._people(touching, is_routed=before is not None and before.fragment.is_routed)
        deciding = self._deciding(touching) if interest.consents else {}
        for person, cause in {**deciding, **people}.items():
            yield PersonJob(person=person, cause=cause, changed_since=earliest)

    def _deciding(self, events: Sequence[Placed]) -> dict[str, str]:
        """Whom consents are of that name an address: it may be that of somebody else than whose event it is."""
        told = [placed for placed in events if placed.event.name in _CONSENTS]
        decisions = ((placed, decisions_in(placed.event, self._rules(), self._key())) for placed in told)
        return {decision.person_id: placed.cause for placed, theirs in decisions for decision in theirs}

    def _is_begun(self, events: Sequence[Placed], before: StoredFragment | None, interest: Interest) -> bool:
        """Whether more may come of the events than what they say: some conditions hold of whoever there is, since the person's first
        event, and a name other than a device's begins a stage of the life cycle; consents may have waited for it."""
        if before is None:
            return interest.strangers or self._are_named(events)
        first = before.fragment.first_seen
        return before.fragment.is_routed or any(first is None or to_millis(placed.event.timestamp) < first for placed in events)

    def _are_named(self, events: Sequence[Placed]) -> bool:
        rules = self._rules()
        named = (
            identifiers_of(each.event.message, rules, kind=each.event.kind, default_country=rules.countries.get(each.event.source))
            for each in events
        )
        return any(rules.is_identified(each) or not rules.is_device(each) for theirs in named for each in theirs)

    def _people(self, touching: Sequence[Placed], *, is_routed: bool) -> dict[str, str]:
        """With the cause of the last event of each."""
        if not is_routed or not touching:
            return {placed.event.person_id: placed.cause for placed in touching}
        homes = self._homes([placed.event for placed in touching])
        return {home.person_id: placed.cause for home, placed in zip(homes, touching, strict=True)}


def _may_be_again(record: StreamRecord, before: StoredFragment) -> bool:
    """Whoever stitched it first may not have lived to ask; and what was new to the fragment then is not any more."""
    return record.sequence is None or (before.sequence is not None and int(record.sequence) <= int(before.sequence))
