"""What came to the collector, by its front's own log: the count of requests that no SDK can embellish."""

from collections import Counter
from collections.abc import Mapping

import orjson

from cli.waiting import wait_for
from tests.e2e.world import World

type Requests = Mapping[tuple[str, str, int], int]
"""(method, route, status) -> how many."""
SETTINGS = ("GET", "/v1/projects/{writeKey}/settings", 200)
"""The one time that a page asks for its settings."""


class Tap:
    """Counts from its making on."""

    def __init__(self, world: World) -> None:
        self._log = world.home.log("access")
        self._skipped = len(self._lines())

    def requests(self) -> Counter[tuple[str, str, int]]:
        entries = [entry for entry in map(orjson.loads, self._lines()[self._skipped :]) if entry["api"] == "collect"]
        return Counter((entry["method"], entry["path"], entry["status"]) for entry in entries)

    def await_requests(self, expected: Requests) -> None:
        """The log is written after the answer: waits until there are as many, and fails on the first too many."""
        total = sum(expected.values())
        wait_for(f"{total} requests at the collector", lambda: True if self.requests().total() >= total else None)
        assert self.requests() == Counter(expected)

    def _lines(self) -> list[bytes]:
        return self._log.read_bytes().splitlines()
