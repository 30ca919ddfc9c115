"""The bus, and a rule on it that hands facts to a queue. The brand stack finds both by name: nothing is exported between stacks."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct

from infra.stage import Stage
from infra.work_queue import dead_letter_name, queue_name

RETRY_FOR = cdk.Duration.hours(24)


def bus_name(stage: Stage) -> str:
    return f"ariane-{stage.name}"


def queue_rule(
    scope: Construct,
    construct_id: str,
    *,
    stage: Stage,
    pattern: Mapping[str, Any],
    queue: str,
    message: str,
) -> events.CfnRule:
    """``message`` is the input template; ``<fact>`` in it stands for the event's detail. L1: the pattern is passed on as compiled."""
    return events.CfnRule(
        scope,
        construct_id,
        event_bus_name=bus_name(stage),
        event_pattern=pattern,
        targets=[
            events.CfnRule.TargetProperty(
                id="queue",
                arn=_queue_arn(scope, queue_name(stage, queue)),
                input_transformer=events.CfnRule.InputTransformerProperty(input_paths_map={"fact": "$.detail"}, input_template=message),
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=_queue_arn(scope, dead_letter_name(stage, queue))),
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=int(RETRY_FOR.to_seconds()), maximum_retry_attempts=185
                ),
            )
        ],
    )


def _queue_arn(scope: Construct, name: str) -> str:
    return cdk.Stack.of(scope).format_arn(service="sqs", resource=name)
