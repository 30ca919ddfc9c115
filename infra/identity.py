"""Who is one person: the Identities table, the person-id and link-signing keys, and the stitch function."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import table

STITCH_TIMEOUT = cdk.Duration.minutes(1)


class Identity(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.identities = table(self, "Identities", stage=stage)

    def add_functions(self, runtime: Runtime) -> None:
        self.stitch = Function(self, "Stitch", handler="stitch", runtime=runtime, timeout=STITCH_TIMEOUT)
