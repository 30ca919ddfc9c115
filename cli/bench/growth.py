"""Does an event cost more when a million people are known? The same traffic over two populations, in memory, units and CPU counted.

The stitcher is the product's own, over the ports of ``units_ports``; collect's part is its acceptance. What would grow is what looks at
more than the people of a batch: this shows that nothing does. ``merges`` is about one customer under a new identifier again and again.
"""

import gc
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.meter import MemoryMeter
from ariane.adapters.memory.overflow import MemoryOverflow
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.conditions.observing import Observing
from ariane.events.acceptance import Acceptance, Sorted, sort_out
from ariane.events.model import LogItem, SourceKind
from ariane.events.sources import Source
from ariane.events.wire import Request, Submission
from ariane.identity.ids import person_id
from ariane.identity.namespaces import DEFAULT_NAMESPACES
from ariane.identity.rules import Identifier, Rules
from ariane.instants import format_instant
from ariane.profiles.announcing import Interest
from ariane.profiles.one_person import merges_of, stitch_person
from ariane.profiles.parking import RejectParking
from ariane.profiles.stitching import StitchDefinitions, Stitcher, Stores, StreamRecord
from cli.bench.traffic import BROWSED, Json
from cli.bench.units import Bill, Unit
from cli.bench.units_ports import CountedAnnouncer, CountedFragments, CountedIdentities, CountedLog
from cli.report import Progress

KEY = b"growth"
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = Rules.from_document({})
MANY_ADDRESSES = Rules.from_document({"namespaces": {**DEFAULT_NAMESPACES, "email": {**DEFAULT_NAMESPACES["email"], "limit": "none"}}})
"""So that one customer may have as many as the limit on all identifiers allows."""
SOURCE = Source(name="web", kind=SourceKind.SERVER)
EVENTS = 4
"""Of one request, by one person."""
_SEEDED_AT_ONCE = 500
_TRAITS = {"firstName": "Camille", "lastName": "Durand", "loyalty_tier": "gold", "language": "fr"}
MOST_IDENTIFIERS = 50


@dataclass
class World:
    """Collect's acceptance and the stitcher over counted ports in memory."""

    bill: Bill = field(default_factory=Bill)
    rules: Rules = RULES
    now: datetime = START
    sequence: int = 0
    observing: Observing = field(default_factory=Observing)

    def __post_init__(self) -> None:
        self.log = CountedLog(self.bill)
        self.fragments = CountedFragments(self.bill)
        self.identities: Any = CountedIdentities(self.bill)
        rejects = MemoryRejects()
        self.parked = rejects
        self.acceptance = Acceptance(log=self.log, overflow=MemoryOverflow(), rejects=rejects, meter=MemoryMeter())
        self.announcer = CountedAnnouncer(self.bill)
        self.stitcher = self.stitcher_over(self.identities, self.fragments, self.log)

    def stitcher_over(self, identities: Any, fragments: Any, log: Any) -> Stitcher:
        """The product's, over ports that may be these with something around them."""
        stores = Stores(identities=identities, fragments=fragments, log=log, consents=MemoryConsents(self.identities))
        return Stitcher(
            person=partial(stitch_person, stores=stores, key=KEY),
            merges=partial(merges_of, stores=stores, key=KEY),
            fragments=fragments,
            announcer=self.announcer,
            parking=RejectParking(self.parked, clock=lambda: self.now),
            definitions=self.definitions,
        )

    def definitions(self) -> StitchDefinitions:
        return StitchDefinitions(rules=self.rules, interest=Interest.from_document({}), observing=self.observing)

    def decide(self, messages: Sequence[Json]) -> Sequence[LogItem]:
        request = Request(method="POST", path="/v1/batch", received_at=self.now)
        return sort_out(Submission(write_key="k", items=messages), source=SOURCE, request=request, rules=self.rules, person_key=KEY).items

    def stitch(self, items: Sequence[LogItem]) -> None:
        """Raises RuntimeError where something was parked: it would cost next to nothing."""
        first = self.sequence
        self.sequence += len(items)
        report = self.stitcher.stitch([StreamRecord(item, str(first + place)) for place, item in enumerate(items)])
        if report.parked:
            raise RuntimeError("an event of the measurement was parked")

    def seed(self, people: int, progress: Progress) -> None:
        """Known customers: a user id and a cookie that belong together, a few traits. Their log lies outside: nothing looks for it."""
        with progress.step(f"Making {people:,} profiles"), without_collecting():
            for start in range(0, people, _SEEDED_AT_ONCE):
                numbers = range(start, min(start + _SEEDED_AT_ONCE, people))
                self.stitch([_sign_in(number) for number in numbers])

    def traffic(self, people: int, requests: int) -> tuple[Bill, float]:
        """What ``requests`` of random people cost: units, and seconds of CPU."""
        chance = random.Random(0)  # noqa: S311 - traffic, not secrets
        before, began = self.bill.snapshot(), time.process_time()
        for number in range(requests):
            self.now += timedelta(seconds=1)
            items = self.decide(browsing(chance.randrange(people), number, self.now))
            for item in items:
                self.acceptance.keep(Sorted(items=[item], rejects=[]))
            self.stitch(items)
        return self.bill.since(before), time.process_time() - began


