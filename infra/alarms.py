"""Alarms bill at rest, so a stage turns them on."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.stage import Stage


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
