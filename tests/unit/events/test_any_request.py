"""Whatever is sent, the answer is one of ours."""

import gzip
from base64 import b64encode
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ariane.events.routes import ROUTES
from tests.builders.events import CollectWorld, gateway_event

IDS = ["messageId", "anonymousId", "previousId", "groupId"]
TIMES = ["timestamp", "originalTimestamp", "sentAt"]
FIELDS = ["event", "properties", "traits", "context", "integrations", "channel", "name", *IDS, *TIMES]
CONTEXT = ["ip", "page", "traits", "device", "externalIds", "library", "userAgent", "campaign"]
KEYED = {"authorization": "Basic " + b64encode(b"wk_site-secret:").decode()}
OURS = {200, 302, 400, 401, 403, 404, 415}

telling = st.sampled_from(["track", "alias", "u1", "2026-11-22T05:00:00Z", "0001-01-01T00:00:00+10:00", "9999-12-31", "a@b.fr"])
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=30) | telling
names = st.sampled_from(FIELDS + CONTEXT) | st.text(max_size=5)
anything: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)
kinds = st.sampled_from(["track", "identify", "page", "alias"])
events = st.fixed_dictionaries({"type": kinds, "userId": scalars}, optional=dict.fromkeys(FIELDS, anything))
batches = st.fixed_dictionaries(
    {"batch": st.lists(anything | events, max_size=4)}, optional=dict.fromkeys(["context", "integrations", "sentAt"], anything)
)
documents = (batches | events | anything).map(orjson.dumps)
bodies = st.binary(max_size=100) | documents | documents.map(gzip.compress)
routes = st.sampled_from(sorted(ROUTES)) | st.tuples(st.sampled_from(["GET", "POST", "PUT"]), st.text(max_size=20).map("/".__add__))
headers = st.dictionaries(st.sampled_from(["authorization", "origin", "referer", "user-agent", "x-forwarded-proto"]), st.text(max_size=20))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    route=routes,
    body=bodies,
    sent=headers | headers.map(KEYED.__or__),
    query=st.text(max_size=60) | st.text(max_size=60).map("k=wk_site-secret&".__add__),
    cookies=st.lists(st.text(max_size=20), max_size=2).map(tuple),
)
def test_any_request_is_answered(route: tuple[str, str], body: bytes, sent: dict[str, str], query: str, cookies: tuple[str, ...]) -> None:
    binary = {"content-type": "application/octet-stream"}

    answer = CollectWorld().deliver(gateway_event(*route, body=body, headers=sent | binary, query=query, cookies=cookies))

    assert answer.status in OURS, answer.text
    if route[0] == "HEAD":
        assert answer.text == ""
    else:
        assert answer.status < 400 or set(answer.json) == {"code", "message"}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batch=batches)
def test_any_batch_sent_twice_is_logged_once_and_answered_alike(batch: dict[str, Any]) -> None:
    world = CollectWorld()

    first = world.post("/v1/batch", batch)
    once = world.log.items()
    again = world.post("/v1/batch", batch)

    assert (first.status, first) == (200, again)
    assert world.log.items() == once
    no_ops = sum(isinstance(item, dict) and item.get("type") == "alias" for item in batch["batch"])
    kept = len(first.json.get("rejected", ())) + len(world.events())
    assert len(batch["batch"]) - no_ops <= kept <= len(batch["batch"])


def test_half_a_surrogate_pair_anywhere_in_the_request_breaks_nothing() -> None:
    world = CollectWorld()
    pixel = gateway_event(
        "GET",
        "/p.gif",
        query="k=wk_site-secret&e=\ud800",
        headers={"user-agent": "\ud800", "referer": "\udfff"},
        cookies=("ariane_aid=\ud800",),
    )
    track = gateway_event("POST", "/v1/t", headers=KEYED) | {"body": '{"event": "\ud800", "userId": "u1"}'}

    assert world.deliver(pixel).status == 200
    assert len(world.events()) == 1
    assert world.deliver(track).json["code"] == "invalid_json"
