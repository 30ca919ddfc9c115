"""The log's stream into the lake, and what had to wait for it.

Of the stream's batch only what delivering it again can mend is raised, and then for the whole of it. Of the queue's messages those that
failed come back, in the end into the dead-letter queue. Nothing else is raised: the runtime would print it, and it may quote an identifier.
"""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.lake.service import LakeService, names_of
from ariane.settings import LakeSettings, load
from ariane.wiring.lake import lake_service

_QUEUE = "aws:sqs"


def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ARG001
    if event["Records"][0].get("eventSource") == _QUEUE:
        return {"batchItemFailures": _take({record["messageId"]: record["body"] for record in event["Records"]})}
    landed = _service().land(event["Records"])
    for key in landed.spoilt:
        _logger().error("event not landed", extra={"person_id": key.person_id, "sort": key.sort})
    _logger().debug("landed", extra={"events": landed.events, "waiting": landed.waiting})
    return None


def _take(bodies: dict[str, str]) -> list[dict[str, str]]:
    failed = _service().take(bodies)
    for each in failed:
        _logger().warning("message comes again", extra={"message": each.message, "error": each.code})
    return names_of(failed)


@cache
def _service() -> LakeService:
    return lake_service(load(LakeSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="lake")
