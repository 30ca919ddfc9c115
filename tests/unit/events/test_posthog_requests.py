"""How PostHog's SDKs carry events: the recorded request, the paths and shapes of its documentation, and anything else that JSON can be."""

import gzip
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ariane.access.hashing import hash_of
from ariane.access.write_keys import WriteKey
from ariane.errors import Rejected
from ariane.events.posthog import read_events
from ariane.events.wire import Request
from tests.builders.events import RECEIVED, Answer, CollectWorld, a_message, gateway_event

RECORDED = Path(__file__).parents[2] / "fixtures" / "posthog-requests" / "03-posthog-python-7.91.1-batch.json"
KEY = "wk_site-secret"
EVENT = {"event": "Order Completed", "distinct_id": "u1", "uuid": "e-1", "timestamp": "2026-11-22T05:29:00.000Z"}
KEYED = EVENT | {"api_key": KEY}
PATHS = [path + slash for path in ("/batch", "/e", "/capture", "/i/v0/e") for slash in ("", "/")]
BINARY = {"content-type": "application/octet-stream"}


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def deliver(world: CollectWorld, path: str, body: bytes, *, query: str = "", content_type: str = BINARY["content-type"]) -> Answer:
    return world.deliver(gateway_event("POST", path, body=body, query=query, headers={"content-type": content_type}))


def test_the_recorded_request_is_accepted_with_what_its_client_takes_for_success(world: CollectWorld) -> None:
    request = orjson.loads(RECORDED.read_bytes())
    world.access.add(WriteKey(hash=hash_of("phc_x"), source="backend", hint="phc_x", created_at=RECEIVED))
    carried = gateway_event(request["method"], request["path"], headers=request["headers"], body=b64decode(request["body"]))

    first, again = world.deliver(carried), world.deliver(carried)

    assert (first.status, first.json, again.json) == (200, {"status": 1}, {"status": 1})
    (event,) = world.events()
    assert (event.name, event.message_id, event.source) == ("E", "457876cf-3698-4d03-ac1b-a21e9d54c3de", "backend")
    assert (event.message["userId"], event.properties) == ("u1", {"a": 1})
    assert event.message["context"]["library"] == {"name": "posthog-python", "version": "7.91.1"}
    assert event.message["context"]["os"] == {"name": "Linux", "version": "12"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "document",
    [KEYED, [KEYED], {"api_key": KEY, "batch": [EVENT]}, {"token": KEY, "batch": [EVENT]}, [EVENT | {"properties": {"token": KEY}}]],
    ids=["one", "list", "batch", "token", "token-within"],
)
def test_each_path_takes_one_event_a_list_or_a_batch(world: CollectWorld, path: str, document: Any) -> None:
    assert world.post(path, document, source=None).json == {"status": 1}
    assert [(event.name, event.source) for event in world.events()] == [("Order Completed", "site")]


@pytest.mark.parametrize("path", ["/batch", "/batch/"])
@pytest.mark.parametrize("item", [a_message(), {"type": "merge", "userId": "u1"}, 3])
def test_a_batch_of_segments_is_read_as_one_at_the_shared_path(world: CollectWorld, path: str, item: Any) -> None:
    answer = world.post(path, {"writeKey": KEY, "batch": [item]}, source=None)

    assert answer.json["success"] is True


