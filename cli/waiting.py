"""Waiting for a state, never for a time: ask until it is there, and when it does not come say which and what the logs hold."""

import time
from collections.abc import Callable

from cli.failures import CommandFailed

_POLL_SECONDS = 0.1
PATIENCE_SECONDS = 90.0


class StateMissing(CommandFailed):
    """The awaited state did not come."""


def wait_for[T](what: str, probe: Callable[[], T | None], *, patience: float = PATIENCE_SECONDS, every: float = _POLL_SECONDS) -> T:
    """The first answer of ``probe`` that is not None. Raises StateMissing, naming ``what``."""
    deadline = time.monotonic() + patience
    while True:
        found = probe()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise StateMissing(f"waited {patience:.0f} s for {what}, in vain")
        time.sleep(every)
