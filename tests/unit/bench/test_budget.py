"""What an event costs, counted over the real functions, stays within its budget. Units are counts: the same on every machine."""

from decimal import Decimal
from functools import cache

import pytest

from ariane.definitions.bundle import Bundle
from cli.bench.baseline import count_baseline
from cli.bench.cloud_stores import sample_brand
from cli.bench.cost import BUDGETS, BUSY, MILLION, TIMES_DEARER
from cli.bench.enrolments import count_enrolments
from cli.bench.path import Counted, Traffic, count_path
from cli.bench.prices import price_list
from cli.bench.units import KB, Bill, Unit

PRICES = price_list()


@cache
def bundle() -> Bundle:
    return sample_brand()


@cache
def counted(batch: int, records: int = BUSY) -> Counted:
    return count_path(Traffic(batch=batch, events=100, people=12, records=records), bundle())


def per_million(bill: Bill, count: int) -> float:
    return float(PRICES.cost_of(bill) * MILLION / count)


def written(bill: Bill) -> dict[tuple[str, str], Decimal]:
    return {(entry.by, entry.what): quantity for entry, quantity in bill.entries.items() if entry.unit is Unit.WRITE}


@pytest.mark.parametrize("batch", BUDGETS)
def test_an_event_stays_within_its_budget(batch: int) -> None:
    """With one request in a hundred starting a journey and one linking an identifier, so all parts of the path are in it."""
    found = counted(batch)
    assert per_million(found.bill, found.events) <= BUDGETS[batch]
    writes = written(found.bill)
    assert writes["journey", "journeys"] == writes["journey", "journeys/due"] == 1, "one event in a hundred starts a journey"
    assert writes["stitch", "identities"] == 10, "one in a hundred links: two heads, a member, the assertion and the transition at once"
    assert found.bill.total(Unit.BUS_EVENT) == 2


@pytest.mark.parametrize("batch", BUDGETS)
def test_a_client_batch_is_one_request_one_write_of_the_log_and_one_of_the_fragment(batch: int) -> None:
    found = counted(batch)
    writes = written(found.bill)
    requests = found.events // batch
    assert found.bill.total(Unit.HTTP_REQUEST) == requests
    assert writes["collect", "events"] == requests
    assert writes["stitch", "profiles"] == requests
    assert max(size for _, size in found.item_sizes.values()) < KB


def test_the_per_event_design_is_many_times_dearer() -> None:
    found, taught = counted(4), count_baseline(events=40)
    assert per_million(taught.bill, taught.events) >= int(TIMES_DEARER) * per_million(found.bill, found.events)


def test_an_enrolment_writes_its_row_when_it_enters_and_when_it_ends() -> None:
    bill = count_enrolments(bundle(), people=2)
    writes = {entry.what: quantity for entry, quantity in bill.entries.items() if entry.unit is Unit.WRITE}
    assert writes == {"journeys": 4, "journeys/due": 4}
    assert bill.total(Unit.BUS_EVENT) == 2


def test_traffic_in_which_one_write_would_serve_two_requests_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer people"):
        Traffic(batch=1, people=3, records=10)


def test_a_counted_run_is_the_same_every_time() -> None:
    traffic = Traffic(batch=10, events=100, people=10, records=BUSY)
    assert count_path(traffic, bundle()).bill.entries == count_path(traffic, bundle()).bill.entries
