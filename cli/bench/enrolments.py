"""What one enrolment costs: a journey that waits an hour and ends."""

from datetime import timedelta

from ariane.definitions.bundle import Bundle
from cli.bench.cloud import Cloud, in_the_cloud
from cli.bench.cloud_stores import ENTERS
from cli.bench.path import NOON, PAST_EVENTS
from cli.bench.traffic import Person, past_of
from cli.bench.units import Bill


def count_enrolments(bundle: Bundle, *, people: int = 5) -> Bill:
    """Of ``people`` known customers who enter one after another, all that their enrolments cause from the bus on: entry, the due row, the
    tick's hand-over, the wake-up, the end. What the event itself costs is not in it, nor the tick's rounds with nothing due."""
    with in_the_cloud(NOON, bundle) as (cloud, key):
        crowd = [Person(number) for number in range(people)]
        for person in crowd:
            cloud.collect(past_of(person, NOON, events=PAST_EVENTS), write_key=key)
        cloud.stitch(records=10)
        cloud.waiting.clear()
        cloud.tick()  # the first of a day asks for what is done once a day
        caused = Bill()
        for person in crowd:
            caused.include(_travel(cloud, key, person))
        return caused


def _travel(cloud: Cloud, key: str, person: Person) -> Bill:
    start = cloud.bill.snapshot()
    for name in ("Heard By Nobody", ENTERS):
        cloud.clock.forward(timedelta(minutes=2))
        cloud.collect([person.browse(name, cloud.clock())], write_key=key)
        cloud.stitch(records=1)
        if name != ENTERS:
            unheard, start = cloud.bill.since(start), cloud.bill.snapshot()
    cloud.run_journeys()
    cloud.clock.forward(timedelta(hours=1, seconds=-30))
    cloud.tick()
    cloud.clock.forward(timedelta(seconds=31))
    cloud.run_journeys()
    caused = cloud.bill.since(start).since(unheard)
    cloud.clock.forward(timedelta(minutes=1))
    return caused.since(empty_tick(cloud))


def empty_tick(cloud: Cloud) -> Bill:
    before = cloud.bill.snapshot()
    cloud.tick()
    return cloud.bill.since(before)


def count_tick(bundle: Bundle) -> Bill:
    """One round with nothing due and nothing undecided."""
    with in_the_cloud(NOON, bundle) as (cloud, _):
        cloud.tick()
        return empty_tick(cloud)
