"""Which deliveries of the log's stream ask for an evaluation: a cheap test, of the events and the published definitions alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from ariane.conditions.catalogue import needs
from ariane.conditions.computed import LIFECYCLE
from ariane.conditions.observing import Observing, entry_of
from ariane.conditions.steps import MIN
from ariane.definitions.customer_view import CustomerView
from ariane.events.model import Event
from ariane.instants import to_millis
from ariane.privacy.consents import GRANTED_EVENT, WITHDRAWN_EVENT
from ariane.profiles.admission import Placed, placed_events
from ariane.profiles.applying import happened_of
from ariane.profiles.fragments import StoredFragment, counted_name
from ariane.profiles.homes import HomesOf
from ariane.profiles.stitching import StreamRecord
from ariane.segments.jobs import EvaluateQueue, PersonJob

_CONSENTS = frozenset({GRANTED_EVENT, WITHDRAWN_EVENT})


@dataclass(frozen=True, slots=True)
class Interest:
    """What segments, and the life cycle, look at."""

    observing: Observing
    consents: bool

    @classmethod
    def of(cls, view: CustomerView) -> Self:
        asked = needs((each.condition for each in view.segments.values()), view.catalogue, traits=[LIFECYCLE])
        return cls(Observing.everything(asked), asked.consents)

    def covers(self, event: Event) -> bool:
        if self.consents and event.name in _CONSENTS:
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

    def __init__(self, queue: EvaluateQueue, *, view: Callable[[], CustomerView], homes: HomesOf) -> None:
        self._queue = queue
        self._view = view
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
        # of somebody whose events lie here the event may be the first: some conditions hold of whoever there is
        is_certain = before is None or before.fragment.is_routed or any(_may_be_again(record, before) for record in records)
        every = [placed for record in records for placed in placed_events(record.item)]
        touching = [placed for placed in every if is_certain or interest.covers(placed.event)]
        earliest = min((to_millis(placed.event.timestamp) for placed in touching), default=MIN)
        for person, cause in self._people(touching, is_routed=before is not None and before.fragment.is_routed).items():
            yield PersonJob(person=person, cause=cause, changed_since=earliest)

    def _people(self, touching: Sequence[Placed], *, is_routed: bool) -> dict[str, str]:
        """With the cause of the last event of each."""
        if not is_routed or not touching:
            return {placed.event.person_id: placed.cause for placed in touching}
        homes = self._homes([placed.event for placed in touching])
        return {home.person_id: placed.cause for home, placed in zip(homes, touching, strict=True)}


def _may_be_again(record: StreamRecord, before: StoredFragment) -> bool:
    """Whoever stitched it first may not have lived to ask; and what was new to the fragment then is not any more."""
    return record.sequence is None or (before.sequence is not None and int(record.sequence) <= int(before.sequence))
