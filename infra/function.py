"""What a Lambda is here: its own role and log group, a shared asset, an environment that is exactly its settings model."""

from collections.abc import Mapping
from dataclasses import dataclass
from platform import machine

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ariane.settings import HANDLERS, environment_names
from infra.alarms import raise_alarm
from infra.checks import acknowledge, as_printed
from infra.stage import Stage
from infra.stores import removal_policy

LOG_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What the functions of a stack share. ``environment`` holds every variable that any of them may ask for."""

    stage: Stage
    code: lambda_.Code
    environment: Mapping[str, str]

    def environment_of(self, handler: str) -> dict[str, str]:
        """Exactly what the handler's settings model names. Raises KeyError for a name that the stack does not provide."""
        return {name: self.environment[name] for name in sorted(environment_names(HANDLERS[handler]))}


class Function(Construct):
    """The Lambda of ``functions/handlers/{handler}.py``, named ``ariane-{stage}-{handler}``. It may do nothing but log until granted.

    ``loops``: its own messages may come back to it. Elsewhere Lambda drops what has come to one function some 16 times.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        runtime: Runtime,
        timeout: cdk.Duration,
        retried_by_lambda: bool = True,
        loops: bool = False,
        code: lambda_.Code | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        stage = runtime.stage
        self.timeout = timeout
        self._log_group = log_group(self, "Logs", stage=stage)
        self.role = self._logging_role()
        self.resource = lambda_.Function(
            self,
            "Function",
            function_name=f"ariane-{stage.name}-{handler}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=architecture(stage),
            handler=f"handlers.{handler}.handler",
            code=code or runtime.code,
            environment=runtime.environment_of(handler),
            role=self.role,
            timeout=timeout,
            memory_size=stage.memory_of(handler),
            reserved_concurrent_executions=stage.concurrency_of(handler),
            log_group=self._log_group,
            # JSON logs let START, END and REPORT lines be dropped: they would outweigh what the functions say.
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel[stage.log_level],
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            retry_attempts=None if retried_by_lambda else 0,
            recursive_loop=lambda_.RecursiveLoop.ALLOW if loops else None,
        )
        acknowledge(self.resource, {"AwsSolutions-L1": "Python 3.13 is the version that the dependencies and their .pyc are built for."})
        self._alarm(stage)

    def _logging_role(self) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self._log_group.grant_write(role)
        return role

    def grant(self, actions: list[str], *resources: str) -> None:
        self.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=list(resources)))

    def acknowledge_wildcard(self, resource: str, reason: str) -> None:
        printed = as_printed(cdk.Stack.of(self), resource)
        acknowledge(self.role, {f"AwsSolutions-IAM5[Resource::{printed}]": reason})

    def _alarm(self, stage: Stage) -> None:
        every = cdk.Duration.minutes(5)
        raise_alarm(self, "Errors", stage=stage, metric=self.resource.metric_errors(period=every), above=0)
        raise_alarm(self, "Throttles", stage=stage, metric=self.resource.metric_throttles(period=every), above=0)

    def watch_log(self, construct_id: str, *, message: str, stage: Stage) -> None:
        """Rings when the function logs this message. Does nothing in a stage without alarms."""
        if not stage.alarms:
            return
        found = logs.MetricFilter(
            self,
            f"{construct_id}Lines",
            log_group=self._log_group,
            filter_pattern=logs.FilterPattern.string_value("$.message", "=", message),
            metric_namespace=f"Ariane/{stage.name}",
            metric_name=construct_id,
        )
        raise_alarm(self, construct_id, stage=stage, metric=found.metric(statistic="Sum", period=cdk.Duration.minutes(5)), above=0)

    def metric_iterator_age(self) -> cloudwatch.Metric:
        return self.resource.metric("IteratorAge", statistic="Maximum", period=cdk.Duration.minutes(5))


def architecture(stage: Stage) -> lambda_.Architecture:
    if stage.on_this_machine and machine().lower() in {"x86_64", "amd64"}:
        return lambda_.Architecture.X86_64
    return lambda_.Architecture.ARM_64


def log_group(scope: Construct, construct_id: str, *, stage: Stage) -> logs.LogGroup:
    retention = LOG_RETENTION[stage.log_retention_days]
    return logs.LogGroup(scope, construct_id, retention=retention, removal_policy=removal_policy(stage))
