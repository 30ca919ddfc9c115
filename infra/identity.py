"""Who is one person: the Identities table, the stitch function, and the queue of what it stitches again."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import table
from infra.work_queue import WorkQueue

STITCH_TIMEOUT = cdk.Duration.minutes(1)


class Identity(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.identities = table(self, "Identities", stage=stage)
        self.replay = WorkQueue(self, "Replay", stage=stage, name="replay", worker_timeout=STITCH_TIMEOUT)

    def add_functions(self, runtime: Runtime) -> None:
        self.stitch = Function(self, "Stitch", handler="stitch", runtime=runtime, timeout=STITCH_TIMEOUT)
        self.replay.feed(self.stitch, batch=10)
