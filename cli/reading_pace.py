"""How far the reading of a file is, on standard error."""

import time
from collections.abc import Callable

from rich.console import Console

from cli.report import Progress, err

_SAY_EVERY = 2.0
"""Seconds."""
_LOOK_EVERY = 256
"""Lines: looking at the clock takes longer than some."""


class ReadingPace:
    def __init__(self, total: int | None, *, console: Console = err, clock: Callable[[], float] = time.monotonic) -> None:
        """``total``: bytes, None where nobody knows, as of a pipe."""
        self._total = total
        self._clock = clock
        self._progress = Progress(console)
        self._began = self._said = clock()
        self._lines = 0
        self._bytes = 0
        self._has_spoken = False

    def read(self, size: int) -> None:
        """After each line."""
        self._lines += 1
        self._bytes += size
        if self._lines % _LOOK_EVERY == 0 and self._clock() - self._said >= _SAY_EVERY:
            self._said = self._clock()
            self._say(f"{self._lines:,} lines read")

    def end(self) -> None:
        """A reading that was over at once is not spoken of."""
        if self._has_spoken or self._clock() - self._began >= _SAY_EVERY:
            self._say(f"all {self._lines:,} lines read")

    def _say(self, what: str) -> None:
        self._has_spoken = True
        pace = self._lines / max(self._clock() - self._began, 0.001)
        share = f" ({min(self._bytes / self._total, 1):.0%})".replace("%", " %") if self._total else ""
        self._progress.say(f"{what}{share}, {pace:,.0f} a second")
