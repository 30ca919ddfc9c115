"""A queue that feeds one function, with its dead-letter queue."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import raise_alarm
from infra.function import Function
from infra.stage import Stage

ATTEMPTS = 5
# AWS's advice for a queue that feeds a Lambda: room for its retries of one batch before the message shows again.
VISIBILITY_TIMEOUTS = 6


class WorkQueue(Construct):
    """``ariane-{stage}-{name}``, and ``…-dlq`` where a message goes after five receives and stays for 14 days."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, name: str, worker_timeout: cdk.Duration) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._worker_timeout = worker_timeout
        self.dead = _queue(self, "Dead", name=dead_letter_name(stage, name), retention=cdk.Duration.days(14))
        self.queue = _queue(
            self,
            "Queue",
            name=queue_name(stage, name),
            retention=cdk.Duration.days(4),
            visibility_timeout=cdk.Duration.seconds(VISIBILITY_TIMEOUTS * int(worker_timeout.to_seconds())),
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=ATTEMPTS, queue=self.dead),
        )
        depth = self.dead.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(5), statistic="Maximum")
        raise_alarm(self, "DeadLetters", stage=stage, metric=depth, above=0)

    def feed(self, worker: Function, *, batch: int, concurrency: int | None = None, window: int = 0) -> None:
        """``concurrency``: the most that run at once, the stage's unless said. ``window``: seconds, at least, in which a batch is gathered.

        Raises ValueError when the worker may run longer than the queue was told: the message would be seen twice."""
        if worker.timeout.to_seconds() > self._worker_timeout.to_seconds():
            raise ValueError(f"{self.node.path} waits for a worker of {self._worker_timeout.to_seconds()} s at most")
        worker.resource.add_event_source(
            event_sources.SqsEventSource(
                self.queue,
                batch_size=batch,
                max_batching_window=cdk.Duration.seconds(max(window, self._stage.queue_window_seconds)),
                max_concurrency=concurrency or self._stage.queue_concurrency,
                report_batch_item_failures=True,
            )
        )

    def accept_rules_of(self, bus_name: str) -> None:
        """Lets the bus's rules, those of the brand stack included, deliver here and leave what they cannot deliver in the dead letters."""
        rules = cdk.Stack.of(self).format_arn(service="events", resource="rule", resource_name=f"{bus_name}/*")
        for queue in (self.queue, self.dead):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sqs:SendMessage"],
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    resources=[queue.queue_arn],
                    conditions={"ArnLike": {"aws:SourceArn": rules}},
                )
            )


def queue_name(stage: Stage, name: str) -> str:
    return f"ariane-{stage.name}-{name}"


def dead_letter_name(stage: Stage, name: str) -> str:
    return f"{queue_name(stage, name)}-dlq"


def _queue(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    retention: cdk.Duration,
    visibility_timeout: cdk.Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=retention,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
    )
