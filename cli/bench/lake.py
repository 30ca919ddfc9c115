"""What the lake adds to the path of an event."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ariane.definitions.bundle import Bundle
from ariane.lake.columns import EVENTS
from cli.bench.cloud import in_the_cloud
from cli.bench.cloud_stores import uncounted
from cli.bench.path import APART, NOON
from cli.bench.prices import PriceList
from cli.bench.traffic import BROWSED, Person
from cli.bench.units import Bill, Entry, Unit

MILLION = 1_000_000
PEOPLE = 100
EVENTS_A_DAY = 1_000_000
LANDINGS_A_DAY = 24 * 60 // 5
"""With the window of five minutes, as long as a batch's 6 MB hold what comes in meanwhile."""
_ONCE_A_LANDING = frozenset({Unit.LAMBDA_REQUEST, Unit.OBJECT_PUT})


@dataclass(frozen=True, slots=True)
class CountedLake:
    bill: Bill
    """Of one landing of the stream, and one of changed people."""
    events: int
    event_size: float
    """Bytes in the lake, mean, compressed."""


def count_lake(bundle: Bundle, *, batch: int) -> CountedLake:
    """A landing of ``PEOPLE`` requests, each of ``batch`` events of another person: nobody is read for two requests at once, as they
    mostly are in a batch of minutes. 1 % of the events link a new identifier, and so move somebody."""
    with in_the_cloud(NOON, bundle) as (cloud, key):
        people = [Person(number) for number in range(PEOPLE)]
        for person in people:
            cloud.collect([person.identify(NOON - 9 * APART)], write_key=key)
        cloud.stitch(records=PEOPLE)
        cloud.land()
        for number, person in enumerate(people):
            if number * batch % 100 == 0:
                person.renew_cookie()
            events = [person.browse(BROWSED[place % len(BROWSED)], NOON - APART + place * APART / 100) for place in range(batch)]
            cloud.collect(events, write_key=key)
        cloud.stitch(records=PEOPLE)
        before = cloud.bill.snapshot()
        cloud.land()
        return CountedLake(cloud.bill.since(before), PEOPLE * batch, _stored() / PEOPLE / (batch + 1))


def _stored() -> int:
    objects = uncounted().client("s3").list_objects_v2(Bucket="lake", Prefix=f"{EVENTS}/")["Contents"]
    return sum(each["Size"] for each in objects)


def per_million(counted: CountedLake, prices: PriceList) -> Decimal:
    """What is paid for each event, and of what is paid once a landing the share at ``EVENTS_A_DAY``."""
    entries = counted.bill.entries
    each = _cost({entry: number for entry, number in entries.items() if entry.unit not in _ONCE_A_LANDING}, prices)
    landing = _cost({entry: number for entry, number in entries.items() if entry.unit in _ONCE_A_LANDING}, prices)
    return each * MILLION / counted.events + landing * LANDINGS_A_DAY * MILLION / EVENTS_A_DAY


def _cost(entries: Mapping[Entry, Decimal], prices: PriceList) -> Decimal:
    return sum((number * prices.of(entry.unit) for entry, number in entries.items()), Decimal(0))
