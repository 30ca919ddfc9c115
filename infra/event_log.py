"""The log: the Events table and its stream, rejects, the overflow queue, and the functions that write them."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.alarms import raise_alarm, watch_counts
from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import bucket, sparse_index, table
from infra.stream_source import FailureBucket
from infra.work_queue import WorkQueue

OVERFLOW_TIMEOUT = cdk.Duration.seconds(20)
KEPT_FOR = cdk.Duration.days(90)
"""What was refused or given up on; ``events/rejects.py`` says the same of the items."""
TIME_INDEX = "time"
LISTED = ("s", "k", "code", "msg", "ix", "sh", "n", "b", "tr", "w", "rt", "rb")
"""What a list of rejects shows: a body only where it is short."""
STREAM_BATCH = 100
STREAM_AGE = cdk.Duration.hours(6)
"""How long a batch is tried again, of the 24 hours that the stream keeps. A throttled table, an outage or a missing grant outlasts any
small number of attempts: they are over within seconds."""
STREAM_RETRIES = 10_000
"""The most there is: the age decides."""
STREAM_CONCURRENCY = 1
"""Batches of one shard at a time. Above 1 Lambda keeps the order of each item alone (pk and sk); stitch takes a person's items (pk) in the
stream's order, by its sequence numbers."""


class EventLog(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.events = table(self, "Events", stage=stage, expires=True, streams=True)
        self.rejects = table(self, "Rejects", stage=stage, expires=True)
        sparse_index(self.rejects, TIME_INDEX, partition="pk", sort="at", holds=LISTED)
        self.reject_bodies = bucket(self, "RejectBodies", stage=stage, expires_after=KEPT_FOR)
        self.overflow = WorkQueue(self, "Overflow", stage=stage, name="overflow", worker_timeout=OVERFLOW_TIMEOUT)
        self.failures = bucket(self, "StreamFailures", stage=stage, expires_after=KEPT_FOR)

    def add_functions(self, runtime: Runtime, *, collect_code: lambda_.Code) -> None:
        # API Gateway gives up after 30 s; a client has usually gone after 10.
        self.collect = Function(self, "Collect", handler="collect", runtime=runtime, timeout=cdk.Duration.seconds(10), code=collect_code)
        self.drain = Function(self, "Drain", handler="overflow", runtime=runtime, timeout=OVERFLOW_TIMEOUT)
        self.overflow.feed(self.drain, batch=10)
        watch_counts(self, stage=runtime.stage)

    def stream_to(self, reader: Function) -> None:
        """New log items only: what stitch writes back (``d``) and what expires would otherwise come round again."""
        lambda_.EventSourceMapping(
            self,
            "Stream",
            target=reader.resource,
            event_source_arn=self.events.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=STREAM_BATCH,
            max_batching_window=cdk.Duration.millis(0),
            bisect_batch_on_error=True,
            retry_attempts=STREAM_RETRIES,
            max_record_age=STREAM_AGE,
            parallelization_factor=STREAM_CONCURRENCY,
            filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
            on_failure=FailureBucket(self.failures),
        )
        # An hour of 24: the stream keeps a day.
        age = reader.metric_iterator_age()
        raise_alarm(self, "StreamAge", stage=self._stage, metric=age, above=cdk.Duration.hours(1).to_milliseconds())
