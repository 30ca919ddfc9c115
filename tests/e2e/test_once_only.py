"""Every accepted event once in the timeline: when a request is sent twice, and when the log's stream hands a batch over again."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from tests.e2e.world import World, fresh, repeated

pytestmark = pytest.mark.e2e


def events(user: str, count: int) -> list[dict[str, Any]]:
    return [
        {"type": "track", "event": "Product Viewed", "userId": user, "messageId": fresh("m"), "properties": {"place": place}}
        for place in range(count)
    ]


def test_a_request_that_is_sent_twice_is_in_the_timeline_once(world: World) -> None:
    user = fresh("u")
    sent = events(user, 5)

    world.send(*sent)
    world.send(*sent)
    last = {"type": "track", "event": "Last", "userId": user, "messageId": fresh("m")}
    world.send(last)

    timeline = world.timeline_with(f"user_id:{user}", last["messageId"])
    assert repeated(timeline) == {}
    assert len(timeline) == 6
    assert world.api.profile(f"user_id:{user}")["events"]["Product Viewed"]["count"] == 5


def test_an_event_that_comes_again_in_another_request_is_in_the_timeline_once(world: World) -> None:
    """An SDK that lost the answer may batch the same event anew, beside others: another key in the log, the same event."""
    user = fresh("u")
    first, second = events(user, 2)

    world.send(first)
    world.timeline_with(f"user_id:{user}", first["messageId"])
    world.send(first, second)

    timeline = world.timeline_with(f"user_id:{user}", second["messageId"])
    assert repeated(timeline) == {}
    assert len(timeline) == 2


def test_a_stream_batch_that_is_delivered_again_changes_nothing(world: World) -> None:
    user = fresh("u")
    sent = events(user, 4)
    world.send(*sent)
    world.timeline_with(f"user_id:{user}", *(event["messageId"] for event in sent))
    before = world.api.profile(f"user_id:{user}")

    records = stream_records(world)
    assert before["id"] in {record["dynamodb"]["Keys"]["pk"]["S"] for record in records}
    redeliver(world, records)
    redeliver(world, records)

    assert world.api.profile(f"user_id:{user}") == before
    assert repeated(world.api.timeline(f"user_id:{user}")) == {}


def stream_records(world: World) -> list[dict[str, Any]]:
    """Everything that the log's stream still holds, as Lambda would be handed it."""
    table = world.deployment.dynamodb.describe_table(TableName=world.deployment.output("EventsTable"))["Table"]
    arn = table["LatestStreamArn"]
    streams = world.deployment.streams
    found: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        found += [{**record, "eventSourceARN": arn} for record in streams.get_records(ShardIterator=iterator, Limit=1000)["Records"]]
    return [record for record in found if record["eventName"] == "INSERT"]


def redeliver(world: World, records: list[dict[str, Any]]) -> None:
    answer = world.deployment.lambdas.invoke(
        FunctionName="ariane-local-stitch", Payload=orjson.dumps({"Records": records}, default=_as_in_lambda)
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def _as_in_lambda(value: Any) -> Any:
    """Binary attributes and instants, as the stream's JSON has them."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return value.timestamp() if hasattr(value, "timestamp") else dict(value) if isinstance(value, Mapping) else str(value)
