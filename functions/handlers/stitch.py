"""The log's stream into profiles, and what is to be stitched again.

Of the stream's batch only what delivering it again can mend is raised, and then for the whole of it. Of the replay queue each message is on
its own: what fails comes back, in the end into the dead-letter queue.
"""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.profiles.stitching import StitchReport
from ariane.settings import StitchSettings, load
from ariane.wiring.stitch import StitchService, stitch_service

_QUEUE = "aws:sqs"


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    if event["Records"][0].get("eventSource") == _QUEUE:
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        return process_partial_response(event=event, record_handler=_replay, processor=processor, context=context)
    service = _service()
    _tell(service.stitcher.stitch(service.reader.read(event["Records"])), what="stitched")
    return None


def _replay(record: SQSRecord) -> None:
    try:
        _tell(_service().replay.replay(record.body), what="replayed")
    except Exception as error:
        _logger().warning("replay comes again", extra={"error": getattr(error, "code", type(error).__name__)})
        raise


def _tell(report: StitchReport, *, what: str) -> None:
    for parked in report.parked:
        _logger().error("record parked", extra={"person_id": parked.person_id, "sort": parked.sort, "code": parked.code})
    # Debug: a line a batch would cost as much as the batch's reads, and Lambda's own metrics count batches free of charge.
    _logger().debug(what, extra={"records": report.records, "announced": report.announced})


@cache
def _service() -> StitchService:
    return stitch_service(load(StitchSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="stitch")
