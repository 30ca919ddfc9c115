"""The platform stack's custom resource: the deployment's keys, made at the first deploy."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.settings import SetupSettings, load
from ariane.wiring.setup import deployment_keys


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    logger = Logger(service="setup")
    resource = deployment_keys(lambda: load(SetupSettings, os.environ))
    resource.answer(event, report=lambda error: logger.error("setup failed", exc_info=error))
