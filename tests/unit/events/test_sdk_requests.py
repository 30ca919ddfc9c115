"""Real requests of real SDKs, recorded, carried as API Gateway carries them."""

import gzip
from base64 import b64decode
from pathlib import Path
from typing import Any

import orjson
import pytest

from ariane.access.hashing import hash_of
from ariane.access.write_keys import WriteKey
from tests.builders.events import RECEIVED, CollectWorld, gateway_event

FIXTURES = Path(__file__).parents[2] / "fixtures"


def recorded(folder: str) -> dict[str, dict[str, Any]]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted((FIXTURES / folder).glob("*.json"))}


REQUESTS = recorded("sdk-requests")
FOREIGN = recorded("foreign-requests")
"""Of protocols that are not spoken here."""
MANGLED = {
    name
    for name, request in REQUESTS.items()
    if request["headers"].get("content-encoding") == "gzip" and "json" in request["headers"]["content-type"]
}
POSTS = {name: request for name, request in REQUESTS.items() if request["method"] == "POST" and name not in MANGLED}


@pytest.fixture
def world() -> CollectWorld:
    """Knows the write keys that were recorded."""
    world = CollectWorld()
    for key, source in (("WK", "backend"), ("wk", "site")):
        world.access.add(WriteKey(hash=hash_of(key), source=source, hint=key, created_at=RECEIVED))
    return world


def as_carried(request: dict[str, Any]) -> dict[str, Any]:
    headers = request["headers"]
    return gateway_event(request["method"], request["path"], headers=headers, body=b64decode(request["body"]))


def items_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    body = b64decode(request["body"])
    document: dict[str, Any] = orjson.loads(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
    items: list[dict[str, Any]] = document.get("batch", [document])
    return items


def test_there_are_recordings() -> None:
    assert len(REQUESTS) == 13
    assert len(MANGLED) == 1
    assert len(FOREIGN) == 3


@pytest.mark.parametrize("request_", POSTS.values(), ids=POSTS.keys())
def test_a_recorded_request_is_accepted_with_exactly_200(world: CollectWorld, request_: dict[str, Any]) -> None:
    answer = world.deliver(as_carried(request_))

    assert (answer.status, answer.json) == (200, {"success": True})


@pytest.mark.parametrize("request_", POSTS.values(), ids=POSTS.keys())
def test_a_recorded_request_sent_twice_is_logged_once(world: CollectWorld, request_: dict[str, Any]) -> None:
    world.deliver(as_carried(request_))
    once = world.log.items()
    answer = world.deliver(as_carried(request_))

    assert answer.status == 200
    assert world.log.items() == once


def test_every_recorded_event_is_in_the_log_with_its_message_id(world: CollectWorld) -> None:
    for request in POSTS.values():
        world.deliver(as_carried(request))

    events = {event.message_id: event for event in world.events()}
    track = events["18318f56-f42a-4599-b7ee-cb2fa574b604"]
    assert (track.type, track.name, track.source, track.properties) == ("track", "E", "backend", {"a": 1})
    assert track.message["context"]["library"] == {"name": "analytics-python", "version": "2.4.0"}
    # The aliases say that u1 is u1.
    assert sorted({event.type for event in events.values()}) == ["group", "identify", "page", "track"]
    sent = [item for request in POSTS.values() for item in items_of(request)]
    assert set(events) == {item["messageId"] for item in sent if item.get("userId") != item.get("previousId", "another")}


@pytest.mark.parametrize("name", MANGLED)
def test_a_compressed_body_that_the_gateway_carried_as_text_is_answered_415(world: CollectWorld, name: str) -> None:
    answer = world.deliver(as_carried(REQUESTS[name]))

    assert (answer.status, answer.json["code"]) == (415, "compressed_body_mangled")
    assert world.log.items() == []
    assert world.meter.counts["RequestsRefused"] == 1


@pytest.mark.parametrize("name", MANGLED)
def test_the_same_body_is_accepted_where_a_front_has_it_carried_as_bytes(world: CollectWorld, name: str) -> None:
    request = REQUESTS[name]
    answer = world.deliver(as_carried(request | {"headers": request["headers"] | {"content-type": "application/octet-stream"}}))

    assert (answer.status, answer.json) == (200, {"success": True})
    assert [event.message_id for event in world.events()] == [item["messageId"] for item in items_of(request)]


@pytest.mark.parametrize("request_", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_protocol_that_is_not_spoken_here_is_answered_404_with_a_code(world: CollectWorld, request_: dict[str, Any]) -> None:
    answer = world.deliver(as_carried(request_))

    assert (answer.status, answer.json["code"], set(answer.json)) == (404, "not_found", {"code", "message"})
    assert (world.log.items(), world.refused()) == ([], [])


def test_the_recorded_settings_request_is_told_to_send_here(world: CollectWorld) -> None:
    answer = world.deliver(as_carried(REQUESTS["08-node-projects-WK-settings"]))

    segment = answer.json["integrations"]["Segment.io"]
    assert (segment["apiKey"], segment["apiHost"], segment["protocol"]) == ("WK", "collect.shop.example/v1", "https")
