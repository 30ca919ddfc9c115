"""What a change of rules costs: the dry run and all of the replay over a log in memory, events a second and billed units.

One customer in fifty was given a till's address together with another one; the new rules block it. Those customers are stitched whole, of
the others what links them: nothing else of them is read.
"""

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any

from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.originals import MemoryOriginals
from ariane.adapters.memory.replay_states import MemoryReplayStates
from ariane.events.log import Page
from ariane.events.model import LogItem
from ariane.identity.rule_ports import ReplayPorts
from ariane.identity.rule_replay import RuleReplay
from ariane.identity.rule_snapshot import Row
from ariane.identity.rules import Rules
from ariane.instants import format_instant
from ariane.profiles.rule_consequences import RuleConsequences
from ariane.profiles.stitching import Stores
from cli.bench.growth import KEY, SOURCE, START, World, without_collecting
from cli.bench.prices import price_list
from cli.bench.traffic import Json
from cli.bench.units import Bill, Unit
from cli.bench.units_ports import CountedLog
from cli.report import Progress

EVENTS = 10
"""Of each customer: one that says who it is, and three requests of three."""
_MISTYPED = 50
"""One customer in so many shares a till's address with the one before."""
_LINKING = 2
"""Requests: one that says who it is, and the first of those that all say the same."""
_RULES: Mapping[str, Any] = {}
_CHANGED: Mapping[str, Any] = {"blocked": {"patterns": ["^till-"]}}
_MILLION = 1_000_000
_AT_ONCE = 200


class _PartitionedLog:
    """A log in memory that does not look through everything for one person."""

    def __init__(self) -> None:
        self._of: dict[str, MemoryEventLog] = defaultdict(MemoryEventLog)

    def append(self, item: LogItem) -> bool:
        return self._of[item.person_id].append(item)

    def get(self, person_id: str, sort: str) -> LogItem | None:
        return self._of[person_id].get(person_id, sort)

    def page(self, person_id: str, **options: Any) -> Page:
        return self._of[person_id].page(person_id, **options)

    def scan(self, person_id: str, **options: Any) -> Page:
        return self._of[person_id].scan(person_id, **options)

    def mark_refolded(self, person_id: str, marks: Sequence[tuple[str, str]]) -> None:
        self._of[person_id].mark_refolded(person_id, marks)

    def each(self) -> Iterator[LogItem]:
        for log in list(self._of.values()):
            yield from log.items()


class _Scans:
    """Reading whole tables, billed by their bytes."""

    def __init__(self, world: World, log: _PartitionedLog) -> None:
        self._world = world
        self._log = log

    def items(self) -> Iterator[LogItem]:
        yield from self._log.each()
        self._bill("events", self._world.log.stored_bytes)

    def everything(self) -> Iterator[Row]:
        yield from self._world.identities.everything()
        self._bill("identities", self._world.identities.stored_bytes)

    def _bill(self, table: str, size: int) -> None:
        self._world.bill.add(Unit.READ, Decimal(ceil(size / 4096)), what=table)


class _Silent:
    def at(self, phase: str, done: int, total: int | None) -> None:
        """Nobody is told."""


