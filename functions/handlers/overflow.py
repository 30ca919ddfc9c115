"""What collect could not put into the log while it was throttled."""

import os
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.events.log import Drain
from ariane.settings import OverflowSettings, load
from ariane.wiring.overflow import drain
from ariane.wiring.signed_clients import signed_client


@cache
def _service() -> Drain:
    return drain(load(OverflowSettings, os.environ), partial(signed_client, environment=os.environ))


@cache
def _logger() -> Logger:
    return Logger(service="overflow")


def _record(record: SQSRecord) -> None:
    try:
        _service().drain(record.body)
    except Exception as error:
        _logger().warning("log item comes again", extra={"error": getattr(error, "code", type(error).__name__)})
        raise


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Each message on its own: those that still fail come back, in the end into the dead-letter queue. Nothing is raised: the runtime
    would print the errors, and those may quote an event."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)
