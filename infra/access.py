"""Write keys and API tokens, both hashed, what came in under each key by day, and the function that checks a token."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import table


class Access(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.access = table(self, "Access", stage=stage, expires=True)

    def add_functions(self, runtime: Runtime) -> None:
        self.authorizer = Function(self, "Authorizer", handler="authorizer", runtime=runtime, timeout=cdk.Duration.seconds(5))
