"""The path of an event, from collect to decide, with every billed unit on it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched, count
from statistics import mean
from typing import Any

from ariane.definitions.bundle import Bundle
from cli.bench.cloud import Cloud, in_the_cloud
from cli.bench.cloud_stores import uncounted
from cli.bench.traffic import BROWSED, TRIGGER, Person, mean_size, orders_of, past_of
from cli.bench.units import Bill, item_size

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAST_EVENTS = 60
"""What each person sent before the counting begins: the ring of 40 is full and has moved on."""
APART = timedelta(seconds=20)
"""Between two events of one person. They are sent some time after they happened: nobody's clock runs ahead of the receipt."""
_SENT_LATE = timedelta(minutes=50)
"""Within the hour in which an event still starts a journey."""
_REQUESTS_APART = timedelta(seconds=0.1)


type Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    batch: int
    """Events in one client request."""
    people_in_batch: int = 1
    records: int = 1
    """Requests that one invocation of stitch finds in the stream."""
    events: int = 400
    people: int = 40
    trigger_every: int = 100
    link_every: int = 100

    def __post_init__(self) -> None:
        if self.people < self.records * self.people_in_batch:
            raise ValueError("with fewer people than requests at a time, one write of a fragment would serve several of them")
        if APART * self.events / self.people > _SENT_LATE:
            raise ValueError("so many events of so few people would reach beyond the present")


@dataclass(frozen=True, slots=True)
class Counted:
    bill: Bill
    events: int
    event_size: float
    """Bytes, mean, as sent."""
    item_sizes: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """Mean and largest size of what lies in the log and the profiles in the end; of the log without the past."""


def count_path(traffic: Traffic, bundle: Bundle, *, is_evaluated: bool = False, orders: int = 0) -> Counted:
    """``bundle``: the definitions published. ``orders``: of each person, in the year before. ``is_evaluated``: with the function
    ``segments``. Raises ValueError where an event was refused."""
    with in_the_cloud(NOON, bundle) as (cloud, key):
        people = [Person(number) for number in range(traffic.people)]
        _live_through_the_past(cloud, key, people, orders)
        if is_evaluated:
            cloud.evaluate()
        before = cloud.bill.snapshot()
        sent: list[list[Json]] = []
        moments = [_moments(NOON - _SENT_LATE) for _ in people]
        for requests in batched(_requests(traffic, people), traffic.records, strict=False):
            for request in requests:
                cloud.clock.forward(_REQUESTS_APART)
                sent.append([_event(traffic, person, number, moments[person.number]) for number, person in request])
                cloud.collect(sent[-1], write_key=key)
            cloud.stitch(records=traffic.records * traffic.people_in_batch)
            cloud.run_journeys()
            if is_evaluated:
                cloud.evaluate()
        return Counted(cloud.bill.since(before), traffic.events, mean_size(sent), _item_sizes())


def _item_sizes() -> dict[str, tuple[float, int]]:
    tables = uncounted().client("dynamodb")
    sizes: dict[str, list[int]] = {}
    for table in ("events", "profiles"):
        items = [item for page in tables.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
        sizes[table] = [item_size(item) for item in items if item.get("n", {}).get("N") != str(PAST_EVENTS)]
    return {table: (mean(found), max(found)) for table, found in sizes.items()}


def _live_through_the_past(cloud: Cloud, key: str, people: Sequence[Person], orders: int) -> None:
    for person in people:
        if orders:
            cloud.collect(orders_of(person, NOON, number=orders), write_key=key)
        cloud.collect(past_of(person, NOON - _SENT_LATE, events=PAST_EVENTS), write_key=key)
    cloud.stitch(records=10)
    cloud.waiting.clear()


def _requests(traffic: Traffic, people: Sequence[Person]) -> Iterator[list[tuple[int, Person]]]:
    """The numbers of a request's events, and whose each is. The people take turns."""
    turn = 0
    for numbers in batched(range(traffic.events), traffic.batch, strict=False):
        group = [people[(turn + place) % len(people)] for place in range(traffic.people_in_batch)]
        turn += traffic.people_in_batch
        yield [(number, group[place % len(group)]) for place, number in enumerate(numbers)]


def _moments(first: datetime) -> Iterator[datetime]:
    return (first + APART * place for place in count())


def _event(traffic: Traffic, person: Person, number: int, moments: Iterator[datetime]) -> Json:
    """The n-th event triggers, or links a new identifier, where its number says so."""
    if number % traffic.link_every == 0:
        person.renew_cookie()
    return person.browse(
        TRIGGER if number % traffic.trigger_every == traffic.trigger_every // 2 else BROWSED[number % len(BROWSED)], next(moments)
    )
