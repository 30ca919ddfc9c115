"""The journey queue's consumer."""

import os
from functools import cache
from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.journeys.inbox import parse_incoming
from ariane.journeys.runner import Runner
from ariane.settings import JourneySettings, load
from ariane.wiring.journey import journey_runner


@cache
def _service() -> Runner:
    return journey_runner(load(JourneySettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="journey")


def _record(record: SQSRecord) -> None:
    try:
        message = parse_incoming(orjson.loads(record.body))
        result = _service().handle(message)
    except Exception as error:
        _logger().warning("journey message comes again", extra={"error": getattr(error, "code", type(error).__name__)})
        raise
    _logger().info("journey message handled", extra={"kind": type(message).__name__, "result": result})


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Each message on its own: those that fail come back, in the end into the dead-letter queue. Nothing is raised: the runtime would print
    the errors, and those may quote a fact."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)
