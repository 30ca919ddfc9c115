"""Enrolments: their table with the due index, the bus, the queue and the functions that move them on."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.bus import bus_name, queue_rule
from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import sparse_index, table
from infra.work_queue import WorkQueue

JOURNEY_TIMEOUT = cdk.Duration.seconds(20)
DUE_INDEX = "due"
QUEUE = "journey"


class Journeys(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.journeys = table(self, "Journeys", stage=stage)
        # Tick hands (pk, sk, v) on; the keys come with any projection.
        sparse_index(self.journeys, DUE_INDEX, partition="dp", sort="da", holds=("v",))
        self.bus = events.EventBus(self, "Bus", event_bus_name=bus_name(stage))
        self.queue = WorkQueue(self, "Queue", stage=stage, name=QUEUE, worker_timeout=JOURNEY_TIMEOUT)
        self.queue.accept_rules_of(bus_name(stage))

    def add_functions(self, runtime: Runtime) -> None:
        # A run goes journey -> send -> journey with each message, and through this queue with each short wait: one chain of requests to
        # Lambda, which would stop it after some 16 steps. It ends by itself: the graph of a journey leads forward only.
        self.journey = Function(self, "Journey", handler="journey", runtime=runtime, timeout=JOURNEY_TIMEOUT, loops=True)
        self.queue.feed(self.journey, batch=10)
        # The next minute's tick finds what this one left: a retry would only run beside it.
        self.tick = Function(self, "Tick", handler="tick", runtime=runtime, timeout=cdk.Duration.seconds(55), retried_by_lambda=False)
        self._add_fixed_rules()
        self._schedule_tick()

    def _add_fixed_rules(self) -> None:
        self._add_fixed_rule("Awaited", {"source": ["ariane"], "detail-type": ["Event"], "detail": {"awaited": [True]}})
        self._add_fixed_rule("Merged", {"source": ["ariane"], "detail-type": ["Profile Merged"]})
        self._add_fixed_rule("Split", {"source": ["ariane"], "detail-type": ["Profile Split"]})

    def _add_fixed_rule(self, name: str, pattern: Mapping[str, Any]) -> None:
        message = f'{{"kind": "{name.lower()}", "fact": <fact>}}'
        rule = queue_rule(self, name, stage=self._stage, pattern=pattern, queue=QUEUE, message=message)
        rule.node.add_dependency(self.bus, self.queue)

    def _schedule_tick(self) -> None:
        if self._stage.scheduled_tick:
            schedule = events.Schedule.rate(cdk.Duration.minutes(1))
            target = targets.LambdaFunction(self.tick.resource, retry_attempts=0, max_event_age=cdk.Duration.minutes(1))
            events.Rule(self, "EveryMinute", schedule=schedule, targets=[target])
