"""What the day on AWS has of segments: people are evaluated, time passes, a backfill, a list and its counts are asked for."""

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from ariane.instants import to_millis, utc_now

if TYPE_CHECKING:
    from tests.builders.a_day_on_aws import Day

_MOST_ROUNDS = 30
"""A backfill is some messages to itself."""


def follow_segments(day: "Day") -> None:
    _evaluate(day)
    started = day.api("/v1/backfills", method="POST", body={})
    _evaluate(day)
    day.api(f"/v1/backfills/{started['id']}")
    for path in ("", "/new-customers", "/new-customers/members", "/new-customers/counts", "/new-customers/backfill"):
        day.api(f"/v1/segments{path}")
    day.stack.invoke("tick", {})
    profile = day.api("/v1/profiles/user_id:u1")["id"]
    tomorrow = to_millis(utc_now() + timedelta(days=1))
    merged = {"into": profile, "from": ["prs_x"], "cause": "c", "at": "2026-11-22T12:00:00.000Z"}
    split = {"from": profile, "into": ["prs_y"], "rehomed": [profile], "cause": "d", "at": "2026-11-22T12:00:00.000Z"}
    bodies = [
        {"kind": "merged", "fact": merged},
        {"kind": "split", "fact": split},
        *({"kind": "sweep", "shard": shard, "until": tomorrow} for shard in range(16)),
        {"kind": "count", "segment": "new-customers", "day": "2026-11-22"},
    ]
    assert day.stack.deliver("segments", *(orjson.dumps(body).decode() for body in bodies)) == []
    _evaluate(day)


def _evaluate(day: "Day") -> None:
    for _ in range(_MOST_ROUNDS):
        waiting = day.stack.received("EVALUATE_QUEUE_URL")
        if not waiting:
            return
        assert day.stack.deliver("segments", *waiting) == []
