"""The send queue: one message each."""

import os
from functools import cache
from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.messaging.model import SendRequest
from ariane.messaging.send import Sender
from ariane.settings import SendSettings, load
from ariane.wiring.send import sender


@cache
def _service() -> Sender:
    return sender(load(SendSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="send")


def _record(record: SQSRecord) -> None:
    try:
        entry = _service().deliver(SendRequest.from_json(orjson.loads(record.body)))
    except Exception as error:
        _logger().warning("message comes again", extra={"error": getattr(error, "code", type(error).__name__)})
        raise
    fields = {"message_id": entry.id, "journey": entry.journey, "status": str(entry.status), "reason": entry.reason}
    _logger().info("message decided", extra=fields)


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Each message on its own: those that are to come again come back, in the end into the dead-letter queue. Nothing is raised: the
    runtime would print what a provider's or a table's error quotes."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)
