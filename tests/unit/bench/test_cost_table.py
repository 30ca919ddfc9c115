"""What stands around the counters: rules of the bus, what bills at rest, prices as people read them, the generated page."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from cli.bench.at_rest import Item, itemise
from cli.bench.baseline import CHOICES
from cli.bench.cost import BUDGETS, Line, Measured
from cli.bench.cost_report import BEGIN, END, markdown, write_docs
from cli.bench.prices import money, price_list
from cli.bench.rules import Rule, fixed_rules, matching
from cli.bench.units import Bill, Unit

PRICES = price_list()


def entry(detail: dict[str, Any], kind: str = "Event") -> dict[str, Any]:
    return {"Source": "ariane", "DetailType": kind, "Detail": orjson.dumps(detail).decode()}


def test_an_event_reaches_the_queue_once_for_each_rule_that_matches_it() -> None:
    pattern = {"source": ["ariane"], "detail-type": ["Event"], "detail": {"event": [{"prefix": "Order "}], "properties": {"web": [True]}}}
    rules = [*fixed_rules(), Rule(pattern, {"kind": "entry", "journey": "j"})]
    order = {"event": "Order Completed", "properties": {"web": True}, "awaited": True}
    kinds = [orjson.loads(message)["kind"] for message in matching(rules, entry(order))]
    assert kinds == ["awaited", "entry"]
    assert [*matching(rules, entry({**order, "awaited": False, "properties": {"web": "true"}}))] == []
    assert [orjson.loads(each)["kind"] for each in matching(rules, entry({"into": "prs_a"}, "Profile Merged"))] == ["merged"]


def a_template(*, alarms: int, is_backed: bool) -> dict[str, Any]:
    resources = {f"A{number}": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Namespace": "AWS/Lambda"}} for number in range(alarms)}
    backup = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": is_backed}}
    return {
        "Resources": {
            **resources,
            "T": {"Type": "AWS::DynamoDB::Table", "Properties": backup},
            "Every": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)"}},
            "Queue": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {}},
            "Stream": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"StartingPosition": "TRIM_HORIZON"}},
        }
    }


def test_what_bills_at_rest_is_read_from_the_template() -> None:
    tick = Bill()
    tick.add(Unit.LAMBDA_REQUEST, 1, what="tick")
    tick.add(Unit.READ, 4, what="journeys/due")
    items = {item.what: item for item in itemise(a_template(alarms=3, is_backed=True), tick, PRICES)}
    assert items["alarms"].usd == Decimal("0.30")
    assert items["tick"].usd == 43_200 * (Decimal("0.20") + 4 * Decimal("0.125")) / 1_000_000
    assert items["queue polling by Lambda"].usd == 5 * 3 * 43_200 * Decimal("0.40") / 1_000_000
    assert items["backups, each GB"].usd == Decimal("0.20")
    bare = {item.what: item for item in itemise(a_template(alarms=0, is_backed=False), tick, PRICES)}
    assert bare["alarms"].usd == bare["backups, each GB"].usd == 0


def test_a_region_whose_prices_are_known_in_part_says_which_it_borrows() -> None:
    paris = price_list("eu-west-3")
    assert paris.of(Unit.WRITE) == Decimal("0.7423") / 1_000_000
    assert Unit.WRITE not in paris.borrowed
    assert Unit.HTTP_REQUEST in paris.borrowed
    assert paris.of(Unit.HTTP_REQUEST) == PRICES.of(Unit.HTTP_REQUEST)


def test_every_unit_and_every_choice_has_its_source() -> None:
    assert {unit.value for unit in Unit} <= PRICES.prices.keys()
    assert all(price.source.startswith("https://") for price in PRICES.prices.values())
    assert all(source.startswith("https://") for source in CHOICES.values())


@pytest.mark.parametrize(
    ("usd", "text"),
    [("0", "0.00"), ("2.8437", "2.84"), ("1234.5", "1,234.50"), ("0.0491", "0.049"), ("0.0021", "0.0021"), ("0.85", "0.85")],
)
def test_money_is_written_for_people(usd: str, text: str) -> None:
    assert money(Decimal(usd)) == text


def measured() -> Measured:
    lines = [
        Line(what=f"batches of {batch}", usd=budget - Decimal("0.01"), quiet=budget + Decimal("0.1"), budget=budget)
        for batch, budget in BUDGETS.items()
    ]
    return Measured(
        measured_on="2026-11-22",
        region="us-east-1",
        prices_of="2026-11",
        borrowed=[],
        lines=lines,
        times_dearer=Decimal("19.4"),
        parts={"b=4": {"stitch: x": Decimal("0.2")}, "per event": {"profile: y": Decimal(6)}},
        at_rest={"prod": [Item("alarms", "3 standard", Decimal("0.30"), "alarms")]},
        sizes={"event_as_sent": 700, "fragment_item": {"mean": 774, "most": 802}},
    )


def test_the_page_says_what_missed_its_budget() -> None:
    page = markdown(measured())
    assert "| batches of 4 | 0.84 | 0.95 | ≤ 0.85 | 0.99 / 1.12 missed when quiet |" in page
    assert "19.4 times dearer" in page
    assert "budget ≥ 20: missed" in page


def test_only_what_stands_between_the_markers_is_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "cost.md"
    page.write_text(f"before\n{BEGIN}\nstale figures\n{END}\nafter\n", "utf-8")
    write_docs(measured(), page)
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "stale figures" not in text
    page.write_text("nothing", "utf-8")
    with pytest.raises(ValueError, match="place"):
        write_docs(measured(), page)
