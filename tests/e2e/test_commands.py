"""The ``ariane`` command on a running stack, as an operator types it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from cli.local import run as local
from cli.local.home import PROJECT
from cli.waiting import wait_for
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e

type Ariane = Callable[..., str]


@pytest.fixture
def ariane(world: World) -> Ariane:
    """The command's output; it must succeed."""
    environment = {"ARIANE_HOME": str(world.home.path), "PATH": "/usr/bin:/bin"}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "cli.main", *arguments]
        ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def test_no_key_is_made_for_a_source_that_is_not_published(world: World, ariane: Ariane) -> None:
    before = ariane("keys", "list", "--json")
    environment = {"ARIANE_HOME": str(world.home.path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "cli.main", "keys", "create", "nosuch"]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "known: app, backend, imports, stores, web" in ended.stderr
    assert ariane("keys", "list", "--json") == before


def status_under(world: World, key: str) -> int:
    event = {"userId": fresh("u"), "event": "E"}
    return httpx.post(f"{world.stack.collect_url}/v1/track", json=event, auth=(key, ""), timeout=30).status_code


def test_a_made_key_is_accepted_until_it_is_revoked(world: World, ariane: Ariane) -> None:
    key = ariane("keys", "create", "backend").strip()
    wait_for("the new key to be accepted", lambda: status_under(world, key) == 200 or None)

    ariane("keys", "revoke", key)

    wait_for("the revoked key to be refused", lambda: status_under(world, key) == 401 or None)
    listed = {each["begins"]: each["revoked"] for each in orjson.loads(ariane("keys", "list", "--json"))}
    assert listed[key[:6]] is True


def test_a_signature_made_on_the_command_line_is_believed_and_not_kept(world: World, ariane: Ariane) -> None:
    user, visitor, message_id = fresh("u"), fresh("v"), fresh("m")
    signed = ariane("identity", "sign", "--user-id", user, "--anonymous-id", visitor).strip()
    ids = {"type": "identify", "userId": user, "messageId": message_id}
    world.send({**ids, "anonymousId": visitor, "context": {"signature": signed}}, kind="browser")
    world.send({**ids, "anonymousId": fresh("v"), "messageId": f"{message_id}-2", "context": {"signature": signed}}, kind="browser")

    entries = {each["messageId"]: each for each in world.timeline_with(f"user_id:{user}", message_id, f"{message_id}-2")}
    assert entries[message_id]["context"]["signature"] == {"verified": True}
    assert entries[f"{message_id}-2"]["context"]["signature"] == {"verified": False, "reason": "forged"}


def test_a_made_token_reads_profiles_and_is_listed_without_itself(world: World, ariane: Ariane) -> None:
    token = ariane("tokens", "create", "till").strip()

    answer = httpx.get(f"{world.stack.api_url}/v1/profiles/user_id:{fresh('x')}", headers={"authorization": f"Bearer {token}"}, timeout=30)

    assert answer.status_code == 404
    listed = ariane("tokens", "list", "--json")
    assert "till" in {each["name"] for each in orjson.loads(listed)}
    assert token not in listed


def test_a_person_is_looked_up_by_any_identifier(world: World, ariane: Ariane) -> None:
    user = fresh("u")
    world.send({"type": "identify", "userId": user, "traits": {"email": f"{user}@example.com"}})
    world.profile_with(f"email:{user}@example.com", email=f"{user}@example.com")

    shown: dict[str, Any] = orjson.loads(ariane("profile", "show", f"email:{user}@example.com", "--json"))
    timeline: list[dict[str, Any]] = orjson.loads(ariane("profile", "timeline", f"user_id:{user}", "--json"))

    assert {"type": "user_id", "value": user} in shown["identifiers"]
    assert [entry["type"] for entry in timeline] == ["identify"]
    assert user in ariane("profile", "show", f"user_id:{user}")


def test_a_signed_link_leads_to_its_target(ariane: Ariane) -> None:
    address = ariane("links", "sign", "https://www.maison-ondine.example/robes?utm_source=tv", "--property", "spot=soir").strip()

    answer = httpx.get(address, timeout=30)

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://www.maison-ondine.example/robes?utm_source=tv&ajs_aid=")


def test_starting_what_is_up_says_where_it_is_and_changes_nothing(world: World, ariane: Ariane) -> None:
    before = world.home.run()

    ariane("up", "--detach")

    assert world.home.run() == before
    assert local.is_up(world.home)
