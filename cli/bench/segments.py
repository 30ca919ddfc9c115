"""What stitch pays for segments: a known customer's fragment under plans of 0, 10 and 100 series, in memory, units and CPU counted.

The series are what segments commonly ask for: two in three "performed X at least once, twice, three times within 30 days" with a test of a
property, one in three a sum over a lifetime. Evaluating segments is another function's.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import mean
from typing import Any

import orjson

from ariane.adapters.aws.items.bundles import fragment_item
from ariane.conditions.observing import Asked, Observing
from ariane.conditions.series import Keep, Series
from ariane.conditions.values import PropertyTest
from ariane.definitions.customer_view import CustomerView
from ariane.events.model import Event
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.profiles.admission import placed_events
from ariane.profiles.applying import apply
from ariane.profiles.fragments import Fragment, decode, encode
from cli.bench.growth import EVENTS, KEY, World, browsing, without_collecting
from cli.bench.traffic import BROWSED, Person, orders_of, past_of
from cli.bench.units import Unit, item_size
from cli.report import Progress

_PEOPLE = 50
_WARM_UP = 2_000
"""Requests: some 160 events of each person, four times what the memory of a fragment holds."""
_REQUESTS = 500
_ROUNDS = 3
_MONTH = 30 * 86_400
_ORDERS = (0, 2, 8, 24)
_BUYERS = 10
_BROWSED_BETWEEN = 60


def plans() -> Mapping[str, Observing]:
    """By name: so many series that look at the events of the traffic, a hundred that do not, and what a brand without segments has."""
    looking = {f"{count}": plan_of(count, is_looking=True) for count in (0, 10, 100)}
    return {**looking, "100 of other events": plan_of(100, is_looking=False), "built-in": CustomerView.built_in().observing}


def plan_of(count: int, *, is_looking: bool) -> Observing:
    return Observing(1, tuple(_asked(number, is_looking) for number in range(count)), {})


def _asked(number: int, is_looking: bool) -> Asked:
    event = BROWSED[number % len(BROWSED)] if is_looking else f"Something Else {number}"
    test = PropertyTest.model_validate_json(orjson.dumps({"property": "price", "gte": number}))
    if number % 3 == 2:
        return Asked(Series(event, (test,), "price"), Keep(), 1)
    return Asked(Series(event, (test,)), Keep(entries=1 + number % 3, seconds=_MONTH), 1)


def measure(progress: Progress) -> dict[str, Any]:
    found = {}
    for name, observing in plans().items():
        with progress.step(f"{_WARM_UP + _REQUESTS:,} requests of {EVENTS} events each under {name} series"):
            found[name] = _under(observing)
    buyers = {f"{orders} orders": _buyer(orders) for orders in _ORDERS}
    return {"what": "an event of a known customer, by the series that segments ask for", "by_series": found, "buyers": buyers}


def _buyer(orders: int) -> dict[str, int]:
    """A customer of two years who browses in between: the fragment's bytes with what the built-in computed traits record, and without."""
    return {name: _row_of_buyer(orders, plan) for name, plan in (("with", CustomerView.built_in().observing), ("without", Observing()))}


def _row_of_buyer(orders: int, observing: Observing) -> int:
    """Mean bytes, of ``_BUYERS``."""
    world, sizes = World(observing=observing), []
    for number in range(_BUYERS):
        person = Person(number)
        sent = [*orders_of(person, world.now, number=orders), *past_of(person, world.now, events=_BROWSED_BETWEEN)]
        sent += [person.browse("Product Added", world.now - timedelta(days=2, minutes=each)) for each in range(2)]
        for message in sorted(sent, key=lambda each: each["timestamp"]):
            world.stitch(world.decide([message]))
        stored = world.fragments.inner.load([person_id(Identifier("user_id", person.user_id), KEY)])
        sizes += [item_size(fragment_item(each)) for each in stored.values()]
    return round(mean(sizes))


def _under(observing: Observing) -> dict[str, Any]:
    world = World(observing=observing)
    with without_collecting():
        world.traffic(_PEOPLE, _WARM_UP)
    bill, _ = world.traffic(_PEOPLE, _REQUESTS)
    events = _REQUESTS * EVENTS
    fragments = _fragments(world)
    return {
        "write_units_per_event": round(float(bill.total(Unit.WRITE)) / events, 4),
        "read_units_per_event": round(float(bill.total(Unit.READ)) / events, 4),
        "fragment_bytes": round(mean(len(encode(each)) for each in fragments)),
        "series_kept": round(mean(len(each.observed) for each in fragments), 1),
        "cpu_microseconds_per_event": min((_cpu(world, fragments) for _ in range(_ROUNDS)), key=lambda found: found["with_bytes"]),
    }


def _fragments(world: World) -> Sequence[Fragment]:
    ids = [person_id(Identifier("user_id", f"u{number}"), KEY) for number in range(_PEOPLE)]
    return [stored.fragment for stored in world.fragments.inner.load(ids).values()]


def _cpu(world: World, fragments: Sequence[Fragment]) -> dict[str, float]:
    """Of applying a batch to a fragment, and with reading and writing its bytes."""
    batches = [_batch(world, number) for number in range(len(BROWSED))]
    rows = [(encode(fragment), batch) for fragment in fragments for batch in batches]
    decoded = [(decode("prs_a", data), batch) for data, batch in rows]
    began = time.process_time()
    for fragment, batch in decoded:
        apply(fragment, batch, world.observing)
    applied = time.process_time() - began
    for data, batch in rows:
        encode(apply(decode("prs_a", data), batch, world.observing))
    whole = time.process_time() - began - applied
    events = len(rows) * EVENTS
    return {"apply": round(applied / events * 1e6, 1), "with_bytes": round(whole / events * 1e6, 1)}


def _batch(world: World, number: int) -> Sequence[Event]:
    items = world.decide(browsing(0, number, world.now))
    return [placed.event for item in items for placed in placed_events(item)]


def shown(result: dict[str, Any]) -> str:
    """A line for each plan, and for each buyer."""
    lines = [_line(name, each, each["cpu_microseconds_per_event"]) for name, each in result["by_series"].items()]
    lines += [
        f"a buyer of {name} in two years: {each['with']:,} bytes, {each['with'] - each['without']:,} of them for the built-in traits"
        for name, each in result["buyers"].items()
    ]
    return "\n".join(lines)


def _line(name: str, found: dict[str, Any], cpu: dict[str, float]) -> str:
    units = f"{found['write_units_per_event']:.3f} write units, {found['read_units_per_event']:.3f} read units an event"
    kept = f"{found['fragment_bytes']:,} bytes, {found['series_kept']:.0f} series kept"
    return f"{name} series: {units}; {kept}; {cpu['apply']:.1f} µs to apply, {cpu['with_bytes']:.1f} µs with its bytes"
