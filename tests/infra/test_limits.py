"""What bounds a bill: reserved concurrency, a budget that writes, alarms on counts that the code really emits."""

import ast
import json
from collections.abc import Iterator
from io import StringIO

from ariane.adapters.aws.meter import EmbeddedMeter
from infra.alarms import NAMESPACE, WATCHED
from tests.builders.events import RECEIVED, CollectWorld, a_message
from tests.infra.conftest import Synthesise
from tests.infra.templates import ROOT, Synthesised

BUDGET = {"monthly_budget_usd": "50", "budget_email": "owner@shop.example"}


def reserved(synthesised: Synthesised) -> dict[str, int]:
    functions = synthesised.platform.functions().items()
    return {name: item["ReservedConcurrentExecutions"] for name, item in functions if "ReservedConcurrentExecutions" in item}


def test_collect_alone_is_bounded_by_itself_and_in_the_local_run_nothing(prod: Synthesised, dev: Synthesised, local: Synthesised) -> None:
    assert (reserved(prod), reserved(dev), reserved(local)) == ({"collect": 200}, {"collect": 10}, {})


def test_an_account_with_little_concurrency_may_reserve_none(synthesise: Synthesise) -> None:
    assert reserved(synthesise("dev", collect_concurrency="0")) == {}


def test_other_functions_are_bounded_by_name(synthesise: Synthesise) -> None:
    assert reserved(synthesise("dev", concurrency={"stitch": 20})) == {"collect": 10, "stitch": 20}


def test_a_budget_writes_at_four_fifths_at_the_whole_and_when_the_month_will_exceed_it(synthesise: Synthesise) -> None:
    (budget,) = synthesise("prod", **BUDGET).platform.properties("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 50, "Unit": "USD"}
    assert (budget["Budget"]["BudgetType"], budget["Budget"]["TimeUnit"]) == ("COST", "MONTHLY")
    told = budget["NotificationsWithSubscribers"]
    assert [(item["Notification"]["NotificationType"], item["Notification"]["Threshold"]) for item in told] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    assert {item["Address"] for each in told for item in each["Subscribers"]} == {"owner@shop.example"}


def test_there_is_no_budget_unless_asked(prod: Synthesised, dev: Synthesised, local: Synthesised) -> None:
    assert [each.platform.of_type("AWS::Budgets::Budget") for each in (prod, dev, local)] == [{}, {}, {}]


def emitted() -> dict[str, set[frozenset[str]]]:
    """Every count in the product's code by name, with its dimensions as they are written."""
    found: dict[str, set[frozenset[str]]] = {}
    for call in _counts():
        name = ast.literal_eval(call.args[0])
        found.setdefault(name, set()).add(frozenset({"Stage", *(str(item.arg) for item in call.keywords)}))
    return found


def _counts() -> Iterator[ast.Call]:
    for path in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "count"
            if is_call and isinstance(node, ast.Call) and "meter" in ast.unparse(node.func):
                yield node


def test_the_counts_are_found_in_the_code() -> None:
    assert frozenset({"Stage", "Code"}) in emitted()["RequestsRefused"]


def test_an_alarm_watches_a_count_that_is_emitted_with_just_these_dimensions(prod: Synthesised) -> None:
    ours = [alarm for alarm in prod.platform.properties("AWS::CloudWatch::Alarm").values() if alarm["Namespace"] == NAMESPACE]
    assert len(ours) == len(WATCHED)
    for alarm in ours:
        dimensions = {item["Name"]: item["Value"] for item in alarm["Dimensions"]}
        assert frozenset(dimensions) in emitted()[alarm["MetricName"]], alarm["MetricName"]
        assert dimensions["Stage"] == "prod"


def test_the_meter_writes_what_the_emitted_names_promise() -> None:
    stream = StringIO()
    EmbeddedMeter(stream, clock=lambda: RECEIVED, stage="prod").count("UnknownWriteKeys")
    (metrics,) = json.loads(stream.getvalue())["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == (NAMESPACE, [["Stage"]])


def metrics_of_what_is_refused() -> list[tuple[str, dict[str, str]]]:
    """Name and dimensions of every count that a collector in production writes when it meets what the alarms are for."""
    limits: dict[str, dict[str, object]] = {"rate": {"rate_limit": {"events_per_second": 1, "burst": 1}}, "quota": {"daily_quota": 1}}
    sources = {name: {"kind": "browser", **limits.get(name, {})} for name in ("site", *limits)}
    stream = StringIO()
    meter = EmbeddedMeter(stream, clock=lambda: RECEIVED, stage="prod")
    world = CollectWorld(definitions={"sources": sources, "identity": {}}, meter=meter)  # type: ignore[arg-type]
    world.post("/v1/track", {"event": "E"}, source=None)
    world.post("/v1/track", b"\x1f\xef\xbf\xbd\x08\x00", headers={"content-type": "text/plain"})
    for source in limits:
        for number in range(3):
            world.post("/v1/track", a_message(messageId=f"{source}-{number}"), source=source)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [
        (metric["Name"], {name: line[name] for name in directive["Dimensions"][0]})
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    ]


def test_what_an_alarm_is_for_reaches_its_metric(prod: Synthesised) -> None:
    alarms = [alarm for alarm in prod.platform.properties("AWS::CloudWatch::Alarm").values() if alarm["Namespace"] == NAMESPACE]
    watches = [(alarm["MetricName"], {item["Name"]: item["Value"] for item in alarm["Dimensions"]}) for alarm in alarms]
    written = metrics_of_what_is_refused()
    assert [watch for watch in watches if watch not in written] == []
