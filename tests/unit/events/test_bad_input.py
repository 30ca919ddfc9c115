"""Every kind of bad input that clients are known to send, with its answer and the trace that it leaves."""

import gzip
import zlib
from base64 import b64encode
from typing import Any

import orjson
import pytest

from ariane.events.model import SourceKind
from tests.builders.events import RECEIVED, CollectWorld, a_message, gateway_event
from tests.builders.profiles import Stack

BINARY = {"content-type": "application/octet-stream"}
KEYED = {"authorization": "Basic " + b64encode(b"wk_site-secret:").decode()}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def batch_of(*messages: Any) -> bytes:
    return orjson.dumps({"batch": messages})


def bomb() -> bytes:
    """30 MB of spaces in 30 KB."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(deflater.compress(b" " * 1_000_000) for _ in range(30)), deflater.flush()])


REQUESTS: dict[str, tuple[bytes, int, str]] = {
    "invalid JSON": (b'{"batch": [', 400, "invalid_json"),
    "truncated gzip": (gzip.compress(batch_of(a_message()))[:-9], 400, "invalid_gzip"),
    "an inflate bomb": (bomb(), 400, "body_too_large"),
    "a million lists": (gzip.compress(b'{"x": [' + b"[]," * 500_000 + b"0]}"), 400, "body_too_complex"),
    "2,501 events": (batch_of(*({"type": "track"} for _ in range(2_501))), 400, "too_many_events"),
    "a body of 501 KB": (batch_of({"pad": "x" * 501 * 1024}), 400, "body_too_large"),
    "NaN": (b'{"batch": [{"type": "track", "event": "E", "userId": "u", "properties": {"a": NaN}}]}', 400, "invalid_json"),
    "a lone surrogate": (b'{"batch": [{"type": "track", "event": "\\ud800", "userId": "u"}]}', 400, "invalid_json"),
    "no batch": (b"{}", 400, "batch_missing"),
    "a list": (b"[]", 400, "invalid_json"),
}
EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "33 KB": ({"properties": {"pad": "x" * 33 * 1024}}, "event_too_large"),
    "a key of 100 KB": ({"properties": {"k" * 100 * 1024: 1}}, "event_too_large"),
    "no identifiers": ({"anonymousId": ...}, "no_usable_identifier"),
    "null identifiers": ({"anonymousId": None, "userId": None}, "no_usable_identifier"),
    "placeholders only": ({"anonymousId": "undefined", "userId": "[object Object]"}, "no_usable_identifier"),
    "an unknown type": ({"type": "purchase"}, "unknown_type"),
    "no event name": ({"event": ""}, "event_missing"),
    "the year 0": ({"timestamp": "0000-01-01T00:00:00Z"}, "invalid_timestamp"),
    "a messageId of 101 characters": ({"messageId": "m" * 101}, "message_id_too_long"),
    "nesting beyond what can be written": ({"properties": nested(300)}, "event_too_deep"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_bad_request_is_refused_with_a_code_and_kept(name: str) -> None:
    body, status, code = REQUESTS[name]
    world = CollectWorld()

    answer = world.deliver(gateway_event("POST", "/v1/batch", body=body, headers=KEYED | BINARY))

    assert (answer.status, set(answer.json), answer.json["code"]) == (status, {"code", "message"}, code)
    assert [(kept.reject.code, kept.reject.index) for kept in world.refused()] == [(code, None)]
    assert world.events() == []


@pytest.mark.parametrize("name", EVENTS)
def test_a_bad_event_is_named_and_kept_and_its_neighbours_are_accepted(name: str) -> None:
    fields, code = EVENTS[name]
    world = CollectWorld()
    bad = a_message(**{"messageId": "bad"} | fields)

    answer = world.post("/v1/batch", _written({"batch": [a_message(messageId="m1"), bad, a_message(messageId="m2")]}))

    assert answer.status == 200
    assert answer.json["success"] is True
    assert [(each["index"], each["code"]) for each in answer.json["rejected"]] == [(1, code)]
    assert [(kept.reject.code, kept.reject.index) for kept in world.refused()] == [(code, 1)]
    assert [event.message_id for event in world.events()] == ["m1", "m2"]


def _written(document: dict[str, Any]) -> bytes:
    """Also what orjson would not write: a client's own serialiser may go deeper."""
    import json

    return json.dumps(document).encode()


def test_an_unknown_key_is_refused_and_counted_and_nothing_of_it_is_kept() -> None:
    world = CollectWorld()
    answer = world.deliver(gateway_event("POST", "/v1/batch", body=batch_of(a_message()), headers={"authorization": "Basic eDo="}))

    assert (answer.status, answer.json["code"]) == (401, "unknown_write_key")
    assert (world.refused(), world.events()) == ([], [])
    assert world.meter.counts["UnknownWriteKeys"] == 1


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/batch"), ("PUT", "/v1/track"), ("DELETE", "/v1/b"), ("POST", "/p.gif"), ("GET", "/")]
)
def test_a_wrong_method_or_path_is_answered_with_a_code(method: str, path: str) -> None:
    answer = CollectWorld().deliver(gateway_event(method, path, headers=KEYED, body=batch_of(a_message()) if method != "GET" else b""))

    assert answer.status == 404
    assert set(answer.json) == {"code", "message"}


def test_nesting_of_200_is_kept_whole() -> None:
    world = CollectWorld()
    assert "rejected" not in world.post("/v1/batch", {"batch": [a_message(properties=nested(200))]}).json
    assert world.events()[0].properties == nested(200)


def test_of_duplicate_keys_the_last_counts() -> None:
    world = CollectWorld()
    world.post("/v1/track", b'{"event": "A", "event": "B", "userId": "u1", "messageId": "m1", "timestamp": "2026-11-22T05:29:00Z"}')
    assert [event.name for event in world.events()] == ["B"]


def test_proto_is_a_name_like_any_other() -> None:
    world = CollectWorld()
    hostile = {"__proto__": {"isAdmin": True}, "constructor": {"prototype": 1}}
    world.post("/v1/batch", {"batch": [a_message(properties=hostile)]})
    assert world.events()[0].properties == hostile


def test_the_year_9999_is_taken_for_the_moment_of_receipt_and_kept_as_sent() -> None:
    world = CollectWorld()
    world.post("/v1/batch", {"batch": [a_message(timestamp="9999-12-31T23:59:59Z")]})
    (event,) = world.events()
    assert event.timestamp == RECEIVED
    assert event.message["originalTimestamp"] == "9999-12-31T23:59:59Z"


def test_two_sources_may_use_one_message_id() -> None:
    world, stack = CollectWorld(), Stack()
    for source in ("site", "backend"):
        world.post("/v1/batch", {"batch": [a_message(messageId="same", userId="u1")]}, source=source)

    stack.deliver(*world.log.items())

    assert {item.kind for item in world.log.items()} == {SourceKind.BROWSER, SourceKind.SERVER}
    assert stack.timeline() == ["same", "same"]


def test_other_content_under_the_same_message_id_is_logged_and_applied_once() -> None:
    """The log keeps both, as two requests; the earlier copy stands in the timeline and in the counters."""
    world, stack = CollectWorld(), Stack()
    for price in (10, 20):
        world.post("/v1/batch", {"batch": [a_message(messageId="same", userId="u1", properties={"price": price})]}, source="backend")

    first, second = sorted(world.log.items(), key=lambda item: item.messages[0]["properties"]["price"])
    stack.deliver(first)
    stack.deliver(second)

    assert len(world.log.items()) == 2
    assert stack.timeline() == ["same"]
