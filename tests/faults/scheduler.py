"""Virtual time and concurrent invocations. Each invocation runs in a greenlet of its own; every call of an adapter is a point where another
may go on first, where time may pass, and where the runtime may end it. Who goes on is drawn from the seed, so that the same seed is the
same run."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from tests.faults.shim import Around, Call, Killed, Perform


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a call takes: with ``instant`` not at all, with ``long`` up to ``longest`` seconds, otherwise up to 40 ms."""

    instant: float = 0.6
    long: float = 0.03
    longest: float = 8.0

    def draw(self, random: Random) -> float:
        lot = random.random()
        if lot < self.instant:
            return 0.0
        if lot < self.instant + self.long:
            return random.uniform(0.04, self.longest)
        return random.randrange(1, 40) / 1000


@dataclass(slots=True)
class Invocation:
    """One call of a function by the runtime."""

    worker: str
    began: datetime
    deadline: datetime
    began_after: int
    """Commits of the whole run before its first call."""
    last_claim: Any = None
    error: BaseException | None = None
    moved: list[Any] = field(default_factory=list)
    """Runs that it committed, as it left them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trace."""

    at: datetime
    worker: str
    what: str
    detail: Any = None


type Body = Callable[[], Any]
type Done = Callable[[Any, BaseException | None], None]
"""Given what the body returned, or what ended it."""


class LostInTimeError(Exception):
    """The run did not come to rest."""


@dataclass(slots=True)
class Scheduler:
    """``now`` moves only here. Of what is to happen at one instant, chance decides the order."""

    random: Random
    around: Around
    now: datetime
    latency: Latency
    lines: list[Line] = field(default_factory=list)
    commits: int = 0
    most_steps: int = 60_000
    steps: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    _agenda: list[tuple[datetime, float, int, Callable[[], None]]] = field(default_factory=list)
    _entries: int = 0
    _running: dict[Any, Invocation] = field(default_factory=dict)
    _hub: Any = field(default_factory=getcurrent)

    def clock(self) -> datetime:
        return self.now

    def at(self, when: datetime, do: Callable[[], None]) -> None:
        self._entries += 1
        heappush(self._agenda, (max(when, self.now), self.random.random(), self._entries, do))

    def look(self, when: datetime, do: Callable[[], None]) -> None:
        """Of all that is to happen at one instant, the last; nothing is drawn for it: whoever looks changes nothing."""
        self._entries += 1
        heappush(self._agenda, (when, 2.0, self._entries, do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        self.at(self.now + timedelta(milliseconds=round(seconds * 1000)), do)

    def invoke(self, worker: str, body: Body, *, timeout: float, done: Done) -> None:
        """Begins now, in a greenlet of its own. Nothing after ``timeout`` seconds has any effect."""
        invocation = Invocation(worker, self.now, self.now + timedelta(seconds=timeout), self.commits)
        self.note(worker, "begins")

        def run() -> None:
            result: Any = None
            error: BaseException | None = None
            try:
                result = body()
            except Killed as ended:
                error = ended
            except Exception as raised:  # noqa: BLE001 - what the runtime sees
                error = raised
            del self._running[thread]
            self._ends(invocation, error)
            done(result, error)

        thread = greenlet(run, parent=self._hub)
        self._running[thread] = invocation
        self.at(self.now, thread.switch)

    def through(self, call: Call, perform: Perform) -> Any:
        """The ``Around`` of every port."""
        thread = getcurrent()
        invocation = self._running.get(thread)
        if invocation is None:
            return perform()
        self._pause(thread, invocation)
        if self.now >= invocation.deadline:
            self._time_out(call, perform, invocation)
        self.lines.append(Line(self.now, invocation.worker, "calls", call))
        return self.around(call, perform)

    def current(self) -> Invocation | None:
        return self._running.get(getcurrent())

    def note(self, worker: str, what: str, detail: Any = None) -> None:
        self.lines.append(Line(self.now, worker, what, detail))

    def commit(self, what: str, detail: Any = None) -> int:
        """Something changed in a store, for good."""
        self.commits += 1
        invocation = self.current()
        self.note(invocation.worker if invocation else "", what, detail)
        return self.commits

    def run(self, until: datetime | None = None) -> None:
        """Until nothing is on the agenda, or nothing before ``until``."""
        self._hub = getcurrent()
        while self._agenda and (until is None or self._agenda[0][0] <= until):
            when, _, _, do = heappop(self._agenda)
            self.now = max(self.now, when)
            self.steps += 1
            if self.steps > self.most_steps:
                raise LostInTimeError(f"not at rest after {self.most_steps} steps, at {self.now}")
            do()
        if until is not None:
            self.now = max(self.now, until)

    def _pause(self, thread: Any, invocation: Invocation) -> None:
        seconds = self.latency.draw(self.random)
        when = self.now + timedelta(milliseconds=round(seconds * 1000))
        self.at(min(when, invocation.deadline), thread.switch)
        self._hub.switch()

    def _time_out(self, call: Call, perform: Perform, invocation: Invocation) -> None:
        """The request may have been on its way when the runtime ended the process."""
        if self.random.random() < 0.5:
            self.note(invocation.worker, "times out after", call)
            perform()
        else:
            self.note(invocation.worker, "times out before", call)
        self.ended["timed out"] += 1
        raise Killed(f"timed out at {call}")

    def _ends(self, invocation: Invocation, error: BaseException | None) -> None:
        invocation.error = error
        self.note(invocation.worker, "ends" if error is None else "fails", error)
