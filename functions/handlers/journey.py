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
    return journey_runner(load(JourneySettings, os.environ))


def _record(record: SQSRecord) -> None:
    message = parse_incoming(orjson.loads(record.body))
    result = _service().handle(message)
    Logger(service="journey").info("journey message handled", kind=type(message).__name__, result=result)


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Each message on its own: those that fail come back, in the end into the dead-letter queue."""
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)
