"""The runner dies before or after any call to any port; what was being handled is delivered again."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ariane.journeys.enrolment import Status
from tests.builders.journeys import CART, CONFIRMATION, NOON, PORTS, Theatre, fact, merged_into, profile
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, Planned, Scenario, assert_same_end, played, until_done
from tests.faults.shim import Killed, Shim

type Scene = Callable[[Theatre, Callable[[Mapping[str, Any]], object]], None]


def abandoned_cart(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], object]) -> None:
    deliver({"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1")})
    theatre.pass_time(timedelta(hours=2), deliver)
    deliver(theatre.outcome_of())


def confirmation(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], object]) -> None:
    deliver({"kind": "entry", "journey": "confirmation", "fact": fact("Order Completed", order_id="o1")})
    theatre.pass_time(timedelta(minutes=20), deliver)
    deliver(theatre.outcome_of())


def bought_after_all(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], object]) -> None:
    deliver({"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1")})
    theatre.profiles.put(profile(Order_Completed=NOON))
    deliver({"kind": "awaited", "fact": fact("Order Completed", id="m2")})
    theatre.pass_time(timedelta(hours=2), deliver)


def merged(theatre: Theatre, deliver: Callable[[Mapping[str, Any]], object]) -> None:
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


def published() -> Theatre:
    theatre = Theatre()
    theatre.publish(CART, CONFIRMATION)
    return theatre


def play(scene: Scene, theatre: Theatre, shim: Shim) -> None:
    ports = {name: shim.wrap(name, getattr(theatre, name)) for name in PORTS}
    scene(theatre, lambda body: until_done(lambda: theatre.deliver(body, theatre.runner(**ports))))


def end(theatre: Theatre) -> Any:
    runs, requests = theatre.all_runs(), theatre.send_queue.requests
    messages = {(request.profile, request.message_id) for request in requests}
    return sorted(run.status for run in runs), all(run.due is None for run in runs), len(messages)


@pytest.mark.parametrize(("scene", "statuses", "messages"), SCENES)
def test_a_crash_anywhere_changes_neither_the_end_nor_the_messages(scene: Scene, statuses: list[Status], messages: int) -> None:
    scenario = Scenario(published, partial(play, scene), end)
    assert played(scenario).end == (statuses, True, messages)
    assert assert_same_end(scenario, KILLS) > 8


@pytest.mark.parametrize(("scene", "statuses", "messages"), SCENES)
def test_every_message_delivered_twice_makes_no_difference(scene: Scene, statuses: list[Status], messages: int) -> None:
    theatre = published()

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

    shim = Shim(Planned({0: Kind.KILL_BEFORE}))
    with pytest.raises(Killed):
        theatre.deliver(body, theatre.runner(send_queue=shim.wrap("send_queue", theatre.send_queue)))
    assert theatre.send_queue.requests == []
    assert theatre.only_run().is_running
    theatre.pass_time(timedelta(minutes=16))

    assert [request.key for request in theatre.send_queue.requests] == ["o1"]