@pytest.mark.parametrize("kind", ["identify", "alias", "capture"])
@pytest.mark.parametrize("path", ["/batch", "/batch/"])
def test_a_batch_of_libraries_that_state_a_type_is_posthogs_whatever_comes_first(world: CollectWorld, path: str, kind: str) -> None:
    """posthog-node, posthog-go and posthog-ruby write ``type`` into each message; of the last, each has a ``messageId`` too."""
    named = {"identify": "$identify", "alias": "$create_alias", "capture": "E"}
    first = EVENT | {"type": kind, "event": named[kind], "uuid": "e-0", "messageId": "e-0", "properties": {"alias": "u2", "$set": {"a": 1}}}

    answer = world.post(path, {"api_key": KEY, "batch": [first, EVENT | {"type": "capture"}]}, source=None)

    assert answer.json == {"status": 1}
    assert [event.type for event in world.events()] == [{"capture": "track"}.get(kind, kind), "track"]


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "identify", "event": "$identify"}, EVENT],
        [{"type": "identify", "event": "$identify"}, {"event": "E", "type": "capture", "properties": {"distinct_id": "u1"}}],
        [{"type": "identify", "event": "$identify", "properties": {}}],
    ],
    ids=["beside-it", "among-properties", "by-the-key"],
)
def test_one_sign_of_posthogs_is_enough(world: CollectWorld, events: list[Any]) -> None:
    answer = world.post("/batch/", {"api_key": KEY, "batch": events}, source=None)

    assert (answer.json["status"], [each["code"] for each in answer.json["rejected"]]) == (1, ["no_usable_identifier"])


def test_a_segment_event_with_a_property_of_that_name_is_still_segments(world: CollectWorld) -> None:
    answer = world.post("/batch", {"api_key": KEY, "batch": [a_message(properties={"distinct_id": "x"})]}, source=None)

    assert answer.json == {"success": True}


def test_an_unreadable_body_under_the_key_in_the_query_is_kept(world: CollectWorld) -> None:
    for path in ("/e/", "/batch/"):
        assert deliver(world, path, b"{" + path.encode(), query=f"token={KEY}").json["code"] == "invalid_json"

    kept = [stored.reject for stored in world.refused()]
    assert [(reject.source, reject.code) for reject in kept] == [("site", "invalid_json")] * 2
    assert not any(KEY in str(reject) for reject in kept)


def test_an_empty_batch_is_answered_in_the_way_of_whose_key_it_has(world: CollectWorld) -> None:
    assert world.post("/batch", {"api_key": KEY, "batch": []}, source=None).json == {"status": 1}
    assert world.post("/batch", {"writeKey": KEY, "batch": []}, source=None).json == {"success": True}


def base64_form(document: Any) -> bytes:
    return b"data=" + quote(b64encode(orjson.dumps(document))).encode()


@pytest.mark.parametrize(
    "encode",
    [
        orjson.dumps,
        lambda document: gzip.compress(orjson.dumps(document)),
        base64_form,
        lambda document: b"ver=1.2.3&data=" + b64encode(orjson.dumps(document)),
        lambda document: b"data=" + quote(orjson.dumps(document)).encode() + b"&compression=",
        lambda document: b"data=" + quote(b64encode(gzip.compress(orjson.dumps(document)))).encode(),
        lambda document: b64encode(orjson.dumps(document)),
        lambda document: gzip.compress(base64_form(document)),
        lambda document: b"\n " + orjson.dumps(document),
    ],
    ids=["json", "gzip", "base64-form", "plus-signs", "json-form", "gzip-in-form", "base64", "form-in-gzip", "blanks"],
)
@pytest.mark.parametrize("path", ["/e/", "/batch/"])
def test_the_bytes_say_how_the_body_is_written(world: CollectWorld, path: str, encode: Any) -> None:
    event = KEYED | {"properties": {"text": ">>>???~~~"}}

    assert deliver(world, path, encode([event]), query="compression=gzip-js").json == {"status": 1}
    assert world.events()[0].properties == {"text": ">>>???~~~"}


@pytest.mark.parametrize("body", [b"", b"data=", b"data=%%%", b"hello", b"[", b"\xff\xfe", b"data=aGVsbG8="])
@pytest.mark.parametrize("path", ["/e/", "/batch/"])
def test_a_body_that_is_none_of_these_is_refused(world: CollectWorld, path: str, body: bytes) -> None:
    answer = deliver(world, path, body)

    assert (answer.status, answer.json["code"]) == (400, "invalid_json") or answer.json["code"] == "invalid_data"


