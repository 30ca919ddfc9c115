"""Every minute: what is due goes to the queues, what stayed undecided is settled; once a day segments are counted."""

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.errors import Retryable
from ariane.settings import TickSettings, load
from ariane.wiring.tick import Tick, tick


@cache
def _service() -> Tick:
    return tick(load(TickSettings, os.environ))


@cache
def _logger() -> Logger:
    return Logger(service="tick")


def handler(_event: object, _context: LambdaContext) -> None:
    """Every job, whatever becomes of the others; raises at the end, so that the function's alarm rings."""
    failed = [name for name, job in _JOBS.items() if not _is_done(name, job)]
    if failed:
        raise Retryable("tick_incomplete", ", ".join(failed))


def _is_done(name: str, job: Callable[[Tick], Mapping[str, int]]) -> bool:
    try:
        _logger().info("tick", extra={"job": name, **job(_service())})
    except Exception as error:  # noqa: BLE001 - the others are to run all the same
        _logger().error("tick failed", extra={"job": name, "error": getattr(error, "code", type(error).__name__)})
        return False
    return True


_JOBS: Mapping[str, Callable[[Tick], Mapping[str, int]]] = {
    "hand_over_due": lambda service: {"handed_over": service.hand_over_due()},
    "settle_messages": lambda service: asdict(service.settle_messages()),
    "wake_segments": lambda service: {"woken": service.wake_segments()},
    "count_segments": lambda service: {"counted": service.count_segments()},
    "begin_exports": lambda service: {"begun": service.begin_exports()},
}
