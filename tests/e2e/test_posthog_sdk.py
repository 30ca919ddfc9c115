"""PostHog's Python SDK: its events arrive in Segment's words, once, and are not sent again."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import uuid4

import pytest

from tests.e2e.clients.running import Call, Client, Run, run, side_by_side
from tests.e2e.clients.story import GIFT, TRAITS, told
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e

PLAIN, COMPRESSED = Client(script="posthog_python.py"), Client(script="posthog_python.py", gzip=True)
SEEN = "https://www.maison-ondine.example/robes"
EVENTS = [
    *[("page", None), ("track", "Product Viewed"), ("track", "Product Added")],
    # ``$identify`` says it twice: as an identify and as an alias.
    *[("alias", None), ("identify", None), ("alias", None), ("identify", None)],
    *[("screen", "Panier"), ("track", GIFT), ("track", "Order Refunded")],
]


def capture(event: str, distinct_id: str, **properties: object) -> Call:
    return {"method": "capture", "message": {"event": event, "distinct_id": distinct_id, "properties": properties}}


def batches_of(user: str) -> Sequence[Sequence[Call]]:
    """A visitor, of whom the server says that there is no person yet, becomes a customer."""
    visitor, nobody = str(uuid4()), {"$process_person_profile": False}
    return [
        [
            capture("$pageview", visitor, **{"$current_url": SEEN}, **nobody),
            capture("Product Viewed", visitor, sku="S1", price=49.9, **nobody),
            capture("Product Added", visitor, sku="S1", quantity=2, **nobody),
        ],
        [
            {"method": "alias", "message": {"previous_id": visitor, "distinct_id": user}},
            capture("$identify", user, **{"$anon_distinct_id": visitor, "$set": {"shop": "Paris"}}),
            {"method": "set", "message": {"distinct_id": user, "properties": TRAITS}},
        ],
        [
            capture("$screen", user, **{"$screen_name": "Panier"}),
            capture(GIFT, user, lines=[{"sku": "S1", "quantity": 2}]),
            capture("Order Refunded", user, total=49.9, currency="EUR"),
        ],
    ]


def message_ids(ran: Run) -> list[str]:
    """The SDK's own; the second message of an event has one that is made of it."""
    sent = [event for body in ran.wire.bodies() for event in body["batch"]]
    return [event["uuid"] for event in sent] + [f"{event['uuid']}-alias" for event in sent if event["event"] == "$identify"]


@pytest.fixture(scope="module")
def users() -> Mapping[str, str]:
    return {"plain": fresh("posthog"), "compressed": fresh("posthog")}


@pytest.fixture(scope="module")
def runs(world: World, users: Mapping[str, str]) -> Mapping[str, Run]:
    tell = partial(run, stack=world.stack)
    key = world.stack.write_keys["server"]
    return side_by_side(
        {
            "plain": partial(tell, PLAIN, write_key=key, batches=batches_of(users["plain"])),
            "compressed": partial(tell, COMPRESSED, write_key=key, batches=batches_of(users["compressed"])),
            "refused": partial(tell, PLAIN, write_key="wk_nobody", batches=batches_of(fresh("posthog"))),
        }
    )


@pytest.mark.parametrize("name", ["plain", "compressed"])
def test_a_flush_is_one_request_and_leaves_nothing_in_the_queue(runs: Mapping[str, Run], name: str) -> None:
    ran = runs[name]

    assert [(exchange.method, exchange.target, exchange.status) for exchange in ran.wire.exchanges] == [("POST", "/batch/", 200)] * 3
    assert (list(ran.errors), ran.left, ran.wire.compressed()) == ([], 0, 3 if name == "compressed" else 0)


@pytest.mark.parametrize("name", ["plain", "compressed"])
def test_every_event_lands_once_in_the_customers_timeline(
    world: World, runs: Mapping[str, Run], users: Mapping[str, str], name: str
) -> None:
    timeline = told(world, f"user_id:{users[name]}", *EVENTS)

    assert sorted(entry["messageId"] for entry in timeline) == sorted(message_ids(runs[name]))
    assert timeline[-1]["context"]["page"]["url"] == SEEN
    assert world.profile_with(f"user_id:{users[name]}", shop="Paris", **TRAITS)


def test_an_unknown_key_ends_the_queue_without_a_second_try(runs: Mapping[str, Run]) -> None:
    ran = runs["refused"]

    assert ran.wire.statuses() == [401] * 3
    assert (len(ran.errors), ran.left) == (3, 0)
