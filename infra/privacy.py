"""Consents and requests: records of their own, kept when the events have expired."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import table


class Privacy(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.privacy = table(self, "Privacy", stage=stage)

    def add_functions(self, runtime: Runtime) -> None:
        self.links = Function(self, "Links", handler="links", runtime=runtime, timeout=cdk.Duration.seconds(10))
