"""The setup function's service: the deployment's two keys."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ariane.adapters.aws.custom_resource import CustomResource
from ariane.adapters.aws.parameters import SsmParameters
from ariane.definitions.deployment_keys import make_keys
from ariane.settings import SetupSettings
from ariane.wiring.clients import client


def deployment_keys(settings: Callable[[], SetupSettings]) -> CustomResource:
    """Reads the settings when it is asked to do something, so that a missing one is answered to the stack too."""

    def put(_properties: Mapping[str, Any]) -> None:
        given = settings()
        names = (given.person_key_parameter, given.link_key_parameter)
        make_keys(SsmParameters(client("ssm")), names, random_hex=secrets.token_hex)

    return CustomResource(resource_id="ariane-keys", put=put, delete=_keep)


def _keep() -> None:
    """The keys outlive the stack: without them no stored person could be found again."""
