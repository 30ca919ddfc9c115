"""Who is one person: the Identities table, the stitch function, the queue of what it stitches again, and what is resolved beside it."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import table
from infra.work_queue import WorkQueue

STITCH_TIMEOUT = cdk.Duration.minutes(1)
RESOLVE_TIMEOUT = cdk.Duration.minutes(15)
"""The most that Lambda gives: a cluster of any size has to be resolved within one run."""
PARKED = "record parked"
"""What stitch logs of each record, or fact, that can never pass."""
RESOLVE_CONCURRENCY = 2
"""Both work on identities that stitch writes too: more at once would mostly stand in its way. Two is the least that Lambda takes."""


class Identity(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.identities = table(self, "Identities", stage=stage)
        self.replay = WorkQueue(self, "Replay", stage=stage, name="replay", worker_timeout=STITCH_TIMEOUT)
        self.background = WorkQueue(self, "Background", stage=stage, name="resolve", worker_timeout=RESOLVE_TIMEOUT)

    def add_functions(self, runtime: Runtime) -> None:
        self.stitch = Function(self, "Stitch", handler="stitch", runtime=runtime, timeout=STITCH_TIMEOUT)
        self.stitch.watch_log("Parked", message=PARKED, stage=self._stage)
        self.replay.feed(self.stitch, batch=10)
        # A cluster leaves partitions to refold, and what is contended comes again: messages of its own.
        self.resolve = Function(self, "Resolve", handler="resolve", runtime=runtime, timeout=RESOLVE_TIMEOUT, loops=True)
        self.background.feed(self.resolve, batch=1, concurrency=RESOLVE_CONCURRENCY)
