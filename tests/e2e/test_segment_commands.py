"""As docs/how-to/write-a-segment.md tells it: somebody shops and enters a segment, is watched doing so, and goes into lists."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import orjson
import pytest

from cli.local.home import PROJECT
from cli.waiting import wait_for
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e

type Ariane = Callable[..., str]
SEGMENT = "vip"
"""Of the sample brand: 500 and more within a year, on two orders at least."""


def command(world: World, *arguments: str) -> tuple[list[str], dict[str, str]]:
    environment = {"ARIANE_HOME": str(world.home.path), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}
    return [sys.executable, "-m", "cli.main", *arguments], environment


@pytest.fixture(scope="module")
def ariane(world: World) -> Ariane:
    """The command's output; it must succeed."""

    def run(*arguments: str) -> str:
        given, environment = command(world, *arguments)
        ended = subprocess.run(given, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@contextmanager
def following(world: World) -> Iterator[Iterator[Any]]:
    """What `members --follow --json` tells, line by line, from when it is watching."""
    given, environment = command(world, "segments", "members", SEGMENT, "--follow", "--json")
    with subprocess.Popen(given, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert "Watching" in running.stderr.readline()
        try:
            yield map(orjson.loads, running.stdout)
        finally:
            running.terminate()


def order(user: str, total: int) -> dict[str, Any]:
    properties = {"order_id": fresh("order"), "total": total}
    return {"type": "track", "event": "Order Completed", "userId": user, "messageId": fresh("m"), "properties": properties}


@pytest.fixture(scope="module")
def nora(world: World, ariane: Ariane) -> str:
    """Her account: she has entered while somebody watched."""
    user = fresh("nora")
    with following(world) as told:
        world.send(
            {
                "type": "identify",
                "userId": user,
                "messageId": fresh("m"),
                "traits": {"email": f"{user}@shop.example", "firstName": "=Nora"},
            },
            order(user, 300),
            order(user, 260),
        )
        seen = next(each for each in told if {"type": "user_id", "value": user} in each["identifiers"])
    assert seen["change"] == "entered"
    return user


def test_who_enters_is_among_the_members_with_the_instant(world: World, ariane: Ariane, nora: str) -> None:
    members = [orjson.loads(line) for line in ariane("segments", "members", SEGMENT, "--json").splitlines()]

    (own,) = [each for each in members if {"type": "user_id", "value": nora} in each["identifiers"]]
    profile = orjson.loads(ariane("profile", "show", f"user_id:{nora}", "--json"))
    assert {"name": SEGMENT, "since": own["since"]} in profile["segments"]
    assert own["since"] == profile["computed"]["last_order_at"]
    assert (profile["computed"]["order_count"], profile["lifecycle"]) == (2, "retention")
    assert "segment\tvip, since" in ariane("profile", "show", f"user_id:{nora}")


def test_everybody_is_evaluated_by_a_backfill_and_stays_where_they_are(ariane: Ariane, nora: str) -> None:
    done = orjson.loads(ariane("segments", "backfill", SEGMENT, "--wait", "--json"))

    assert (done["state"], done["failed"]) == ("done", 0)
    assert done["people"] >= 1
    shown = orjson.loads(ariane("segments", "show", SEGMENT, "--json"))
    assert shown["backfill"]["state"] == "done"
    assert shown["members"] >= 1
    assert "order_count is at least 2" in ariane("segments", "show", SEGMENT)
    assert SEGMENT in ariane("segments", "list")
    assert nora in ariane("segments", "members", SEGMENT)


def test_a_list_for_an_advertising_platform_holds_who_agreed_and_a_table_everybody(world: World, ariane: Ariane, nora: str) -> None:
    email = f"{nora}@shop.example"
    google = ("segments", "export", SEGMENT, "--format", "google-customer-match", "--consent", "ads")
    digest = sha256(email.encode()).hexdigest()
    assert digest not in ariane(*google)

    grant = {"topic": "ads", "channel": "email", "email": email}
    world.send({"type": "track", "event": "Consent Granted", "userId": nora, "messageId": fresh("m"), "properties": grant})
    listed = wait_for("the grant", lambda: found if digest in (found := ariane(*google)) else None, every=1)
    assert listed.splitlines()[0] == "Email,Phone,First Name,Last Name,Country,Zip"
    table = ariane("segments", "export", SEGMENT, "--format", "csv", "--columns", "email,firstName,order_count")
    assert [email, "'=Nora", "2"] in list(csv.reader(io.StringIO(table)))
