"""What a deployment bills while nobody does anything, itemised from its synthesised template."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cli.bench.prices import PriceList
from cli.bench.units import Bill, Unit

MINUTES = 30 * 24 * 60
POLLERS = 5
"""Lambda keeps five long polls of 20 s on each queue. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
_POLLS = MINUTES * 3 * POLLERS

type Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    what: str
    count: str
    usd: Decimal
    """A month of 30 days; for what grows with data, of one GB."""
    switch: str
    """The stage option that changes it, or why there is none."""


def synthesise(stage: str, project: Path) -> Template:
    """The platform stack's template. Nothing is bundled, and no credentials are asked for."""
    os.environ.setdefault("CDK_VALIDATION", "false")
    from infra.node import use_bundled_node

    use_bundled_node()
    import aws_cdk as cdk

    from infra.application import compose

    settings = json.loads((project / "cdk.json").read_text())["context"]
    with TemporaryDirectory() as folder:
        app = cdk.App(context={**settings, "aws:cdk:bundling-stacks": [], "stage": stage}, outdir=folder)
        compose(app, root=project)
        app.synth()
        template: Template = json.loads((Path(folder) / f"Ariane-{stage}-Platform.template.json").read_text())
        return template


def itemise(template: Template, tick: Bill, prices: PriceList) -> Sequence[Item]:
    """``tick``: one round of it with nothing to do."""
    return [
        *_alarms(template, prices),
        *_tick(template, tick, prices),
        *_polling(template, prices),
        *_keys(template),
        *_per_gb(template, prices),
    ]


def _of_type(template: Template, kind: str) -> list[Mapping[str, Any]]:
    return [each.get("Properties", {}) for each in template["Resources"].values() if each["Type"] == kind]


def _alarms(template: Template, prices: PriceList) -> list[Item]:
    alarms = _of_type(template, "AWS::CloudWatch::Alarm")
    own = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "Ariane"}
    seldom = f"{len(own)}, only in months when it counts something"
    standard = Item("alarms", f"{len(alarms)} standard", len(alarms) * prices.of("alarm_month"), "alarms")
    metrics = Item("custom metrics under an alarm", seldom, len(own) * prices.of("metric_month"), "alarms")
    return [standard, metrics] if own else [standard]


def _tick(template: Template, tick: Bill, prices: PriceList) -> list[Item]:
    is_scheduled = any("ScheduleExpression" in rule for rule in _of_type(template, "AWS::Events::Rule"))
    rounds = MINUTES if is_scheduled else 0
    reads = tick.total(Unit.READ)
    return [
        Item(
            "tick", f"{rounds:,} rounds of 1 request and {reads.normalize():f} read units", rounds * prices.cost_of(tick), "scheduled_tick"
        )
    ]


def _polling(template: Template, prices: PriceList) -> list[Item]:
    mappings = _of_type(template, "AWS::Lambda::EventSourceMapping")
    queues = sum("StartingPosition" not in mapping for mapping in mappings)
    what = f"{queues} queues × {_POLLS:,} empty receives"
    return [
        Item(
            "queue polling by Lambda",
            what,
            queues * _POLLS * prices.of(Unit.QUEUE_REQUEST),
            "none: a queue that feeds a function is polled",
        )
    ]


def _keys(template: Template) -> list[Item]:
    """A key of one's own bills 1.00 a month, a secret 0.40: there are none by design, and this line says so when there are."""
    kinds = {"AWS::KMS::Key": Decimal("1.00"), "AWS::SecretsManager::Secret": Decimal("0.40")}
    counts = {kind: len(_of_type(template, kind)) for kind in kinds}
    cost = sum((counts[kind] * usd for kind, usd in kinds.items()), Decimal(0))
    return [Item("KMS keys, secrets", ", ".join(f"{count:,}" for count in counts.values()), cost, "none")]


def _per_gb(template: Template, prices: PriceList) -> list[Item]:
    tables = _of_type(template, "AWS::DynamoDB::Table")
    backed = sum(table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False) for table in tables)
    days = sorted({group.get("RetentionInDays", 0) for group in _of_type(template, "AWS::Logs::LogGroup")})
    kept = f"a GB kept {' or '.join(map(str, days))} days"
    return [
        Item(
            "backups, each GB", f"{backed} of {len(tables)} tables", prices.of("backup_gb_month") * bool(backed), "point_in_time_recovery"
        ),
        Item("tables, each GB", f"{len(tables)} tables", prices.of("table_gb_month"), "retention_days"),
        Item("the lake, each GB", "gzip NDJSON", prices.of("object_gb_month"), "retention_days"),
        Item("logs, each GB", kept, prices.of("log_gb_month"), "log_retention_days, log_level"),
    ]
