"""The day's events into the lake: what stitch has taken up, what it has not yet, people who moved, and events that became another's."""

from typing import TYPE_CHECKING

import orjson

from ariane.lake.messages import PartitionMoved, message_of

if TYPE_CHECKING:
    from tests.builders.a_day_on_aws import Day

SHARED = "4c4d2e9c-4b6e-4f5e-9a53-2c1f5a1d7e10"


def land(day: "Day") -> None:
    from tests.builders.a_day_on_aws import identify, track

    stack = day.stack
    # A device that two accounts share: whose its events are is asked.
    for number, user in enumerate(("u31", "u32")):
        day.send("web", identify(f"lake{number}", userId=user, anonymousId=SHARED))
        day.stitch_what_came()
    day.send("web", track("Product Viewed", "lake3", anonymousId=SHARED))
    records = stack.streamed()
    stack.invoke("lake", {"Records": records})
    stack.invoke("stitch", {"Records": records})
    waiting = stack.received("LAND_QUEUE_URL")
    assert [orjson.loads(body)["kind"] for body in waiting] == ["item"]
    assert stack.deliver("lake", *waiting) == []
    partition = orjson.loads(waiting[0])["person"]
    fact = {"from": ["prs_x", partition], "into": "prs_y", "at": "2026-11-22T12:00:00.000Z", "cause": "x/y/0"}
    merged = orjson.dumps({"kind": "merged", "fact": fact}).decode()
    parted = orjson.dumps({"kind": "split", "fact": {**fact, "from": "prs_y", "into": _everybody(day)}}).decode()
    assert stack.deliver("lake", merged, parted, message_of(PartitionMoved(partition))) == []
    assert stack.s3.list_objects_v2(Bucket=stack.named("LAKE_BUCKET"), Prefix="events/")["KeyCount"] >= 1
    assert stack.s3.list_objects_v2(Bucket=stack.named("LAKE_BUCKET"), Prefix="identities/")["KeyCount"] == 1


def _everybody(day: "Day") -> list[str]:
    """A person who has others below him: they are looked up."""
    found = day.api("/v1/profiles/user_id:u1")
    return [str(found["id"])]
