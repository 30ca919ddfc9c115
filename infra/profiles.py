"""What is known of a person: the Profiles table and the function that answers the profile API."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import sparse_index, table

DUE_INDEX = "due"


class Profiles(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.profiles = table(self, "Profiles", stage=stage)
        sparse_index(self.profiles, DUE_INDEX, partition="dp", sort="da", holds=())

    def add_functions(self, runtime: Runtime) -> None:
        self.api = Function(self, "Api", handler="api", runtime=runtime, timeout=cdk.Duration.seconds(29))