def measure(progress: Progress, *, small: int = 1_000, large: int = 1_000_000, requests: int = 2_000) -> dict[str, Any]:
    """Ratios of the large population to the small one: write units, read units and CPU of an event."""
    found = {people: _population(people, requests, progress) for people in (small, large)}
    events = requests * EVENTS
    few, many = found[small], found[large]
    return {
        "what": f"an event at {large:,} profiles against {small:,}",
        "events": events,
        "budget": 1.1,
        "ratios": {name: round(float(many[name] / few[name]), 3) for name in few},
        "per_event": {f"{people:,}": {name: round(float(value) / events, 6) for name, value in found[people].items()} for people in found},
        "merges": merges(),
    }


def _population(people: int, requests: int, progress: Progress) -> dict[str, Decimal]:
    world = World()
    world.seed(people, progress)
    with progress.step(f"{requests:,} requests of {EVENTS} events each"):
        world.traffic(people, requests // 4)
        bill, seconds = world.traffic(people, requests)
    return {"write_units": bill.total(Unit.WRITE), "read_units": bill.total(Unit.READ), "cpu_seconds": Decimal(seconds)}


def merges() -> dict[str, Any]:
    """One customer under a new identifier again and again: what the first merge costs, and the last."""
    world = World(rules=MANY_ADDRESSES)
    units = []
    for number in range(1, MOST_IDENTIFIERS):
        world.now += timedelta(hours=1)
        before = world.bill.snapshot()
        message = {"type": "identify", "userId": "u1", "messageId": f"m{number}", "traits": {"email": f"a{number}@example.fr"}}
        world.stitch(world.decide([message | {"timestamp": format_instant(world.now)}]))
        bill = world.bill.since(before)
        units.append((bill.total(Unit.WRITE), bill.total(Unit.READ)))
    (first_writes, first_reads), (last_writes, last_reads) = units[0], units[-1]
    return {
        "what": f"the merge of identifier {MOST_IDENTIFIERS} of one customer against that of the second",
        "budget": 1.1,
        "write_units": round(float(last_writes / first_writes), 3),
        "read_units": round(float(last_reads / first_reads), 3),
    }


def _sign_in(number: int) -> LogItem:
    ids = {"userId": f"u{number}", "anonymousId": f"a{number}", "messageId": f"seed-{number}"}
    at = format_instant(START - timedelta(days=30))
    message = {"type": "identify", **ids, "timestamp": at, "originalTimestamp": at, "traits": _TRAITS}
    person = person_id(Identifier("user_id", f"u{number}"), KEY)
    return LogItem(person, f"{at}#{number:016x}", SOURCE.name, SOURCE.kind, START, (message,))


@contextmanager
def without_collecting() -> Iterator[None]:
    """What is made here stays: looking through it again and again for garbage would take longer than making it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def browsing(person: int, request: int, now: datetime) -> list[Json]:
    """One request's events."""
    ids = {"userId": f"u{person}", "anonymousId": f"a{person}"}
    return [
        {
            "type": "track",
            "event": BROWSED[(request + place) % len(BROWSED)],
            **ids,
            "messageId": f"b-{format_instant(now)}-{request}-{place}",
            "timestamp": format_instant(now - timedelta(seconds=EVENTS - place)),
            "properties": {"product_id": f"P{request % 900}", "name": "Robe midi plissée", "price": 89.0, "currency": "EUR"},
        }
        for place in range(EVENTS)
    ]
