"""What segments cost on the path of an event, and by themselves: the function ``segments``, its queue and what it tells the bus,
counted over the same traffic as the path."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ariane.definitions.bundle import Bundle
from cli.bench.cloud import Cloud, in_the_cloud
from cli.bench.cloud_stores import brand_with_segments
from cli.bench.path import NOON, PAST_EVENTS, Counted, Traffic, count_path
from cli.bench.traffic import BROWSED, Person, orders_of, past_of
from cli.bench.units import Bill, Unit

ORDERS = 8
"""Of each person, in the two years before."""
LOOKING = 10
PEOPLE = 50
_APART = timedelta(seconds=5)
_EVENTS = tuple(dict.fromkeys(BROWSED))
type Json = dict[str, Any]
NEGATION: Json = {"not": {"performed": "Order Completed", "within": "90 days"}}


def looking_at_the_traffic(count: int) -> Mapping[str, Json]:
    """Conditions that look at what visitors do: how often within a month, each with another number, so that some hold and some do not."""
    return {
        f"looking-{number}": {
            "performed": _EVENTS[number % len(_EVENTS)],
            "times": {"gte": 2 + 3 * number},
            "within": "30 days",
        }
        for number in range(count)
    }


@dataclass(frozen=True, slots=True)
class Evaluations:
    """Bills of what is on top of the path, by batch; and of single evaluations, each with how many."""

    sample: Mapping[int, tuple[Bill, int]]
    looking: Mapping[int, tuple[Bill, int]]
    single: Mapping[str, tuple[Bill, int]]


def count_evaluations(bundle: Bundle, batches: Sequence[int], *, events: int, records: int) -> Evaluations:
    """``bundle``: the sample brand's, with its seven segments."""
    dear = brand_with_segments(looking_at_the_traffic(LOOKING))
    none = brand_with_segments({})
    sample, looking = {}, {}
    for batch in batches:
        traffic = Traffic(batch=batch, events=events, records=records)
        without = count_path(traffic, none, orders=ORDERS)
        sample[batch] = _on_top(traffic, bundle, without)
        looking[batch] = _on_top(traffic, dear, without)
    return Evaluations(sample, looking, _single(bundle))


def _on_top(traffic: Traffic, bundle: Bundle, without: Counted) -> tuple[Bill, int]:
    counted = count_path(traffic, bundle, is_evaluated=True, orders=ORDERS)
    return counted.bill.since(without.bill), counted.events


def _single(bundle: Bundle) -> Mapping[str, tuple[Bill, int]]:
    """From stitch on, without what stitching itself costs."""
    all_strangers = brand_with_segments({"no-buyers": NEGATION})
    lately = brand_with_segments({"lately": {"performed": "Product Viewed", "within": "1 hour"}})
    return {
        "a new visitor's first event, where no segment can hold of a stranger": (count_first_events(bundle), PEOPLE),
        "a new visitor's first event, where one holds of whoever has not bought": (count_first_events(all_strangers), PEOPLE),
        "an evaluation that changes nothing": _changing_nothing(lately),
        "an entry by an event": _entering(lately),
        "an exit by time alone": _leaving(lately),
    }


def count_first_events(bundle: Bundle, *, people: int = PEOPLE) -> Bill:
    """On top of stitching the same events, of visitors who come one by one."""
    with in_the_cloud(NOON, bundle) as (cloud, key):
        cloud.evaluate()
        before = cloud.bill.snapshot()
        for number in range(people):
            _visit(cloud, key, Person(number), "Heard By Nobody", is_named=False)
            cloud.clock.forward(_APART)
            cloud.evaluate()
        return _of_segments(cloud.bill.since(before))


def _of_segments(bill: Bill) -> Bill:
    """What its function causes, and what its queue costs, whoever puts something there."""
    return bill.only(lambda entry: entry.by == "segments" or (entry.unit is Unit.QUEUE_REQUEST and entry.what == "evaluate"))


def _visit(cloud: Cloud, key: str, person: Person, name: str, *, is_named: bool = True) -> None:
    event = person.browse(name, cloud.clock() - timedelta(seconds=1))
    if not is_named:
        event = deepcopy(event)
        del event["userId"]
    cloud.collect([event], write_key=key)
    cloud.stitch(records=10)


def _changing_nothing(bundle: Bundle) -> tuple[Bill, int]:
    return _crowd(bundle, times=2)


def _entering(bundle: Bundle) -> tuple[Bill, int]:
    return _crowd(bundle, times=1)


def _crowd(bundle: Bundle, *, times: int) -> tuple[Bill, int]:
    """Everybody views a product, ``times`` over, so that fifty messages are taken at a time; counted is the last time."""
    with in_the_cloud(NOON, bundle) as (cloud, key):
        people = _known(cloud, key)
        for _ in range(times):
            cloud.clock.forward(_APART)
            before = cloud.bill.snapshot()
            for person in people:
                _visit(cloud, key, person, "Product Viewed")
            cloud.evaluate()
        return _of_segments(cloud.bill.since(before)), PEOPLE


def _known(cloud: Cloud, key: str) -> Sequence[Person]:
    people = [Person(number) for number in range(PEOPLE)]
    for person in people:
        cloud.collect(orders_of(person, NOON - timedelta(days=30), number=ORDERS), write_key=key)
        cloud.collect(past_of(person, NOON - timedelta(hours=3), events=PAST_EVENTS), write_key=key)
    cloud.stitch(records=10)
    cloud.evaluate()
    cloud.waiting.clear()
    return people


def _leaving(bundle: Bundle) -> tuple[Bill, int]:
    with in_the_cloud(NOON, bundle) as (cloud, key):
        for person in _known(cloud, key):
            _visit(cloud, key, person, "Product Viewed")
        cloud.evaluate()
        cloud.tick()
        cloud.unevaluated.clear()  # the first of a day asks for counts
        cloud.clock.forward(timedelta(minutes=59))
        before = cloud.bill.snapshot()
        for _ in range(3):
            cloud.tick()
            cloud.evaluate()
            cloud.clock.forward(timedelta(seconds=60))
        cloud.evaluate()
        return _of_segments(cloud.bill.since(before)), PEOPLE
