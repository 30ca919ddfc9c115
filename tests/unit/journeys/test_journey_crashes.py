"""The runner dies before or after any call to any port; what was being handled is delivered again."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from ariane.journeys.enrolment import Status
from tests.builders.journeys import CART, CONFIRMATION, NOON, Theatre, fact, merged_into, profile

PORTS = ("runs", "profiles", "history", "journey_queue", "send_queue")


class Killed(Exception):
    pass


class Fuse:
    """Burns down by one at each point; blows once, at zero."""

    def __init__(self, points: int) -> None:
        self.points = points

    def burn(self) -> None:
        self.points -= 1
        if self.points == -1:
            raise Killed


class Mortal:
    """A port with a point to die at before and after each call."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._fuse.burn()
            result = method(*args, **kwargs)
            self._fuse.burn()
            return result

        return call


type Scene = Callable[[Theatre, Callable[[Mapping[str, Any]], None]], None]


def abandoned_cart(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], None]) -> None:
    deliver({"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1")})
    theatre.pass_time(timedelta(hours=2), deliver)
    deliver(theatre.outcome_of())


def confirmation(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], None]) -> None:
    deliver({"kind": "entry", "journey": "confirmation", "fact": fact("Order Completed", order_id="o1")})
    theatre.pass_time(timedelta(minutes=20), deliver)
    deliver(theatre.outcome_of())


def bought_after_all(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], None]) -> None:
    deliver({"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1")})
    theatre.profiles.put(profile(Order_Completed=NOON))
    deliver({"kind": "awaited", "fact": fact("Order Completed", id="m2")})
    theatre.pass_time(timedelta(hours=2), deliver)


def merged(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], None]) -> None:
    deliver({"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1")})
    deliver({"kind": "entry", "journey": "cart", "fact": fact(id="m2", cart_id="c1", profile="prs_b")})
    theatre.profiles.put(merged_into(profile("prs_a"), "prs_b"))
    deliver({"kind": "merged", "fact": {"into": "prs_a"}})
    theatre.pass_time(timedelta(hours=2), deliver)
    deliver(theatre.outcome_of())


SCENES: list[tuple[Scene, list[Status], int]] = [
    (abandoned_cart, [Status.COMPLETED], 1),
    (confirmation, [Status.COMPLETED], 1),
    (bought_after_all, [Status.EXITED], 0),
    (merged, [Status.COMPLETED, Status.MERGED], 1),
]


def play(scene: Scene, points: int) -> tuple[Theatre, Fuse]:
    theatre, fuse = Theatre(), Fuse(points)
    theatre.publish(CART, CONFIRMATION)
    ports = {name: Mortal(getattr(theatre, name), fuse) for name in PORTS}

    def deliver(body: Mapping[str, Any]) -> None:
        try:
            theatre.deliver(body, theatre.runner(**ports))
        except Killed:
            theatre.deliver(body, theatre.runner(**ports))

    scene(theatre, deliver)
    return theatre, fuse


@pytest.mark.parametrize(("scene", "statuses", "messages"), SCENES)
def test_a_crash_anywhere_changes_neither_the_end_nor_the_messages(scene: Scene, statuses: list[Status], messages: int) -> None:
    _, unburnt = play(scene, 10_000)
    points = 10_000 - unburnt.points
    assert points > 8
    for point in range(points):
        theatre, fuse = play(scene, point)
        assert fuse.points < 0
        assert sorted(run.status for run in theatre.all_runs()) == statuses, f"killed at point {point}"
        assert all(run.due is None for run in theatre.all_runs())
        assert len({(request.profile, request.message_id) for request in theatre.send_queue.requests}) == messages


@pytest.mark.parametrize(("scene", "statuses", "messages"), SCENES)
def test_every_message_delivered_twice_makes_no_difference(scene: Scene, statuses: list[Status], messages: int) -> None:
    theatre = Theatre()
    theatre.publish(CART, CONFIRMATION)

    def twice(body: Mapping[str, Any]) -> None:
        theatre.deliver(body)
        theatre.deliver(body)

    scene(theatre, twice)

    assert sorted(run.status for run in theatre.all_runs()) == statuses
    assert len({(request.profile, request.message_id) for request in theatre.send_queue.requests}) == messages


def test_a_request_lost_after_the_commit_is_repaired_by_the_due_row() -> None:
    theatre = Theatre()
    theatre.publish(CONFIRMATION)
    body = {"kind": "entry", "journey": "confirmation", "fact": fact("Order Completed", order_id="o1")}

    class Lost:
        def ask(self, _request: object) -> None:
            raise Killed

    with pytest.raises(Killed):
        theatre.deliver(body, theatre.runner(send_queue=Lost()))
    assert theatre.only_run().is_running
    theatre.pass_time(timedelta(minutes=16))

    assert [request.key for request in theatre.send_queue.requests] == ["o1"]
