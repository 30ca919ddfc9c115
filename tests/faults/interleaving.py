"""Two workers on the same stores, call by call: every way in which one of them is held up once or twice while the other goes on."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from greenlet import getcurrent, greenlet

from tests.faults.shim import Call, Perform, Shim

type Body = Callable[[Shim], object]
"""Does a worker's work through ports that the shim wraps."""

type Schedule = tuple[int, ...]
"""How many calls the first worker makes, then the second, then the first again …; whoever is left ends."""


def schedules(most_calls: int, *, pauses: int) -> Iterator[Schedule]:
    """Every schedule of at most that many pauses, each within that many calls."""
    for count in range(pauses + 1):
        yield from product(range(most_calls + 1), repeat=count)


def interleave(bodies: Sequence[Body], schedule: Schedule) -> None:
    """Raises what a worker raised."""
    run = _Run(bodies)
    turn = 0
    for calls in schedule:
        run.go_on(turn % len(bodies), calls)
        turn += 1
    for place in range(len(bodies)):
        run.go_on((turn + place) % len(bodies), None)


class _Run:
    def __init__(self, bodies: Sequence[Body]) -> None:
        self._hub: Any = getcurrent()
        self._left: dict[Any, int | None] = {}
        self._workers = [greenlet(lambda body=body: body(Shim(self._around)), parent=self._hub) for body in bodies]

    def go_on(self, place: int, calls: int | None) -> None:
        """For so many calls; None: to the end."""
        worker = self._workers[place]
        if worker.dead or calls == 0:
            return
        self._left[worker] = calls
        worker.switch()

    def _around(self, _: Call, perform: Perform) -> Any:
        worker: Any = getcurrent()
        left = self._left[worker]
        if left == 0:
            self._hub.switch()
            left = self._left[worker]
        self._left[worker] = None if left is None else left - 1
        return perform()
