"""The brand's compiled definitions: immutable versions in a bucket, pointers in tables, moved by the publish function."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import bucket


class Definitions(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        # No expiry: an enrolment finishes on the version that it entered.
        self.bucket = bucket(self, "Versions", stage=stage)

    def add_functions(self, runtime: Runtime) -> None:
        self.publish = Function(self, "Publish", handler="publish", runtime=runtime, timeout=cdk.Duration.minutes(2))
