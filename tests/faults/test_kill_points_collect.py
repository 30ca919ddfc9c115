"""What an SDK sends is kept once, whatever happens to the collector between any two calls: the client repeats what it got no 200 for, and
another instance answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from ariane.adapters.aws.event_items import log_item_of
from ariane.adapters.aws.overflow import OverflowDrain, SqsOverflow
from ariane.adapters.aws.signed_client import ServiceError
from ariane.errors import Retryable
from ariane.events.model import LogItem
from tests.builders.events import CollectWorld, a_message
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, played, until_done
from tests.faults.shim import Shim

SHOPPERS = [
    a_message(messageId=f"m-{number}", anonymousId=f"visitor-{number % 4}", properties={"sku": f"S{number}"}) for number in range(7)
]
LOGIN = a_message(type="identify", messageId="m-login", userId="u1", traits={"email": "ana@shop.example"}, event=...)
WITHOUT_ID = a_message(messageId=..., properties={"sku": "no id"})
NAMELESS = a_message(messageId="m-bad", event=None)
NOBODY = a_message(messageId="m-nobody", anonymousId=...)
BATCH = {"batch": [*SHOPPERS, NAMELESS, LOGIN, SHOPPERS[0], NOBODY, WITHOUT_ID]}
ORDER = a_message(event="Order Completed", messageId="m-order", userId="u1", properties={"order_id": "o-1", "total": 49.9})


BESIDE = ("access", "meter", "usage", "journal")
"""Ports that a collector asks on its way, and takes from its world."""


class ThrottledLog:
    """The log while its table takes no item of the visitors ``busy``."""

    def __init__(self, world: CollectWorld) -> None:
        self._world = world
        self.busy: set[str] = set()

    def append(self, item: LogItem) -> bool:
        if any(message.get("anonymousId") in self.busy for message in item.messages):
            raise Retryable("throttled", "slow down")
        return self._world.log.append(item)


class Services:
    """The Events table and the overflow queue, as far as the slim client's callers use them."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.queue: list[str] = []

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "SendMessage":
            self.queue.append(payload["MessageBody"])
            return {}
        key = (payload["Item"]["pk"]["S"], payload["Item"]["sk"]["S"])
        if key in self.table:
            raise ServiceError("ConditionalCheckFailedException", 400)
        self.table[key] = payload["Item"]
        return {}


@dataclass
class World:
    collect: CollectWorld = field(default_factory=CollectWorld)
    services: Services = field(default_factory=Services)
    throttled: ThrottledLog = field(init=False)

    def __post_init__(self) -> None:
        self.throttled = ThrottledLog(self.collect)
        self.beside = {name: getattr(self.collect, name) for name in BESIDE}

    def instance(self, shim: Shim) -> CollectWorld:
        """A collector that knows nothing yet."""
        for name, port in self.beside.items():
            setattr(self.collect, name, shim.wrap(name, port))
        overflow = SqsOverflow(shim.wrap("slim_client", self.services), queue_url="", retention=timedelta(days=90))
        self.collect.with_ports(
            log=shim.wrap("log", self.throttled),
            overflow=shim.wrap("overflow", overflow),
            rejects=shim.wrap("rejects", self.collect.rejects),
        )
        return self.collect

    def send(self, shim: Shim, path: str, body: Any) -> None:
        def attempt() -> None:
            answer = self.instance(shim).post(path, body)
            if answer.status >= 500:
                raise Retryable("client_waits", answer.text)

        until_done(attempt)

    def drain(self, shim: Shim) -> None:
        """Each message comes until the function returns, and then once more: a standard queue may do that."""
        client = shim.wrap("slim_client", self.services)
        for body in [*self.services.queue, *self.services.queue]:
            until_done(lambda body=body: OverflowDrain(client, table="").drain(body))  # type: ignore[misc]

    def end(self) -> Any:
        logged = self.collect.log.items()
        drained = [log_item_of(attributes) for attributes in self.services.table.values()]
        items = {(item.person_id, item.sort): _plain(item) for item in (*drained, *logged)}
        return {"log": [items[key] for key in sorted(items)], "rejects": [(each.id, each.reject.code) for each in self.collect.refused()]}


def _plain(item: LogItem) -> Any:
    return [item.person_id, item.sort, item.source, item.kind, item.received_at, item.messages]


def a_batch(world: World, shim: Shim) -> None:
    """Several people at once, two invalid items among them, one sent twice; then a single event."""
    world.send(shim, "/v1/batch", BATCH)
    world.send(shim, "/v1/track", ORDER)
    world.drain(shim)


def a_throttled_log(world: World, shim: Shim) -> None:
    """A part of the batch goes to the overflow queue; after the throttle the SDK sends some of it again, and the queue is drained."""
    world.throttled.busy = {"visitor-1", "visitor-2"}
    world.send(shim, "/v1/batch", BATCH)
    world.throttled.busy = set()
    world.send(shim, "/v1/batch", {"batch": SHOPPERS})
    world.drain(shim)


def unreadable(world: World, shim: Shim) -> None:
    """A request with a known key that is no JSON."""

    def attempt() -> None:
        status = world.instance(shim).post("/v1/batch", b'{"batch": [').status
        if status >= 500:
            raise Retryable("client_waits", str(status))

    until_done(attempt)


SCENARIOS = {play.__name__: Scenario(World, play, World.end) for play in (a_batch, a_throttled_log, unreadable)}
EACH = pytest.mark.parametrize("name", SCENARIOS)


def test_the_scenarios_are_what_they_say() -> None:
    batch, throttled, unread = (played(SCENARIOS[name]) for name in SCENARIOS)
    assert len(batch.end["log"]) > 5
    assert len(batch.end["rejects"]) == 2
    assert sum(len(item[-1]) for item in batch.end["log"]) == 11
    assert any(call.method == "put" and call.port == "overflow" for call in throttled.calls)
    assert {message["messageId"] for item in throttled.end["log"] for message in item[-1]} >= {f"m-{number}" for number in range(7)}
    assert len(unread.end["rejects"]) == 1


@EACH
def test_a_kill_at_any_call_loses_nothing_and_doubles_nothing(name: str) -> None:
    assert assert_same_end(SCENARIOS[name], KILLS) >= 6


@EACH
def test_a_call_that_fails_in_any_way_loses_nothing_and_doubles_nothing(name: str) -> None:
    assert_same_end(SCENARIOS[name], PASSING)


@EACH
@given(plan=plans(calls=60))
@settings(max_examples=25, deadline=None)
def test_two_kills_lose_nothing_and_double_nothing(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)


@EACH
@given(plan=plans(calls=60, kinds=tuple(Kind), size=4))
@settings(max_examples=25, deadline=None)
def test_four_faults_of_any_kind_lose_nothing_and_double_nothing(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)


def test_what_the_queue_holds_is_what_the_log_would_have() -> None:
    """Whether an item went through the queue makes no difference to what it is."""
    direct, through = World(), World()
    through.throttled.busy = {"visitor-1", "visitor-2"}
    for world in (direct, through):
        shim = Shim(lambda _, perform: perform())
        world.send(shim, "/v1/batch", BATCH)
        world.drain(shim)
    assert through.services.table
    assert orjson.dumps(through.end()["log"]) == orjson.dumps(direct.end()["log"])
