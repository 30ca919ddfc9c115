"""Throttles, outages and crashes: nothing accepted is lost, nothing is written twice."""

from typing import Any

import pytest

from ariane.errors import Permanent, Retryable
from ariane.events.log import Reject
from ariane.events.model import LogItem
from tests.builders.events import CollectWorld, a_message

BATCH = {"batch": [a_message(anonymousId=f"visitor-{number}") for number in range(5)]}


class FailingLog:
    """Refuses the items at ``places`` of all calls, before or after it has written them."""

    def __init__(self, world: CollectWorld, places: set[int], *, error: Exception, is_written: bool = False) -> None:
        self._world = world
        self._places = places
        self._error = error
        self._is_written = is_written
        self._calls = 0

    def append(self, item: LogItem) -> bool:
        place, self._calls = self._calls, self._calls + 1
        if place not in self._places:
            return self._world.log.append(item)
        if self._is_written:
            self._world.log.append(item)
        raise self._error


class Broken:
    """A queue or a store that is away."""

    def put(self, _: Any) -> None:
        raise Retryable("away", "away")


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


@pytest.mark.parametrize("error", [Retryable("throttled", "slow down"), Permanent("log_refused", "no such table")])
def test_what_the_log_does_not_take_goes_to_the_overflow_queue(world: CollectWorld, error: Exception) -> None:
    world.with_ports(log=FailingLog(world, {1, 3}, error=error))

    assert world.post("/v1/batch", BATCH).json == {"success": True}
    assert len(world.log.items()) == 3
    assert len(world.overflow.items) == 2
    assert world.meter.counts["LogOverflowed"] == 2


@pytest.mark.parametrize("is_written", [False, True])
def test_a_partial_write_is_503_and_the_repeat_completes_it(world: CollectWorld, is_written: bool) -> None:
    log = FailingLog(world, {2}, error=Retryable("timeout", "no answer"), is_written=is_written)
    world.with_ports(log=log, overflow=Broken())

    first = world.post("/v1/batch", BATCH)
    again = world.post("/v1/batch", BATCH)

    assert (first.status, again.status) == (503, 200)
    assert int(first.headers["Retry-After"]) > 0
    assert sorted(event.message["anonymousId"] for event in world.events()) == [f"visitor-{number}" for number in range(5)]


def test_an_invalid_item_that_cannot_be_kept_is_not_answered_200(world: CollectWorld) -> None:
    world.with_ports(rejects=Broken())

    answer = world.post("/v1/batch", {"batch": [a_message(), a_message(event=None)]})

    assert answer.status == 503
    assert len(world.events()) == 1


def test_a_fault_of_ours_is_answered_503_and_logged_without_what_was_sent(world: CollectWorld, capsys: pytest.CaptureFixture[str]) -> None:
    world.with_ports(log=FailingLog(world, {0}, error=KeyError("visitor@example.com")))

    answer = world.post("/v1/t", a_message(), headers={"origin": "https://shop.example"})

    logged = capsys.readouterr().out
    assert (answer.status, answer.json["code"]) == (503, "internal")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Vary"] == "Origin"
    assert "KeyError" in logged
    assert "visitor@example.com" not in logged


def test_a_pixel_is_an_image_even_when_nothing_can_be_written(world: CollectWorld) -> None:
    world.with_ports(log=FailingLog(world, {0, 1}, error=Retryable("throttled", "slow down")), overflow=Broken())

    answer = world.get("/p.gif", {"k": world.keys["site"], "e": "Ad Seen"})

    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")


def test_rejects_are_kept_before_the_answer(world: CollectWorld) -> None:
    seen: list[Reject] = []

    class Recording:
        def put(self, rejects: Any) -> None:
            seen.extend(rejects)

    world.with_ports(rejects=Recording())
    world.post("/v1/t", a_message(event=None))

    assert [reject.code for reject in seen] == ["event_missing"]
