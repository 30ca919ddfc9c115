"""Recorded requests of Segment's SDKs, sent byte for byte over HTTP; and the SDKs themselves, whose queues must empty at the first try."""

import gzip
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
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
from cli.demo.clients import Service, Site
from tests.e2e.world import World, fresh, repeated

pytestmark = pytest.mark.e2e

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sdk-requests"
REQUESTS: dict[str, dict[str, Any]] = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FIXTURES.glob("*.json"))}
POSTS = {name: request for name, request in REQUESTS.items() if request["method"] == "POST"}


def is_mangled(request: dict[str, Any]) -> bool:
    """The gateway passes text types on as text, which destroys what is compressed."""
    return request["headers"].get("content-encoding") == "gzip" and "json" in request["headers"]["content-type"]


ACCEPTED = {name: request for name, request in POSTS.items() if not is_mangled(request)}


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


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_recorded_request_is_accepted_and_readable_in_its_profile(world: World, collector: httpx.Client, name: str) -> None:
    answers = [sent(collector, ACCEPTED[name]) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"success": True})] * 2
    for item in items_of(ACCEPTED[name]):
        timeline = world.timeline_with(f"user_id:{item['userId']}", item["messageId"])
        assert repeated(timeline) == {}


@pytest.mark.parametrize("name", [name for name, request in POSTS.items() if is_mangled(request)])
def test_a_compressed_body_that_the_gateway_mangled_is_answered_415(collector: httpx.Client, name: str) -> None:
    answer = sent(collector, POSTS[name])

    assert (answer.status_code, answer.json()["code"]) == (415, "compressed_body_mangled")


def test_the_settings_tell_an_sdk_to_send_here(collector: httpx.Client, world: World) -> None:
    answer = sent(collector, REQUESTS["08-node-projects-WK-settings"])

    segment = answer.json()["integrations"]["Segment.io"]
    assert f"{segment['protocol']}://{segment['apiHost']}" == f"{world.stack.collect_url}/v1"


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with closing(Service(world.stack.collect_url, world.stack.write_keys["server"])) as made:
        yield made


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    with closing(Site(world.stack.collect_url, world.stack.write_keys["browser"])) as made:
        yield made


def test_the_python_sdk_empties_its_queue_with_one_request_a_flush(world: World, service: Service) -> None:
    user, before = fresh("python"), len(world.requests("/v1/batch"))

    for number in range(3):
        service.tell("track", {"user_id": user, "event": "Counted", "properties": {"number": number}})
        service.flush()

    assert [entry["status"] for entry in world.requests("/v1/batch")[before:]] == [200, 200, 200]


def test_the_node_sdk_empties_its_queue_with_one_request_a_flush(world: World, site: Site) -> None:
    visitor, before = fresh("node"), len(world.requests("/v1/batch"))

    for number in range(3):
        site.tell("track", {"anonymousId": visitor, "event": "Counted", "properties": {"number": number}})
        site.flush()

    assert [entry["status"] for entry in world.requests("/v1/batch")[before:]] == [200, 200, 200]
