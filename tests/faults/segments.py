"""Segments while everything else goes on: people are put into them and out, definitions change and are looked at in the past. At rest each
person is where their whole history says, since when it says, and the bus has heard of it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

from ariane.definitions.customer_view import CustomerView
from ariane.instants import to_millis
from ariane.segments.deciding import ENTERED, EXITED
from ariane.segments.rows import Row
from tests.faults.audit import Rest
from tests.faults.capabilities import Capability
from tests.faults.clients import Sending
from tests.faults.segment_brand import SETS
from tests.faults.segment_reference import everybody, unlike, unlisted

_SETTLED = 90.0
"""Seconds after publishing: functions keep definitions for 60."""
_AGAIN = 10.0


@dataclass(slots=True)
class Segments(Capability):
    actions: ClassVar[Collection[str]] = frozenset({"backfill"})
    waiting: int = 0
    seen: str = ""
    """The definitions as they were last looked at in the past."""
    started: list[str] = field(default_factory=list)

    def act(self, sending: Sending) -> None:
        """Somebody asks for a backfill; who publishes does so too, once every function goes by it."""
        random = Random(f"{self.seed}/{sending.number}/segments")
        self._ask(announces=random.random() < 0.3)

    def _ask(self, *, announces: bool = False) -> None:
        self.waiting += 1
        functions = self.world.functions
        functions.backfill(lambda desk: desk.start_backfill(announce=announces), lambda is_heard: self._answered(is_heard, announces))

    def _answered(self, is_heard: bool, announces: bool) -> None:
        self.waiting -= 1
        if not is_heard:
            self.world.scheduler.after(_AGAIN, lambda: self._ask(announces=announces))

    def published(self) -> None:
        if self.world.weather.has_segments:
            self.world.scheduler.after(_SETTLED, self._ask)

    def at_rest(self, rest: Rest) -> Iterator[str]:
        if not self.world.weather.has_segments:
            return
        stores, now = self.world.stores, to_millis(self.world.scheduler.now)
        view = CustomerView.from_document(stores.documents.document("profiles"))
        segments = next(each for each in SETS if each.keys() == view.segments.keys())
        rows, roots = stores.segment_rows.rows, set[str]()
        for someone in everybody(rest.people, segments):
            own = rest.root(min(rest.people.ids_of(someone.group)))
            roots.add(own)
            yield from unlike(someone, rows.get(own), now)
        yield from unlisted(rows, stores.segment_rows.listed, roots)
        yield from (f"seg: {own} has something to announce still" for own, row in rows.items() if row.outbox)
        yield from self._unheard(rows, view)

    def _unheard(self, rows: dict[str, Row], view: CustomerView) -> Iterator[str]:
        """What the bus heard last of a person and a segment is how it is; a change before the definition was published is no news."""
        last: dict[tuple[str, str], str] = {}
        for fact in self.world.stores.bus.facts:
            if fact.kind in (ENTERED, EXITED):
                last[fact.detail["profile"], fact.detail["segment"]] = fact.kind
        for (own, name), kind in last.items():
            is_member = own in rows and name in rows[own].memberships
            if own in rows and name in view.segments and is_member is not (kind == ENTERED) and self._is_plain(own):
                yield f"seg: of {own} the bus heard last that they {kind} {name}, and they are {'in it' if is_member else 'not'}"

    def _is_plain(self, own: str) -> bool:
        """Never merged with anybody, never parted: a change of who is who moves memberships without a word. And no other definition."""
        touched = (
            {*(merged.into for merged in each.merged), *(one for merged in each.merged for one in merged.absorbed)}
            | {*(parted.origin for parted in each.parted), *(one for parted in each.parted for one in parted.parts)}
            for each in self.world.stores.identities.committed
        )
        return self.world.stores.documents.document("profiles") is not None and not any(own in some for some in touched)
