"""The setup function's service: the deployment's keys, and for a front the proof that one of them gives."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ariane.adapters.aws.custom_resource import CustomResource
from ariane.adapters.aws.parameters import SsmParameters
from ariane.definitions.deployment_keys import make_keys
from ariane.events.front import front_proof
from ariane.settings import SetupSettings
from ariane.wiring.clients import client


def deployment_keys(settings: Callable[[], SetupSettings]) -> CustomResource:
    """Reads the settings when it is asked to do something, so that a missing one is answered to the stack too."""

    def put(properties: Mapping[str, Any]) -> Mapping[str, str]:
        given, parameters = settings(), SsmParameters(client("ssm"))
        names = (given.person_key_parameter, given.link_key_parameter, given.signing_key_parameter)
        make_keys(parameters, names, random_hex=secrets.token_hex)
        if "Front" not in properties:
            return {}
        return {"FrontProof": front_proof(parameters.read(given.link_key_parameter).encode())}

    return CustomResource(resource_id="ariane-keys", put=put, delete=_keep)


def _keep() -> None:
    """The keys outlive the stack: without them no stored person could be found again."""
