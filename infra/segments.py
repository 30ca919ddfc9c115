"""Who is in which segment: the queue of whom to evaluate, fed by stitch, by the tick and by what the bus tells of identities, and the
function that does. What it keeps lies in the Profiles table."""

import aws_cdk as cdk
from constructs import Construct

from infra.bus import bus_name, queue_rule
from infra.function import Function, Runtime
from infra.journeys import Journeys
from infra.stage import Stage
from infra.stores import bucket
from infra.work_queue import WorkQueue

SEGMENTS_TIMEOUT = cdk.Duration.seconds(90)
"""Sweeps and backfills begin nothing after 40 seconds: what is under way then is a page of people."""
QUEUE = "evaluate"
EXPORTS_KEPT = cdk.Duration.days(7)
"""Lists of people: whoever fetches them does so at once."""
BATCH = 50
WINDOW_SECONDS = 1
"""Several messages about one person, from one visit, lead to one evaluation."""


class Segments(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, journeys: Journeys) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.queue = WorkQueue(self, "Queue", stage=stage, name=QUEUE, worker_timeout=SEGMENTS_TIMEOUT)
        self.queue.accept_rules_of(bus_name(stage))
        self.exports = bucket(self, "Exports", stage=stage, expires_after=EXPORTS_KEPT)
        for name in ("Merged", "Split"):
            self._add_rule(name, journeys)

    def add_functions(self, runtime: Runtime) -> None:
        # What is due soon, and what is left of a sweep or a backfill, is a message of its own.
        self.evaluator = Function(self, "Evaluator", handler="segments", runtime=runtime, timeout=SEGMENTS_TIMEOUT, loops=True)
        self.queue.feed(self.evaluator, batch=BATCH, window=WINDOW_SECONDS)

    def _add_rule(self, name: str, journeys: Journeys) -> None:
        """Whoever changes identities announces it at least once: so nobody who does has to know of segments."""
        pattern = {"source": ["ariane"], "detail-type": [f"Profile {name}"]}
        message = f'{{"kind": "{name.lower()}", "fact": <fact>}}'
        rule = queue_rule(self, name, stage=self._stage, pattern=pattern, queue=QUEUE, message=message)
        rule.node.add_dependency(journeys.bus, self.queue)
