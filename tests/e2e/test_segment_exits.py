"""Time alone takes somebody out of a segment: told on the bus and gone from the members within a minute, without any event."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from ariane.instants import format_instant
from cli.waiting import wait_for
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e

SEGMENT = "cart-abandoners"
"""Of the sample brand: something in the basket, put there within three days, and nothing ordered since. Windows are not shortened."""
WINDOW = timedelta(days=3)
LEFT = timedelta(seconds=25)
"""How long the event is still in its window when it is sent."""
WITHIN = 60.0
"""Seconds, that are promised."""


@dataclass
class Ear:
    """Hears what the bus carries of segments."""

    sqs: Any
    url: str
    heard: list[Mapping[str, Any]] = field(default_factory=list)

    def told_of(self, kind: str, profile: str) -> Mapping[str, Any] | None:
        for each in self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", ()):
            self.heard.append(orjson.loads(each["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
        theirs = (each["detail"] for each in self.heard if (each["detail-type"], each["detail"].get("profile")) == (kind, profile))
        return next((each for each in theirs if each["segment"] == SEGMENT), None)


@pytest.fixture
def ear(world: World) -> Iterator[Ear]:
    bus, name, sqs = f"ariane-{world.deployment.stage}", fresh("ear"), world.deployment.sqs
    events = world.deployment.session.client("events", endpoint_url=world.deployment.endpoint)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["ariane"], "detail-type": ["Segment Entered", "Segment Exited"]}
    events.put_rule(Name=name, EventBusName=bus, EventPattern=orjson.dumps(pattern).decode())
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "ear", "Arn": arn}])
    yield Ear(sqs, url)
    events.remove_targets(Rule=name, EventBusName=bus, Ids=["ear"])
    events.delete_rule(Name=name, EventBusName=bus)
    sqs.delete_queue(QueueUrl=url)


def added(user: str, at: datetime) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Added",
        "userId": user,
        "messageId": fresh("m"),
        "timestamp": format_instant(at),
        "properties": {"cart_id": fresh("cart"), "product_id": "p1", "price": 20, "quantity": 1},
    }


@pytest.fixture
def stays(world: World) -> str:
    """Somebody who has entered a moment ago: every function on the way has been called once. Their profile."""
    user = fresh("ada")
    world.send(added(user, datetime.now(UTC)))
    found: str = wait_for("somebody's membership", lambda: member(world, user))["id"]
    return found


def test_who_leaves_by_time_alone_is_told_of_and_gone_within_a_minute(world: World, ear: Ear, stays: str) -> None:
    user, at = fresh("tom"), datetime.now(UTC) - WINDOW + LEFT
    world.send(added(user, at))
    profile = wait_for("the membership", lambda: member(world, user), patience=LEFT.seconds)["id"]

    exited = wait_for("Segment Exited on the bus", lambda: ear.told_of("Segment Exited", profile), patience=LEFT.seconds + WITHIN)

    left_at = datetime.fromisoformat(exited["at"])
    assert (exited["segment"], exited["cause"]) == (SEGMENT, "time")
    assert timedelta(0) < left_at - (at + WINDOW) <= timedelta(milliseconds=2)
    assert time.time() - left_at.timestamp() < WITHIN
    assert member(world, user) is None
    listed = {each["id"] for each in world.api.members(SEGMENT)}
    assert (stays in listed, profile in listed) == (True, False)


def member(world: World, user: str) -> dict[str, Any] | None:
    """The profile, while it is in the segment. The entry lies before the segment was published: nobody is told of that."""
    profile = world.api.find_profile(f"user_id:{user}")
    return profile if profile and SEGMENT in {each["name"] for each in profile["segments"]} else None