def test_a_compressed_body_that_was_carried_as_text_is_answered_415(world: CollectWorld) -> None:
    """As posthog-js sends it, unless it is told not to."""
    answer = deliver(world, "/e/", gzip.compress(orjson.dumps([KEYED])), content_type="text/plain")

    assert (answer.status, answer.json["code"]) == (415, "compressed_body_mangled")


def test_events_of_several_projects_in_one_request_are_refused(world: CollectWorld) -> None:
    answer = world.post("/e/", [KEYED, EVENT | {"api_key": world.keys["app"]}], source=None)

    assert (answer.status, answer.json["code"]) == (400, "several_write_keys")


def test_an_unknown_key_is_answered_401(world: CollectWorld) -> None:
    answer = world.post("/e/", EVENT | {"api_key": "phc_nobody"}, source=None)

    assert (answer.status, answer.json["code"]) == (401, "unknown_write_key")


@pytest.mark.parametrize(("batch", "code"), [({}, "batch_missing"), ([EVENT] * 2_501, "too_many_events")])
def test_a_request_over_a_limit_is_refused_and_kept(world: CollectWorld, batch: Any, code: str) -> None:
    answer = world.post("/capture/", {"api_key": KEY, "batch": batch}, source=None)

    assert (answer.status, answer.json["code"]) == (400, code)
    assert [(reject.reject.code, reject.reject.index) for reject in world.refused()] == [(code, None)]


def test_the_senders_clock_is_corrected_by_sent_at(world: CollectWorld) -> None:
    ahead = EVENT | {"timestamp": "2026-11-22T06:29:00.000Z"}

    world.post("/batch/", {"api_key": KEY, "batch": [ahead], "sent_at": "2026-11-22T06:30:00.000Z"}, source=None)

    assert world.events()[0].message["timestamp"] == "2026-11-22T05:29:00.000Z"


def test_and_by_the_time_that_posthog_js_states_in_the_query(world: CollectWorld) -> None:
    ahead = KEYED | {"timestamp": "2026-11-22T06:29:00.000Z"}

    deliver(world, "/e/", orjson.dumps([ahead]), query="ip=0&_=1795329000000")

    assert world.events()[0].message["timestamp"] == "2026-11-22T05:29:00.000Z"


def test_the_time_of_an_event_with_an_offset_is_that_of_its_id_whenever_it_is_sent(world: CollectWorld) -> None:
    """The browser's clock is an hour ahead: made at 06:29:00 by it, sent two seconds later, received at 05:30."""
    made = f"{1_795_328_940_000:012x}"
    event = {**KEYED, "uuid": f"{made[:8]}-{made[8:]}-7abc-8def-00000000000a", "offset": 2_000}
    del event["timestamp"]

    world.post("/e/", [event], source=None)
    world.now = RECEIVED.replace(minute=31)
    world.post("/e/", [event], source=None)

    (logged,) = world.events()
    assert logged.message["originalTimestamp"] == "2026-11-22T06:29:00.000Z"
    assert logged.message["timestamp"] == "2026-11-22T05:29:58.000Z"


@pytest.mark.parametrize("offset", [None, True, "1", -1e300, 1e300])
def test_an_offset_that_is_none_leaves_the_time_of_receipt(world: CollectWorld, offset: Any) -> None:
    event = {name: value for name, value in KEYED.items() if name != "timestamp"}

    world.post("/e/", [event | {"uuid": "019aaa34-ec60-7abc-8def-00000000000a", "offset": offset}], source=None)

    assert world.events()[0].timestamp == RECEIVED


def test_posthog_js_is_told_to_send_plain_json_and_nothing_else(world: CollectWorld) -> None:
    answer, script = world.get(f"/array/{KEY}/config"), world.get(f"/array/{KEY}/config.js")

    assert (answer.json["token"], answer.json["supportedCompression"], answer.json["hasFeatureFlags"]) == (KEY, [], False)
    assert script.headers["Content-Type"] == "application/javascript"
    text = b64decode(script.text).decode()
    assert f'["{KEY}"]=c' in text
    assert orjson.loads(text[text.rindex('({"config"') + 1 : -1]) == {"config": answer.json, "siteApps": []}


