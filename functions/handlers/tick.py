"""Every minute: what is due goes to the journey queue, what stayed undecided is settled."""

import os
from dataclasses import asdict
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.settings import TickSettings, load
from ariane.wiring.tick import Tick, tick


@cache
def _service() -> Tick:
    return tick(load(TickSettings, os.environ))


def handler(_event: object, _context: LambdaContext) -> None:
    service = _service()
    handed_over = service.hand_over_due()
    Logger(service="tick").info("tick", handed_over=handed_over, **asdict(service.settle_messages()))
