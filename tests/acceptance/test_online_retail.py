"""Half a million lines of a shop through the import, over memory: the numbers that others published of this file, from the log."""

import gzip
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ariane.adapters.aws.event_items import attributes_of
from ariane.events.model import LogItem
from ariane.imports.model import Import
from cli.bench.units import item_size, write_units
from tests.acceptance.online_retail import MAPPING
from tests.builders.imports import ImportWorld

pytestmark = pytest.mark.acceptance

DOLLARS_PER_MILLION_WRITES = Decimal("0.7423")
"""DynamoDB on demand, eu-west-3, as ``cli/bench/prices.json`` has it."""


@dataclass
class Shop:
    world: ImportWorld
    first: Import
    seconds: float
    file: bytes


@pytest.fixture(scope="module")
def shop(data_file: Callable[[str], Path]) -> Shop:
    content, world = data_file("online-retail.csv.gz").read_bytes(), ImportWorld()
    began = time.monotonic()
    return Shop(world, world.imported(MAPPING, content, name="online-retail.csv.gz"), time.monotonic() - began, content)


@dataclass(frozen=True)
class Line:
    order: str
    customer: str
    quantity: int
    amount: Decimal


def lines(world: ImportWorld) -> Iterator[Line]:
    """Of customers' orders, as the log has them: every part of an order, its lines one by one."""
    for message in world.messages():
        if "userId" not in message or not message["event"].startswith("Order Completed"):
            continue
        for product in message["properties"]["products"]:
            amount = product["quantity"] * Decimal(repr(product["price"]))
            yield Line(message["properties"]["order_id"], message["userId"], product["quantity"], amount)


def test_every_line_is_in_the_log(shop: Shop) -> None:
    progress = shop.first.progress
    assert (progress.lines, progress.accepted, progress.rejected, progress.copies) == (541_909, 541_909, 0, 0)
    assert sum(len(message["properties"]["products"]) for message in shop.world.messages()) == 541_909


def test_orders_customers_and_revenue_are_those_that_were_published(shop: Shop) -> None:
    clean = [line for line in lines(shop.world) if line.quantity > 0 and line.amount > 0]
    revenue = sum((line.amount for line in clean), Decimal())
    orders = {line.order: line.customer for line in clean}
    per_customer: dict[str, int] = {}
    for customer in orders.values():
        per_customer[customer] = per_customer.get(customer, 0) + 1
    repeat = Decimal(100 * sum(count > 1 for count in per_customer.values())) / len(per_customer)

    assert (len(clean), len(orders), len(per_customer)) == (397_884, 18_532, 4_338)
    assert revenue == Decimal("8911407.904")
    assert f"{revenue / len(orders):.3f}" == "480.866"
    assert f"{repeat:.4f}" == "65.5832"


def test_an_orders_total_is_the_sum_of_its_lines_however_many_events_it_takes(shop: Shop) -> None:
    of_lines: dict[str, Decimal] = {}
    totals: dict[str, Decimal] = {}
    parts = 0
    for message in shop.world.messages():
        told: Mapping[str, Any] = message["properties"]
        amount = sum((each["quantity"] * Decimal(repr(each["price"])) for each in told["products"]), Decimal())
        of_lines[told["order_id"]] = of_lines.get(told["order_id"], Decimal()) + amount
        parts += message["event"].endswith("Continued")
        if "total" in told:
            totals[told["order_id"]] = totals.get(told["order_id"], Decimal()) + Decimal(repr(told["total"]))

    assert parts > 0
    assert totals == of_lines


def test_a_second_import_changes_nothing(shop: Shop) -> None:
    world, before = shop.world, _log(shop.world)
    world.now += timedelta(days=3)
    plain = gzip.decompress(shop.file)

    again = world.imported(MAPPING, plain, name="online-retail.csv")

    assert again.id != shop.first.id
    assert again.progress.copies == again.progress.events == shop.first.progress.events
    assert _log(world) == before


def test_what_it_costs_is_said(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    items = shop.world.log.items()
    units = sum(write_units(_size(item)) for item in items)
    of_a_million = DOLLARS_PER_MILLION_WRITES * units / 1_000_000 * 1_000_000 / 541_909
    with capsys.disabled():
        print(  # noqa: T201 - the run's report
            f"\nOnline Retail: {541_909 / shop.seconds:,.0f} lines/s, {len(items):,} log items, {units:,} write units, "
            f"${of_a_million:.3f} for a million lines"
        )
    assert units < 60_000


def _size(item: LogItem) -> int:
    attributes = attributes_of(item, retention=timedelta(days=760))
    return item_size({**attributes, "b": {"B": b64decode(attributes["b"]["B"])}})


def _log(world: ImportWorld) -> dict[tuple[str, str], LogItem]:
    return {(item.person_id, item.sort): item for item in world.log.items()}
