"""Alarms bill at rest, so a stage turns them on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.stage import Stage

NAMESPACE = "Ariane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A count that the functions emit beside their stage, and how many in five minutes are too many. A test holds both sides to it."""

    alarm: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    above: float


WATCHED = (
    # A client compresses under a text type, past the front or without one: the gateway destroyed its events, and it will not repeat them.
    Watched(alarm="MangledBodies", metric="RequestsRefused", dimensions={"Code": "compressed_body_mangled"}, above=0),
    # Three a second for five minutes: a page with a wrong key loses what it sends, or somebody tries what it costs us.
    Watched(alarm="UnknownWriteKeys", metric="UnknownWriteKeys", above=1000),
    # A key sends more than its source may: a loop in a page, a campaign that nobody told us of, or abuse. SDKs keep events and come again,
    # so a few are no loss; what is refused for the rest of the day soon is.
    Watched(alarm="KeysThrottled", metric="RequestsRefused", dimensions={"Code": "rate_limited"}, above=100),
    Watched(alarm="QuotasUsedUp", metric="RequestsRefused", dimensions={"Code": "quota_exceeded"}, above=0),
)


def watch_counts(scope: Construct, *, stage: Stage) -> None:
    for watched in WATCHED:
        metric = cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=watched.metric,
            dimensions_map={"Stage": stage.name, **watched.dimensions},
            statistic="Sum",
            period=cdk.Duration.minutes(5),
        )
        raise_alarm(scope, watched.alarm, stage=stage, metric=metric, above=watched.above)


def raise_alarm(scope: Construct, construct_id: str, *, stage: Stage, metric: cloudwatch.IMetric, above: float) -> None:
    """Rings when the metric exceeds ``above`` in one of its periods. Does nothing in a stage without alarms."""
    if not stage.alarms:
        return
    alarm = cloudwatch.Alarm(
        scope,
        f"{construct_id}Alarm",
        metric=metric,
        threshold=above,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    if stage.alarm_topic:
        topic = sns.Topic.from_topic_arn(alarm, "Topic", stage.alarm_topic)
        alarm.add_alarm_action(actions.SnsAction(topic))
