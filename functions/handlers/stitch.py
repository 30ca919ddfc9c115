"""The log's stream into profiles. Raises only what delivering the batch again can mend, and then for the whole batch."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.settings import StitchSettings, load
from ariane.wiring.stitch import StitchService, stitch_service


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    service = _service()
    report = service.stitcher.stitch(service.reader.read(event["Records"]))
    for parked in report.parked:
        _logger().error("record parked", extra={"person_id": parked.person_id, "sort": parked.sort, "code": parked.code})
    _logger().info("stitched", extra={"records": report.records, "announced": report.announced})


@cache
def _service() -> StitchService:
    return stitch_service(load(StitchSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="stitch")
