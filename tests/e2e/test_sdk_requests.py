"""Recorded requests of SDKs that speak Segment's protocol, of versions that are not installed here too, sent byte for byte over HTTP."""

import gzip
from base64 import b64decode
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from ariane.access.hashing import hash_of
from ariane.access.write_keys import WriteKey
from ariane.errors import Conflict
from ariane.instants import utc_now
from cli.access import write_keys_of
from tests.e2e.world import World, repeated

pytestmark = pytest.mark.e2e

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sdk-requests"
REQUESTS: dict[str, dict[str, Any]] = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FIXTURES.glob("*.json"))}
POSTS = {name: request for name, request in REQUESTS.items() if request["method"] == "POST"}


@pytest.fixture(scope="module", autouse=True)
def recorded_keys(world: World) -> None:
    """The write keys that the SDKs were recorded with."""
    store = write_keys_of(world.deployment)
    for key, source in (("WK", "backend"), ("wk", "web")):
        try:
            store.add(WriteKey(hash=hash_of(key), source=source, hint=key, created_at=utc_now()))
        except Conflict:
            continue


def sent(collector: httpx.Client, request: dict[str, Any]) -> httpx.Response:
    return collector.request(request["method"], request["path"], headers=request["headers"], content=b64decode(request.get("body") or ""))


def items_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    body = b64decode(request["body"])
    document: dict[str, Any] = orjson.loads(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
    items: list[dict[str, Any]] = document.get("batch", [document])
    return [item for item in items if item.get("previousId") != item.get("userId") or item["type"] != "alias"]


@pytest.mark.parametrize("name", POSTS)
def test_a_recorded_request_is_accepted_and_readable_in_its_profile(world: World, collector: httpx.Client, name: str) -> None:
    answers = [sent(collector, POSTS[name]) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"success": True})] * 2
    for item in items_of(POSTS[name]):
        timeline = world.timeline_with(f"user_id:{item['userId']}", item["messageId"])
        assert repeated(timeline) == {}


def test_the_settings_tell_an_sdk_to_send_here(collector: httpx.Client, world: World) -> None:
    answer = sent(collector, REQUESTS["08-node-projects-WK-settings"])

    segment = answer.json()["integrations"]["Segment.io"]
    assert f"{segment['protocol']}://{segment['apiHost']}" == f"{world.stack.collect_url}/v1"
