"""Behind the front: compressed bodies arrive whole, and the visitor's address is the one that the front proves."""

from base64 import b64decode
from typing import Any

import pytest

from ariane.events.front import PROOF_HEADER, VIEWER_HEADER, front_proof
from cli.local.front import fronted
from tests.builders.events import KEYS, CollectWorld, a_message, gateway_event
from tests.unit.events.test_sdk_requests import MANGLED, REQUESTS
from tests.unit.events.test_sdk_requests import world as recorded_world

VIEWER, EDGE = "198.51.100.77", "203.0.113.77"
PROOF = front_proof(KEYS.link)

world = recorded_world


def address_of(world: CollectWorld, headers: dict[str, str]) -> Any:
    """The address in the logged event, when the gateway saw EDGE's."""
    assert world.post("/v1/track", a_message(), headers=headers).status == 200
    (event,) = world.events()
    return event.message["context"]["ip"]


def test_behind_the_front_the_address_is_the_viewers() -> None:
    assert address_of(CollectWorld(), {VIEWER_HEADER: VIEWER, PROOF_HEADER: PROOF}) == "198.51.100.0"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {VIEWER_HEADER: VIEWER},
        {VIEWER_HEADER: VIEWER, PROOF_HEADER: ""},
        {VIEWER_HEADER: VIEWER, PROOF_HEADER: front_proof(b"another deployment's key")},
        {VIEWER_HEADER: VIEWER, PROOF_HEADER: "naïve"},
        {VIEWER_HEADER: "", PROOF_HEADER: PROOF},
        {"x-forwarded-for": VIEWER, "x-real-ip": VIEWER, "cloudfront-viewer-address": f"{VIEWER}:443"},
    ],
)
def test_without_the_proof_the_address_is_the_gateways(headers: dict[str, str]) -> None:
    assert address_of(CollectWorld(), headers) == "203.0.113.0"


@pytest.mark.parametrize("name", MANGLED)
def test_what_the_gateway_would_mangle_is_accepted_behind_the_front(world: CollectWorld, name: str) -> None:
    request = REQUESTS[name]
    headers = dict(fronted(PROOF)(request["method"], list(request["headers"].items()), VIEWER))

    answer = world.deliver(
        gateway_event(request["method"], request["path"], headers=headers, body=b64decode(request["body"]), source_ip=EDGE)
    )

    assert (answer.status, answer.json) == (200, {"success": True})
    assert len(world.events()) == 1
