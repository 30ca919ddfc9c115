"""What the deployed collector answers to what is no event, and what becomes of compressed bodies on both ways to it."""

import gzip

import httpx
import orjson
import pytest

from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e

EVENT = {"userId": "u1", "event": "E"}


def test_an_unknown_write_key_is_answered_401_with_a_code(collector: httpx.Client) -> None:
    answer = collector.post("/v1/track", json=EVENT, auth=("nobody", ""))

    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message"}


def test_a_browser_may_ask_before_it_sends(collector: httpx.Client) -> None:
    asked = {
        "origin": "https://www.maison-ondine.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-retry-count",
    }
    answer = collector.options("/v1/t", headers=asked)

    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] == asked["origin"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type", "x-retry-count"} <= allowed
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_browsers_request_is_answered_with_its_origin(world: World, collector: httpx.Client) -> None:
    answer = collector.post(
        "/v1/t", json=EVENT, auth=(world.stack.write_keys["browser"], ""), headers={"origin": "https://www.maison-ondine.example"}
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://www.maison-ondine.example"


def test_an_address_that_is_none_is_answered_404_with_a_code(collector: httpx.Client) -> None:
    answer = collector.get("/no/such/thing")

    assert (answer.status_code, set(answer.json())) == (404, {"code", "message"})


def test_the_pixel_is_an_image_even_under_an_unknown_key(collector: httpx.Client) -> None:
    answer = collector.get("/v1/pixel/track", params={"data": "eyJ3cml0ZUtleSI6ICJub2JvZHkifQ"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")


def test_a_link_that_nobody_signed_leads_nowhere(collector: httpx.Client) -> None:
    answer = collector.get("/r", params={"t": "abc.def", "url": "https://evil.example"})

    assert answer.status_code in (400, 401, 404)
    assert "location" not in answer.headers


def test_an_invalid_item_of_a_batch_is_kept_with_its_reason(world: World, collector: httpx.Client) -> None:
    answer = collector.post(
        "/v1/batch",
        json={"batch": [{"type": "track", "userId": "u1"}, {"type": "track", **EVENT}]},
        auth=(world.stack.write_keys["server"], ""),
    )

    assert answer.status_code == 200
    assert [item["index"] for item in answer.json()["rejected"]] == [0]
    assert answer.json()["rejected"][0]["code"] in {each["code"] for each in world.api.rejects()}


# gzip under a text type: Kotlin's SDK sends the first, Python's the second, and the third says nothing of compression.
TYPES = [
    {"content-type": "text/plain", "content-encoding": "gzip"},
    {"content-type": "application/json", "content-encoding": "gzip"},
    {"content-type": "application/json"},
]


def compressed(world: World, user: str, message_id: str) -> bytes:
    """As mobile SDKs write it: the key is in the body."""
    message = {**EVENT, "type": "track", "userId": user, "messageId": message_id}
    return gzip.compress(orjson.dumps({"batch": [message], "writeKey": world.stack.write_keys["server"]}))


@pytest.mark.parametrize("headers", TYPES)
def test_a_compressed_body_is_read_whole_through_the_front_whatever_type_it_claims(
    world: World, collector: httpx.Client, headers: dict[str, str]
) -> None:
    user, message_id = fresh("gzip"), fresh("m")
    answer = collector.post("/v1/batch", content=compressed(world, user, message_id), headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [event["messageId"] for event in world.timeline_with(f"user_id:{user}", message_id)] == [message_id]


@pytest.mark.parametrize("headers", TYPES)
def test_past_the_front_the_gateway_mangles_it_and_the_collector_says_so(world: World, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{world.gateway_url}/v1/batch", content=compressed(world, "u1", fresh("m")), headers=headers, timeout=30)

    assert (answer.status_code, answer.json()["code"]) == (415, "compressed_body_mangled")


def test_past_the_front_nobody_can_name_another_address(world: World) -> None:
    key = world.stack.write_keys["browser"]
    user, message_id = fresh("forger"), fresh("m")
    forged = {"x-ariane-viewer": "198.51.100.7", "x-ariane-front": "guessed", "x-forwarded-for": "198.51.100.7"}
    body = {"userId": user, "messageId": message_id, "event": "E"}
    assert httpx.post(f"{world.gateway_url}/v1/track", json=body, auth=(key, ""), headers=forged, timeout=30).status_code == 200

    (event,) = world.timeline_with(f"user_id:{user}", message_id)
    assert event["context"]["ip"] == "127.0.0.0"
