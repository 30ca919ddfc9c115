"""The resolve queue's consumer: what stitching leaves to the background."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.instants import from_millis
from ariane.profiles.background import BackgroundWorker
from ariane.settings import ResolveSettings, load
from ariane.wiring.resolve import background_worker


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Each message on its own: those that fail come back, in the end into the dead-letter queue. Nothing is raised: the runtime would print
    the errors, and those may quote an identifier."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)


def _record(record: SQSRecord) -> None:
    sent_at = from_millis(int(record.attributes.raw_event.get("SentTimestamp") or 0))
    try:
        job = _service().take(record.body, sent_at=sent_at)
    except Exception as error:
        _logger().warning("job comes again", extra={"error": getattr(error, "code", type(error).__name__)})
        raise
    _logger().info("job taken", extra={"kind": type(job).__name__, "tries": job.tries})


@cache
def _service() -> BackgroundWorker:
    return background_worker(load(ResolveSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="resolve")
