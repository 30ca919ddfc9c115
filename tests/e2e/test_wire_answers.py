"""What the deployed collector answers to what is no event."""

import httpx
import pytest

from tests.e2e.world import World

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
