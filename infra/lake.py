"""The lake: its bucket, the function that lands the log's stream in it, and the queue of what lands later."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.alarms import raise_alarm
from infra.bus import bus_name, queue_rule
from infra.function import Function, Runtime
from infra.lake_catalogue import LakeCatalogue
from infra.stage import Stage
from infra.stores import bucket
from infra.stream_source import FailureBucket
from infra.work_queue import WorkQueue

QUEUE = "land"
LAND_TIMEOUT = cdk.Duration.minutes(5)
LAND_BATCH = 1_000
"""Messages: what moves together makes one object."""
STREAM_AGE = cdk.Duration.hours(20)
"""Of the 24 that the stream keeps. What is given up on lies among the stream's failures, and the log has it all the same."""


class Lake(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.bucket = bucket(self, "Bucket", stage=stage, expires_after=cdk.Duration.days(stage.retention_days))
        self.land = WorkQueue(self, "Land", stage=stage, name=QUEUE, worker_timeout=LAND_TIMEOUT)
        self.land.accept_rules_of(bus_name(stage))
        self.catalogue = LakeCatalogue(self, "Catalogue", stage=stage, lake=self.bucket)

    def add_functions(self, runtime: Runtime) -> None:
        # What is not stitched yet, and the rest of a long partition, come to it again: messages of its own.
        self.lake = Function(self, "Lake", handler="lake", runtime=runtime, timeout=LAND_TIMEOUT, loops=True)
        self.land.feed(self.lake, batch=LAND_BATCH, window=self._stage.lake_window_seconds)

    def hear(self, bus: Construct) -> None:
        """Whose profile somebody belongs to now, as the bus tells it."""
        for kind in ("merged", "split"):
            pattern = {"source": ["ariane"], "detail-type": [f"Profile {kind.capitalize()}"]}
            message = f'{{"kind": "{kind}", "fact": <fact>}}'
            rule = queue_rule(self, kind.capitalize(), stage=self._stage, pattern=pattern, queue=QUEUE, message=message)
            rule.node.add_dependency(bus, self.land)

    def stream_from(self, events: dynamodb.Table, failures: s3.IBucket) -> None:
        """Beside stitch: a stream has room for two readers. A long window makes one object of minutes of events."""
        lambda_.EventSourceMapping(
            self,
            "Stream",
            target=self.lake.resource,
            event_source_arn=events.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=self._stage.lake_batch,
            max_batching_window=cdk.Duration.seconds(self._stage.lake_window_seconds),
            bisect_batch_on_error=True,
            retry_attempts=10_000,
            max_record_age=STREAM_AGE,
            filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
            on_failure=FailureBucket(failures),
        )
        age = self.lake.metric_iterator_age()
        raise_alarm(self, "StreamAge", stage=self._stage, metric=age, above=cdk.Duration.hours(3).to_milliseconds())
