"""The keys of a deployment, made at the first deploy by the setup function and never replaced: every person id depends on one."""

import aws_cdk as cdk
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage


class Keys(Construct):
    """SecureStrings, encrypted with the account's SSM key. CloudFormation cannot make them; their values never pass through it."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.person_parameter = f"/ariane/{stage.name}/person-id-key"
        self.link_parameter = f"/ariane/{stage.name}/link-signing-key"
        self.signing_parameter = f"/ariane/{stage.name}/identity-signing-key"
        self.person_arn = self._arn(self.person_parameter)
        self.link_arn = self._arn(self.link_parameter)
        self.signing_arn = self._arn(self.signing_parameter)

    def add_functions(self, runtime: Runtime) -> None:
        self.setup = Function(self, "Setup", handler="setup", runtime=runtime, timeout=cdk.Duration.seconds(30))

    def make(self, *, front: bool) -> None:
        """The resource waits for all of the setup function, its grants included. With ``front`` it tells the proof of one."""
        properties = {
            "PersonKeyParameter": self.person_parameter,
            "LinkKeyParameter": self.link_parameter,
            "SigningKeyParameter": self.signing_parameter,
        }
        self._made = cdk.CustomResource(
            self,
            "Made",
            service_token=self.setup.resource.function_arn,
            resource_type="Custom::ArianeKeys",
            service_timeout=cdk.Duration.minutes(5),
            # A change, so that a stack whose keys are made already asks for the proof when its front is put up.
            properties={**properties, "Front": "true"} if front else properties,
        )
        self._made.node.add_dependency(self.setup)

    @property
    def front_proof(self) -> str:
        """What the collectors know their front by; masked in CloudFormation's answers. Only once made, with ``front``."""
        return self._made.get_att_string("FrontProof")

    def _arn(self, parameter: str) -> str:
        return cdk.Stack.of(self).format_arn(service="ssm", resource="parameter", resource_name=parameter.removeprefix("/"))
