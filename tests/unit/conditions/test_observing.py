"""The plan of what is recorded, and which events belong to a series."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ariane.conditions.observing import Asked, Happened, Observer, Observing, entry_of, observe
from ariane.conditions.series import EVERYTHING, LOCATION, Entry, Keep, Needs, Run, Series
from ariane.conditions.values import PropertyTest

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MILLIS = int(AT.timestamp() * 1000)


def where(**test: Any) -> tuple[PropertyTest, ...]:
    return (PropertyTest.model_validate_json(orjson.dumps(test)),)


def bought(**properties: Any) -> Happened:
    return Happened("Order Completed", AT, properties)


PLAN = Observing(
    epoch=7,
    series=(
        Asked(Series("Order Completed", where(property="total", gte=100), "total"), Keep(3, None, 5), 2),
        Asked(Series("Order*"), Keep(1, 60), 7),
        Asked(Series("Store Visited"), Keep(), 1),
    ),
    traits={"plan": 4},
    precedence={"plan": ("crm", "site")},
)


def test_a_plan_comes_back_from_its_document() -> None:
    document = orjson.loads(orjson.dumps(PLAN.to_document()))
    assert Observing.from_document(document) == PLAN
    assert Observing.from_document(None) == Observing.from_document({}) == Observing()


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("Order Completed", ["Order Completed", "Order*"]),
        ("Order Refunded", ["Order*"]),
        ("Store Visited", ["Store Visited"]),
        ("Product Viewed", []),
        (None, []),
    ],
)
def test_only_series_that_may_fit_are_looked_at(name: str | None, events: list[str]) -> None:
    assert [asked.series.event for _, asked in PLAN.looking_at(name)] == events


@pytest.mark.parametrize(("source", "rank"), [("crm", 2), ("site", 1), ("till", 0)])
def test_the_best_source_ranks_highest(source: str, rank: int) -> None:
    assert (PLAN.rank("plan", source), PLAN.rank("city", source)) == (rank, 0)


@pytest.mark.parametrize(
    ("series", "happened", "entry"),
    [
        (Series("Order Completed"), bought(), Entry(MILLIS)),
        (Series("Order Completed", where(property="total", gte=100)), bought(total="120"), Entry(MILLIS)),
        (Series("Order Completed", where(property="total", gte=100)), bought(total=80), None),
        (Series("Order Completed", where(property="due", within="1 day")), bought(due="2026-11-22T01:00:00Z"), Entry(MILLIS)),
        (Series("Order Completed", path="total"), bought(total=80.0), Entry(MILLIS, (80,))),
        (Series("Order Completed", path="total"), bought(), Entry(MILLIS)),
        (Series("Order Completed", path="total"), bought(total={"eur": 1}), Entry(MILLIS)),
        (
            Series("Order Completed", path="products.size"),
            bought(products=[{"size": "M"}, {}, {"size": None}, {"size": ["L", True]}, 3]),
            Entry(MILLIS, ("M", "L", True)),
        ),
        (Series("*", path=LOCATION), bought(), None),
        (Series("*", path=LOCATION), Happened("$page", AT, {}, {"latitude": 45, "longitude": 4.8}), Entry(MILLIS, (45.0, 4.8))),
        (Series("*", path=LOCATION), Happened("$page", AT, {}, {"latitude": "45", "longitude": 4.8}), None),
        (Series("*", path=LOCATION), Happened("$page", AT, {}, {"latitude": 145, "longitude": 4.8}), None),
    ],
)
def test_what_is_recorded_of_an_event(series: Series, happened: Happened, entry: Entry | None) -> None:
    assert entry_of(series, happened, MILLIS) == entry


def test_what_the_plan_does_not_ask_for_is_dropped() -> None:
    observed, settings = observe(PLAN, [bought(total=150), Happened(None, AT, {}, None, {"plan": "gold", "city": "Lyon"}, "crm")])
    assert set(observed) == {asked.series.key for asked in PLAN.series[:2]}
    assert {name: each.runs for name, each in settings.items()} == {"plan": (Run(MILLIS, MILLIS, "gold", 2),)}
    assert observe(Observing(), [], observed, settings) == ({}, {})


def test_who_reads_the_log_records_everything() -> None:
    series = Series("Order Completed", path="total")
    everything = Observing.everything(Needs({series: Keep()}, frozenset({"plan"})))
    assert everything.keeps[series.key] == EVERYTHING
    observer = Observer(everything)
    for number in range(1_500):
        observer.add(bought(total=number))
    assert len(observer.observed[series.key].entries) == 1_500


def test_a_value_that_no_profile_takes_is_not_recorded() -> None:
    _, settings = observe(PLAN, [Happened(None, AT, {}, None, {"plan": "x" * 3_000})])
    assert settings == {}
