"""The evaluate queue's consumer: who is in which segment."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.segments.worker import EvaluateWorker
from ariane.settings import SegmentsSettings, load
from ariane.wiring.segments import evaluate_worker


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch together, as several messages may be about one person. Those that fail come back, in the end into the dead-letter queue;
    nothing is raised: the runtime would print the errors, and those may quote an identifier."""
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    try:
        taken = _service().take(bodies)
    except Exception as error:  # noqa: BLE001 - the edge: all of them come again
        _logger().error("evaluations come again", extra={"messages": len(bodies), "error": getattr(error, "code", type(error).__name__)})
        return {"batchItemFailures": [{"itemIdentifier": own} for own in bodies]}
    for code in sorted(set(taken.failed.values())):
        _logger().warning("evaluations come again", extra={"messages": [*taken.failed.values()].count(code), "error": code})
    # Debug: a line a batch would cost as much as the batch's reads.
    _logger().debug("evaluated", extra={"people": taken.evaluated, "written": taken.written})
    return {"batchItemFailures": [{"itemIdentifier": own} for own in taken.failed]}


@cache
def _service() -> EvaluateWorker:
    return evaluate_worker(load(SegmentsSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="segments")
