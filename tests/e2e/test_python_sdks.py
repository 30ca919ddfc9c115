"""Segment's Python SDK in two versions and RudderStack's: what they send arrives, once, and is not sent again."""

from collections.abc import Mapping
from functools import partial

import pytest

from cli.local.home import PROJECT
from tests.e2e.clients.running import Client, Run, run, side_by_side
from tests.e2e.clients.story import Story, assert_told_once, message_ids, new_story
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

FORMER = PROJECT / ".venv" / "sdk" / "segment-analytics-2.3.4"
"""Made by ``make ready``. This version counts 200 alone as success and sends everything else again."""

CLIENTS = {
    "segment-2.4.0": Client(script="analytics_python.py", arguments=("segment",)),
    "segment-2.4.0-gzip": Client(script="analytics_python.py", arguments=("segment",), gzip=True),
    "segment-2.3.4": Client(script="analytics_python.py", arguments=("segment",), packages=FORMER),
    "segment-2.3.4-gzip": Client(script="analytics_python.py", arguments=("segment",), packages=FORMER, gzip=True),
    "rudder": Client(script="analytics_python.py", arguments=("rudderstack",)),
    "rudder-gzip": Client(script="analytics_python.py", arguments=("rudderstack",), gzip=True),
}
UNCOMPRESSED = [name for name, client in CLIENTS.items() if not client.gzip]


@pytest.fixture(scope="module")
def stories() -> Mapping[str, Story]:
    return {name: new_story() for name in CLIENTS}


@pytest.fixture(scope="module")
def runs(world: World, stories: Mapping[str, Story]) -> Mapping[str, Run]:
    tell = partial(run, stack=world.stack, write_key=world.stack.write_keys["server"])
    return side_by_side({name: partial(tell, client, batches=stories[name].batches) for name, client in CLIENTS.items()})


@pytest.fixture(scope="module")
def refusals(world: World) -> Mapping[str, Run]:
    """The same under a key that nobody knows."""
    tell = partial(run, stack=world.stack, write_key="wk_nobody")
    return side_by_side({name: partial(tell, CLIENTS[name], batches=new_story().batches) for name in UNCOMPRESSED})


@pytest.mark.parametrize("name", [name for name in CLIENTS if name.startswith("segment")])
def test_the_version_is_the_one_that_is_meant(runs: Mapping[str, Run], name: str) -> None:
    assert runs[name].version == name.split("-")[1]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_flush_is_one_request_and_leaves_nothing_in_the_queue(runs: Mapping[str, Run], name: str) -> None:
    ran = runs[name]

    assert ran.wire.statuses() == [200] * 3
    assert (list(ran.errors), ran.left) == ([], 0)


@pytest.mark.parametrize("name", CLIENTS)
def test_every_event_lands_once_in_the_customers_timeline(
    world: World, runs: Mapping[str, Run], stories: Mapping[str, Story], name: str
) -> None:
    assert_told_once(world, stories[name], message_ids(runs[name]))


@pytest.mark.parametrize("name", CLIENTS)
def test_the_sdk_compresses_where_it_is_asked_to(runs: Mapping[str, Run], name: str) -> None:
    assert runs[name].wire.compressed() == (3 if CLIENTS[name].gzip else 0)


@pytest.mark.parametrize("name", UNCOMPRESSED)
def test_an_unknown_key_ends_the_queue_without_a_second_try(refusals: Mapping[str, Run], name: str) -> None:
    """A refusal without ``code`` would be sent for ever by the former version and by RudderStack's."""
    ran = refusals[name]

    assert ran.wire.statuses() == [401] * 3
    assert (len(ran.errors), ran.left) == (3, 0)
    assert all("unknown_write_key" in error for error in ran.errors)
