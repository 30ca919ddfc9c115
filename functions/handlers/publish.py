"""The brand stack's custom resource: publishes the bundle that its properties name."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.settings import PublishSettings, load
from ariane.wiring.publish import published_definitions


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    logger = Logger(service="publish")
    resource = published_definitions(lambda: load(PublishSettings, os.environ))
    resource.answer(event, report=lambda error: logger.error("publish failed", exc_info=error))
