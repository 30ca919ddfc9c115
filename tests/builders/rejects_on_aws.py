"""The part of a day on AWS in which somebody tries refused things again."""

from typing import TYPE_CHECKING

import orjson

from ariane.adapters.aws.rejects import DynamoRejectWriter
from ariane.adapters.aws.signed_client import DYNAMODB
from ariane.events.log import Reject, Shape, Transport
from ariane.events.model import SourceKind
from ariane.events.rejects import MAX_KEPT, reject_id
from ariane.instants import utc_now
from tests.builders.aws_calls import never
from tests.builders.deployed import Deployed, stream_record

if TYPE_CHECKING:
    from tests.builders.a_day_on_aws import Day

TOO_LARGE = {"type": "track", "event": "E", "messageId": "large", "userId": "u1", "properties": {"all": "x" * (MAX_KEPT + 1)}}
"""No room for it in a reject either: its body becomes an object."""


def try_again(day: "Day") -> None:
    """Requests that an earlier version refused; one of them while the log is throttled. And a record that stitch could not read."""
    day.api("/v1/rejects/stats")
    for number in range(2):
        identity = _refused_once(day.stack, number)
        day.api(f"/v1/rejects/{identity}")
        if number:
            day.throttle("dynamodb", "PutItem")
        assert day.api(f"/v1/rejects/{identity}/retry", method="POST")["outcome"] == "accepted_in_part"
        day.stack.recorder.fails = never
    parked = _parked_once(day)
    assert day.api(f"/v1/rejects/{parked}/retry", method="POST")["outcome"] == "queued"
    assert day.stack.deliver("stitch", *day.stack.received("REPLAY_QUEUE_URL")) == []


def _refused_once(stack: Deployed, number: int) -> str:
    valid = {"type": "track", "event": "E", "messageId": f"r{number}", "userId": "u5"}
    body = orjson.dumps({"batch": [valid, {**TOO_LARGE, "messageId": f"large{number}"}]})
    reject = Reject(
        source="backend",
        at=utc_now(),
        code="earlier_rule",
        message="",
        index=None,
        body=body,
        kind=SourceKind.SERVER,
        shape=Shape.REQUEST,
        transport=Transport(method="POST", path="/v1/batch"),
    )
    bucket = stack.endpoint.bucket(stack.named("REJECT_BODIES_BUCKET"))
    writer = DynamoRejectWriter(stack.endpoint.client(DYNAMODB), table=stack.named("REJECTS_TABLE"), bucket=bucket)
    writer.put([reject])
    return reject_id(reject)


def _parked_once(day: "Day") -> str:
    """An item of the log whose content could not be read, and now can."""
    table = day.stack.named("EVENTS_TABLE")
    whole = day.stack.dynamodb.scan(TableName=table)["Items"][0]
    key = {"pk": {"S": "prs_parked"}, "sk": whole["sk"]}
    day.stack.invoke("stitch", {"Records": [stream_record(10_000, {**whole, **key, "b": {"B": b"broken"}})]})
    day.stack.dynamodb.put_item(TableName=table, Item={**whole, **key})
    rejects = day.api("/v1/rejects")["data"]
    return next(str(each["id"]) for each in rejects if each["code"] == "unreadable_record" and "prs_parked" in orjson.dumps(each).decode())
