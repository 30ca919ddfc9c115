"""The imports queue's consumer: takes files in, as far as its time goes, and hands itself on."""

import os
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.imports.importing import Importer
from ariane.imports.jobs import imports_of
from ariane.settings import ImportsSettings, load
from ariane.wiring.imports import importer

_KEPT_MILLIS = 40_000
"""Of a run's time, for the chunk that is in the works, the report and the hand-over."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """A file each; one that fails comes back, in the end into the dead-letter queue."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=partial(_record, context=context), processor=processor, context=context)


def _record(record: SQSRecord, *, context: LambdaContext) -> None:
    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > _KEPT_MILLIS

    try:
        for identity in imports_of(record.body):
            state = _service().run(identity, has_time)
            _logger().info("import taken up", extra={"import": identity, "state": state.value if state else "no file yet"})
    except Exception as error:
        _logger().warning("import comes again", extra={"error": getattr(error, "code", type(error).__name__)})
        raise


@cache
def _service() -> Importer:
    return importer(load(ImportsSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="imports")
