"""How far a replay is, on standard error; and how fast it may go."""

import time
from collections.abc import Callable

from rich.console import Console

from cli.report import Progress, err

_SAY_EVERY = 5.0
_WORDS = {
    "reading": "reading the log: events",
    "comparing": "comparing whose events are whose: events",
    "checking": "checking people",
    "renewing": "bringing people in line: groups",
    "refolding": "folding the events again of people who changed: of",
}


_QUICK = frozenset({"reading", "comparing", "checking"})
"""Looking at the clock takes longer than a step of these."""


class ConsoleCourse:
    def __init__(
        self,
        *,
        rate: int | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        console: Console = err,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._progress = Progress(console)
        self._phase = ""
        self._began = clock()
        self._said = clock()
        self._last = (0, 0, None)

    def at(self, phase: str, done: int, total: int | None) -> None:
        if phase != self._phase or done == 1:
            self._phase, self._began, self._said = phase, self._clock(), self._clock()
        if self._rate is not None:
            ahead = done / self._rate - (self._clock() - self._began)
            if ahead > 0:
                self._sleep(ahead)
        elif done % 64 and phase in _QUICK:
            return
        if self._clock() - self._said >= _SAY_EVERY:
            self._say(done, total)

    def _say(self, done: int, total: int | None) -> None:
        now = self._clock()
        self._said = now
        pace = done / max(now - self._began, 0.001)
        rest = f" of {total:,} ({int(100 * done / total)} %), about {(total - done) / max(pace, 0.001):,.0f} s to go" if total else ""
        self._progress.say(f"{_WORDS.get(self._phase, self._phase)} {done:,}{rest}, {pace:,.0f} a second")

    def end(self) -> None:
        """Nothing is under way any more."""
        self._phase = ""
