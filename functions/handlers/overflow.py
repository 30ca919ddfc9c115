"""What collect could not put into the log while it was throttled."""

import os
from functools import cache, partial
from typing import Any

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


def _record(record: SQSRecord) -> None:
    _service().drain(record.body)


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Each message on its own: those that still fail come back, in the end into the dead-letter queue."""
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)
