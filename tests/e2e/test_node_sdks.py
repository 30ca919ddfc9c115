"""Segment's and RudderStack's Node SDKs, each in a process of its own: what they send arrives, once, and is not sent again."""

from collections.abc import Mapping, Sequence
from functools import partial

import pytest

from tests.e2e.clients.running import Call, Client, Run, run, side_by_side
from tests.e2e.clients.story import Story, assert_told_once, message_ids, new_story
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

CLIENTS = {
    "segment": Client(script="segment_node.mjs"),
    "rudder": Client(script="rudder_node.mjs"),
    "rudder-gzip": Client(script="rudder_node.mjs", gzip=True),
}


@pytest.fixture(scope="module")
def stories() -> Mapping[str, Story]:
    return {name: new_story() for name in CLIENTS}


@pytest.fixture(scope="module")
def runs(world: World, stories: Mapping[str, Story]) -> Mapping[str, Run]:
    tell = partial(run, stack=world.stack, write_key=world.stack.write_keys["server"])
    return side_by_side({name: partial(tell, client, batches=first_alone(stories[name].batches)) for name, client in CLIENTS.items()})


@pytest.fixture(scope="module")
def refusals(world: World) -> Mapping[str, Run]:
    """The same under a key that nobody knows."""
    tell = partial(run, stack=world.stack, write_key="wk_nobody")
    return side_by_side({name: partial(tell, client, batches=first_alone(new_story().batches)) for name, client in CLIENTS.items()})


def first_alone(batches: Sequence[Sequence[Call]]) -> list[Sequence[Call]]:
    """RudderStack's SDK sends its very first message at once."""
    return [batches[0][:1], batches[0][1:], *batches[1:]]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_flush_is_one_request_and_leaves_nothing_in_the_queue(runs: Mapping[str, Run], name: str) -> None:
    ran = runs[name]

    assert ran.wire.statuses() == [200] * 4
    assert (list(ran.errors), ran.left) == ([], 0)


@pytest.mark.parametrize("name", CLIENTS)
def test_every_event_lands_once_in_the_customers_timeline(
    world: World, runs: Mapping[str, Run], stories: Mapping[str, Story], name: str
) -> None:
    assert_told_once(world, stories[name], message_ids(runs[name]))


@pytest.mark.parametrize("name", CLIENTS)
def test_the_sdk_compresses_only_where_it_is_asked_to(runs: Mapping[str, Run], name: str) -> None:
    assert runs[name].wire.compressed() == (4 if CLIENTS[name].gzip else 0)


@pytest.mark.parametrize("name", CLIENTS)
def test_an_unknown_key_ends_the_queue_without_a_second_try(refusals: Mapping[str, Run], name: str) -> None:
    ran = refusals[name]

    assert ran.wire.statuses() == [401] * 4
    assert (len(ran.errors), ran.left) == (9 if name == "segment" else 4, 0)