def measure(progress: Progress, *, events: int) -> dict[str, Any]:
    world, log = World(rules=Rules.from_document(_RULES)), _PartitionedLog()
    world.log = CountedLog(world.bill, inner=log)  # type: ignore[arg-type]
    world.stitcher = world.stitcher_over(world.identities, world.fragments, world.log)
    with progress.step(f"Stitching {events:,} events"), without_collecting():
        _fill(world, events // EVENTS)
    filled = _peak_megabytes()
    replay = _replay(world, log)
    with progress.step("The dry run"):
        forecast, dry = _timed(world, lambda: replay.forecast(Rules.from_document(_RULES), Rules.from_document(_CHANGED)))
    change, partitions = forecast
    with progress.step("The replay"):
        outcome, applied = _timed(world, lambda: replay.run(replay.begin(_RULES, _CHANGED, partitions)))
    return {
        "events": change.events,
        "people_parted": len(change.splits),
        "rounds": outcome.rounds,
        "renewed": outcome.renewed,
        "refolded": outcome.refolded,
        "is_settled": outcome.is_settled,
        "memory_mb": {"log_and_tables": filled, "added_by_the_changes": _peak_megabytes() - filled},
        "dry_run": _told(change.events, *dry),
        "apply": _told(change.events, *applied),
    }


def _fill(world: World, people: int) -> None:
    for start in range(0, people, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, people))
        for place, messages in enumerate(zip(*map(_messages, numbers), strict=True)):
            items = {number: world.decide(request) for number, request in zip(numbers, messages, strict=True)}
            for item in _flat(items.values()):
                world.log.append(item)
            world.stitch(_flat(theirs for number, theirs in items.items() if place < _LINKING or _is_mistyped(number)))


def _flat(groups: Iterable[Sequence[LogItem]]) -> list[LogItem]:
    return [item for items in groups for item in items]


def _is_mistyped(number: int) -> bool:
    return number % _MISTYPED < 2


def _peak_megabytes() -> int:
    """Of this process, so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == "darwin" else 1024)


def _messages(number: int) -> list[list[Json]]:
    """Requests of one customer, in order."""
    ids: Json = {"anonymousId": f"a{number}"}
    if _is_mistyped(number):
        traits: Json = {"loyalty_card": f"c{number}", "email": f"till-{number // _MISTYPED}@shop.example", "firstName": "Camille"}
    else:
        ids, traits = {**ids, "userId": f"u{number}"}, {"email": f"camille-{number}@shop.example", "firstName": "Camille"}
    first = {"type": "identify", **ids, "traits": traits, "messageId": f"i{number}", "timestamp": format_instant(START)}
    return [[first], *([_browsing(ids, number, 3 * request + place) for place in range(3)] for request in range(3))]


def _browsing(ids: Json, number: int, place: int) -> Json:
    properties = {"product_id": f"P{(number + place) % 900}", "name": "Robe midi plissée", "price": 89.0, "currency": "EUR"}
    given = {"messageId": f"b{number}-{place}", "timestamp": format_instant(START), "properties": properties}
    return {"type": "track", "event": "Product Viewed", **ids, **given}


def _replay(world: World, log: _PartitionedLog) -> RuleReplay:
    scans = _Scans(world, log)
    ports = ReplayPorts(
        identities=world.identities,
        scan=scans,
        splits=world.identities,
        log=scans,
        states=MemoryReplayStates(),
        originals=MemoryOriginals(),
        published=lambda: _CHANGED,
    )
    stores = Stores(identities=world.identities, fragments=world.fragments, log=world.log, consents=MemoryConsents(world.identities))
    consequences = RuleConsequences(stores=stores, announcer=world.announcer, key=KEY)
    return RuleReplay(
        ports,
        key=KEY,
        kinds={SOURCE.name: SOURCE.kind},
        clock=lambda: START,
        consequences=consequences,
        course=_Silent(),
        holder="the bench",
    )


def _timed[Result](world: World, act: Callable[[], Result]) -> tuple[Result, tuple[float, Bill]]:
    before, began = world.bill.snapshot(), time.process_time()
    result = act()
    return result, (time.process_time() - began, world.bill.since(before))


def _told(events: int, seconds: float, bill: Bill) -> dict[str, Any]:
    million = Decimal(_MILLION) / events
    return {
        "cpu_seconds": round(seconds, 2),
        "events_per_second": round(events / seconds),
        "read_units": round(float(bill.total(Unit.READ)), 1),
        "write_units": round(float(bill.total(Unit.WRITE)), 1),
        "usd_per_million_events": round(float(price_list().cost_of(bill) * million), 4),
    }