@pytest.mark.parametrize("path", ["/array/wk_nobody/config", "/array/wk_nobody/config.js", "/array//config", "/array/x/config/y"])
def test_there_is_no_configuration_for_an_unknown_key(world: CollectWorld, path: str) -> None:
    assert world.get(path).status == 404


@pytest.mark.parametrize("path", ["/flags/", "/flags", "/decide/", "/decide"])
def test_no_project_has_feature_flags(world: CollectWorld, path: str) -> None:
    answer = deliver(world, path, b'{"token": "phc_x", "distinct_id": "u1"}', query="v=4")

    assert (answer.status, answer.json["flags"], answer.json["featureFlags"]) == (200, {}, {})
    assert answer.json["errorsWhileComputingFlags"] is False


NAMES = ["event", "distinct_id", "properties", "uuid", "timestamp", "offset", "$set", "$set_once", "$unset", "api_key", "token", "batch"]
PROPERTIES = ["$anon_distinct_id", "alias", "$group_key", "$group_type", "$groups", "$current_url", "$device_id", "$lib", "$browser"]
MEANINGS = ["$identify", "$create_alias", "$groupidentify", "$set", "$unset", "$pageview", "$screen", "$snapshot", "E", ""]
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20)
telling = st.sampled_from([*MEANINGS, "u1", "019aaa34-ec60-7abc-8def-00000000000a", "ffffffff-ffff-7fff-8fff-ffffffffffff", "2026-11-22"])
anything: st.SearchStrategy[Any] = st.recursive(
    scalars | telling,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES + PROPERTIES) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)
events = st.fixed_dictionaries(
    {"event": st.sampled_from(MEANINGS), "distinct_id": telling},
    optional={**dict.fromkeys(NAMES[3:], anything), "properties": st.dictionaries(st.sampled_from(PROPERTIES), anything, max_size=6)},
)
documents = anything | events | st.lists(events, max_size=4) | st.fixed_dictionaries({"batch": st.lists(events | anything, max_size=4)})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents, encode=st.sampled_from([orjson.dumps, base64_form]))
def test_no_json_makes_the_reader_fail_otherwise_than_by_refusing(document: Any, encode: Any) -> None:
    try:
        submission = read_events(Request(method="POST", path="/e/", body=encode(document), received_at=RECEIVED))
    except Rejected:
        return
    assert submission.origins is not None
    assert len(submission.origins) == len(submission.items)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batch=st.lists(events | anything, max_size=4), path=st.sampled_from(["/batch/", "/i/v0/e/"]))
def test_any_batch_sent_twice_is_logged_once_and_answered_alike(batch: list[Any], path: str) -> None:
    world = CollectWorld()

    first = world.post(path, {"batch": batch, "sent_at": "2026-11-22T05:30:00Z"})
    once = world.log.items()
    again = world.post(path, {"batch": batch, "sent_at": "2026-11-22T05:31:00Z"})

    assert first == again
    assert world.log.items() == once
    assert first.status == 200 or first.json["code"] == "several_write_keys"
    places = [each["index"] for each in first.json.get("rejected", ())]
    assert places == sorted(set(places))
    assert all(place < len(batch) for place in places)


def test_a_segment_batch_with_a_stray_distinct_id_stays_segment_s() -> None:
    world = CollectWorld()
    stray = {"type": "track", "event": "Y", "userId": "v", "messageId": "m-2", "distinct_id": "zz", "timestamp": "2026-11-22T05:29:00Z"}
    other = {"type": "track", "event": "X", "userId": "u", "messageId": "m-1", "timestamp": "2026-11-22T05:29:00Z"}

    answer = world.post("/batch", {"writeKey": world.keys["backend"], "batch": [other, stray]}, source=None)

    assert answer.json == {"success": True}
    assert sorted((event.message_id, event.message["userId"]) for event in world.events()) == [("m-1", "u"), ("m-2", "v")]
