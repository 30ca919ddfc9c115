"""What the collector takes in is found by a query, with the person that it was stitched to."""

import os
import subprocess
import sys

import orjson
import pytest

from cli.local.home import PROJECT
from cli.waiting import wait_for
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e


def query(world: World, sql: str) -> subprocess.CompletedProcess[str]:
    return ariane(world, "query", sql, "--format", "json")


def ariane(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ARIANE_HOME": str(world.home.path)}
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def rows_of(world: World, sql: str) -> list[dict[str, object]]:
    ended = query(world, sql)
    assert ended.returncode == 0, ended.stderr
    return [orjson.loads(line) for line in ended.stdout.splitlines()]


def test_events_of_a_visitor_who_signs_in_are_found_as_one_persons(world: World) -> None:
    device, user, order = fresh("device"), fresh("user"), fresh("order")
    world.send({"type": "track", "event": "Product Viewed", "anonymousId": device, "properties": {"order_id": order}})
    world.send(
        {"type": "identify", "userId": user, "anonymousId": device},
        {"type": "track", "event": "Order Completed", "userId": user, "properties": {"order_id": order, "total": 12.5}},
    )
    sql = (
        "SELECT event, profile_id, cast(json_extract_scalar(properties, '$.total') AS double) AS total FROM events_of_people "
        f"WHERE json_extract_scalar(properties, '$.order_id') = '{order}' ORDER BY event"
    )

    def landed() -> list[dict[str, object]] | None:
        """Both, and the merge that made them one person's."""
        rows = rows_of(world, sql)
        return rows if len(rows) == 2 and len({row["profile_id"] for row in rows}) == 1 else None

    rows = wait_for("both events in the lake as one person's", landed, every=1)

    profile = world.profile_with(f"user_id:{user}")
    assert rows == [
        {"event": "Order Completed", "profile_id": profile["id"], "total": 12.5},
        {"event": "Product Viewed", "profile_id": profile["id"], "total": None},
    ]


def test_a_statement_that_would_change_something_is_refused(world: World) -> None:
    ended = query(world, "DROP TABLE events")
    assert ended.returncode == 1
    assert "only statements that read" in ended.stderr


def test_a_backfill_lands_the_log_again_and_no_event_counts_twice(world: World) -> None:
    user, mark = fresh("user"), fresh("mark")
    world.send(*({"type": "track", "event": mark, "userId": user, "properties": {"n": number}} for number in range(3)))
    count = f"SELECT count(*) AS n FROM events_of_people WHERE event = '{mark}'"
    wait_for("the events in the lake", lambda: rows_of(world, count) == [{"n": 3}] or None, every=1)

    ended = ariane(world, "lake", "backfill", "--anew")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("Done: ")
    assert rows_of(world, f"SELECT count(*) AS n FROM events WHERE event = '{mark}'") == [{"n": 6}]
    assert rows_of(world, count) == [{"n": 3}]
