"""A backfill of everybody's history, for a segment that asks for what was never recorded: each person's log is read and folded again,
and the person is evaluated. In memory; killed half-way once, and gone on with."""

import resource
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import batched
from typing import Any

from ariane.events.acceptance import Sorted
from ariane.instants import format_instant
from ariane.segments.jobs import BackfillJob
from cli.bench.growth import START, without_collecting
from cli.bench.prices import PriceList
from cli.bench.segment_world import SegmentCrowd, timed, view_of
from cli.bench.traffic import BROWSED
from cli.bench.units import Bill, Unit
from cli.report import Progress

EVENTS_EACH = 20
_AT_ONCE = 500
_NEW = {"dear": {"performed": "Product Viewed", "where": [{"property": "price", "gte": 100}], "times": {"gte": 2}, "within": "30 days"}}
_MB = 1_024


class _Killed(BaseException):
    """As a process ends: nothing catches it."""


def measure(progress: Progress, prices: PriceList, *, events: int) -> dict[str, Any]:
    people = events // EVENTS_EACH
    crowd = SegmentCrowd(view_of({}, START), is_billed=True)
    with progress.step(f"{events:,} events of {people:,} people"), without_collecting():
        _live(crowd, people)
    before = _peak()
    crowd.publish(view_of(_NEW, crowd.world.now, epoch=2))
    crowd.desk().start_backfill()
    crowd.calls.clear()
    bill = crowd.world.bill.snapshot()
    found: dict[str, float] = {}
    with progress.step("Backfill"), timed(found):
        _half(crowd)
        _all(crowd)
    result = crowd.desk().latest(1)[0]
    if not result.is_done or result.total(lambda part: part.people) < people or result.total(lambda part: part.failed):
        raise RuntimeError("the backfill of the measurement did not reach everybody")
    return _figures(crowd, people, found["cpu_seconds"], _peak() - before) | _cost(crowd, crowd.world.bill.since(bill), prices)


def _live(crowd: SegmentCrowd, people: int) -> None:
    """Nobody is evaluated: there is no segment yet."""
    for numbers in batched(range(people), _AT_ONCE, strict=False):
        crowd.world.now = START + timedelta(seconds=numbers[0])
        items = [item for number in numbers for item in crowd.world.decide(_visits(number, crowd))]
        for item in items:
            crowd.world.acceptance.keep(Sorted(items=[item], rejects=[]))
        crowd.world.stitch(items)


def _visits(number: int, crowd: SegmentCrowd) -> list[dict[str, Any]]:
    """A customer's, over twenty days."""
    return [
        {
            "type": "track",
            "event": BROWSED[(number + place) % len(BROWSED)],
            "userId": f"u{number}",
            "anonymousId": f"a{number}",
            "messageId": f"b{number}-{place}",
            "timestamp": format_instant(crowd.world.now - timedelta(days=EVENTS_EACH - place)),
            "properties": {"product_id": f"P{(number + place) % 900}", "name": "Robe midi plissée", "price": 40 + 20 * (place % 5)},
        }
        for place in range(EVENTS_EACH)
    ]


def _half(crowd: SegmentCrowd) -> None:
    """Half of the parts; the last of them dies after some pages, when its people were evaluated and its row was not written yet."""
    jobs = [job for job in crowd.waiting() if isinstance(job, BackfillJob)]
    for job in jobs[: len(jobs) // 2]:
        crowd.take([job])
    store, saved = crowd.backfills, 0
    save = store.save

    def dying(part: Any) -> None:
        nonlocal saved
        saved += 1
        if saved == 3:
            raise _Killed
        save(part)

    store.save = dying  # type: ignore[method-assign]
    with suppress(_Killed):
        crowd.take([jobs[len(jobs) // 2]])
    store.save = save  # type: ignore[method-assign]


def _all(crowd: SegmentCrowd) -> None:
    """What has not ended is asked for again, and ends."""
    crowd.desk().resume(crowd.desk().latest(1)[0].backfill.id)
    while jobs := crowd.waiting():
        for job in jobs:
            crowd.take([job])


def _peak() -> int:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MB


def _figures(crowd: SegmentCrowd, people: int, cpu: float, grown: int) -> dict[str, Any]:
    events, calls = people * EVENTS_EACH, sum(crowd.calls.values())
    return {
        "what": "a backfill of everybody, all of whose history has to be read",
        "events": events,
        "people": people,
        "members": len(crowd.rows.listed.get("dear", {})),
        "announced": sum(crowd.bus.facts.values()),
        "events_per_second": round(events / cpu),
        "people_per_second": round(people / cpu),
        "peak_megabytes": _peak(),
        "grown_megabytes": grown,
        "calls_per_person": round(calls / people, 2),
        "calls": {name: round(number / people, 3) for name, number in crowd.calls.most_common()},
    }


def _cost(crowd: SegmentCrowd, bill: Bill, prices: PriceList) -> dict[str, Any]:
    """Rows of memberships by their calls: a read is a unit, a row and its entry in a list are two each in their transaction."""
    bill.add(Unit.READ, crowd.calls["rows.load"], what="profiles")
    bill.add(Unit.WRITE, 4 * crowd.calls["rows.commit"], what="profiles")
    usd = prices.cost_of(bill) * Decimal(1_000_000) / (len(crowd.world.fragments.inner._rows) * EVENTS_EACH)
    units = {unit.value: round(float(bill.total(unit)), 1) for unit in (Unit.READ, Unit.WRITE)}
    return {"usd_per_million_events": round(float(usd), 2), **units}


def shown(result: dict[str, Any]) -> str:
    calls = ", ".join(f"{name} {number:.2f}" for name, number in result["calls"].items() if number >= 0.05)
    return (
        f"backfill of {result['events']:,} events of {result['people']:,} people, killed once: {result['events_per_second']:,} events "
        f"and {result['people_per_second']:,} people a second of CPU, {result['members']:,} members, {result['announced']:,} announced;\n"
        f"  {result['calls_per_person']:.1f} calls a person ({calls}); ${result['usd_per_million_events']:.2f} a million events; "
        f"{result['grown_megabytes']:,} MB more at the peak"
    )
