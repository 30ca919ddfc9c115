"""What clients are told, and what is then in the log: the whole function over memory adapters."""

import gzip
from base64 import b64encode
from datetime import timedelta
from typing import Any

import orjson
import pytest

from ariane.events.segment import BATCH_PATHS
from tests.builders.events import RECEIVED, SOURCES, CollectWorld, a_message, gateway_event


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def only_message(world: CollectWorld) -> dict[str, Any]:
    (event,) = world.events()
    return dict(event.message)


@pytest.mark.parametrize("path", BATCH_PATHS)
def test_batches_are_accepted_where_people_send_them(world: CollectWorld, path: str) -> None:
    answer = world.post(path, {"batch": [a_message()]})

    assert (answer.status, answer.text) == (200, '{"success":true}')
    assert [event.message_id for event in world.events()] == ["m-1"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/track", "track"),
        ("/v1/t", "track"),
        ("/v1/identify", "identify"),
        ("/v1/i", "identify"),
        ("/v1/page", "page"),
        ("/v1/p", "page"),
        ("/v1/screen", "screen"),
        ("/v1/s", "screen"),
        ("/v1/group", "group"),
        ("/v1/g", "group"),
        ("/v1/alias", "alias"),
        ("/v1/a", "alias"),
    ],
)
def test_the_path_says_the_type(world: CollectWorld, path: str, kind: str) -> None:
    assert world.post(path, a_message(type="something else")).status == 200
    assert [event.type for event in world.events()] == [kind]


@pytest.mark.parametrize(
    "place",
    [
        {"headers": {"authorization": "Basic " + b64encode(b"wk_site-secret:").decode()}},
        {"headers": {"authorization": "basic " + b64encode(b"wk_site-secret").decode()}},
        {"body": {"writeKey": "wk_site-secret"}},
        {"body": {"api_key": "wk_site-secret"}},
        {"query": "writeKey=wk_site-secret"},
        {"query": "k=wk_site-secret"},
    ],
)
def test_a_write_key_is_found_wherever_an_sdk_puts_it(world: CollectWorld, place: dict[str, Any]) -> None:
    body = orjson.dumps(a_message() | place.get("body", {}))
    answer = world.deliver(gateway_event("POST", "/v1/t", body=body, headers=place.get("headers"), query=place.get("query", "")))

    assert answer.status == 200
    assert [event.source for event in world.events()] == ["site"]


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic", "Basic é", "Basic !!!", "Basic " + b64encode(b"\xff:").decode(), ""])
def test_a_strange_authorization_is_no_key(world: CollectWorld, authorization: str) -> None:
    answer = world.post("/v1/t", a_message(), source=None, headers={"authorization": authorization})

    assert (answer.status, answer.json["code"]) == (401, "unknown_write_key")


def test_an_unknown_key_is_refused_counted_and_not_kept(world: CollectWorld) -> None:
    answer = world.post("/v1/t", a_message(writeKey="wk_nobody"), source=None)

    assert (answer.status, answer.json["code"]) == (401, "unknown_write_key")
    assert world.meter.counts["UnknownWriteKeys"] == 1
    assert world.log.items() == []
    assert world.refused() == []


def test_compressed_json_under_a_foreign_type_is_read(world: CollectWorld) -> None:
    body = gzip.compress(orjson.dumps({"batch": [a_message()], "writeKey": world.keys["backend"]}))
    answer = world.deliver(gateway_event("POST", "/v1/batch", body=body, headers={"content-type": "application/x-www-form-urlencoded"}))

    assert answer.status == 200
    assert len(world.events()) == 1


def test_the_invalid_items_are_named_and_kept_and_the_others_accepted(world: CollectWorld) -> None:
    items: list[Any] = [
        a_message(),
        a_message(event=" "),
        a_message(type="unknown"),
        a_message(anonymousId="undefined"),
        a_message(messageId="m" * 100),
        a_message(timestamp="yesterday"),
        a_message(properties={"text": "x" * 33_000}),
        a_message(properties="text"),
        "text",
        a_message(messageId="m-9"),
    ]

    answer = world.post("/v1/batch", {"batch": items})

    assert (answer.status, answer.json["success"]) == (200, True)
    codes = {
        1: "event_missing",
        2: "unknown_type",
        3: "no_usable_identifier",
        4: "message_id_too_long",
        5: "invalid_timestamp",
        6: "event_too_large",
        7: "not_an_object",
        8: "invalid_event",
    }
    assert {each["index"]: each["code"] for each in answer.json["rejected"]} == codes
    assert {stored.reject.index: stored.reject.code for stored in world.refused()} == codes
    kept = {stored.reject.index: orjson.loads(stored.reject.body) for stored in world.refused()}
    assert kept[3] == items[3]
    assert [event.message_id for event in world.events()] == ["m-1", "m-9"]


def test_an_event_nested_too_deeply_to_be_stored_is_refused_alone(world: CollectWorld) -> None:
    deep = (
        orjson.dumps({"batch": [a_message()]})[:-2]
        + b","
        + b'{"type":"track","event":"E","properties":'
        + b'{"a":' * 300
        + b"1"
        + b"}" * 301
    )
    answer = world.post("/v1/batch", deep + b"]}")

    assert [each["code"] for each in answer.json["rejected"]] == ["event_too_deep"]
    assert b'{"a":{"a":' in world.refused()[0].reject.body
    assert len(world.events()) == 1


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"not JSON", "invalid_json"),
        ({"events": []}, "batch_missing"),
        ({"batch": [{}] * 2_501}, "too_many_events"),
        (b" " * 512_001, "body_too_large"),
    ],
)
def test_a_request_over_its_limits_is_refused_with_a_code_and_kept(world: CollectWorld, document: Any, code: str) -> None:
    answer = world.post("/v1/batch", document)

    assert (answer.status, answer.json["code"]) == (400, code)
    assert set(answer.json) == {"code", "message"}
    assert [(stored.reject.code, stored.reject.index) for stored in world.refused()] == [(code, None)]


@pytest.mark.parametrize(("document", "code"), [({"events": []}, "batch_missing"), ({"batch": [{}] * 2_501}, "too_many_events")])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_refused_request_whose_key_is_in_its_body_is_kept_as_it_was_written_without_the_key(
    world: CollectWorld, document: dict[str, Any], code: str, compress: Any
) -> None:
    plain = orjson.dumps({**document, "writeKey": world.keys["site"]})
    answer = world.post("/v1/batch", compress(plain), source=None, headers={"content-type": "application/octet-stream"})

    assert (answer.status, answer.json["code"]) == (400, code)
    assert [(each.reject.source, each.reject.code, each.reject.index, each.reject.body) for each in world.refused()] == [
        ("site", code, None, plain.replace(world.keys["site"].encode(), b"<write key>"))
    ]


def test_a_refused_request_under_an_unknown_key_is_not_kept(world: CollectWorld) -> None:
    world.post("/v1/batch", {"events": [], "writeKey": "wk_nobody"}, source=None)

    assert world.refused() == []


def test_a_full_request_is_accepted(world: CollectWorld) -> None:
    batch = [{"type": "track", "event": "E", "userId": str(number % 50 + 1), "messageId": str(number)} for number in range(2_500)]

    assert world.post("/v1/batch", {"batch": batch}).json == {"success": True}
    assert len(world.events()) == 2_500
    assert len(world.log.items()) == 50


def test_an_empty_batch_is_a_success(world: CollectWorld) -> None:
    assert world.post("/v1/batch", {"batch": []}).status == 200
    assert world.log.items() == []


def test_the_batchs_context_lies_below_each_items(world: CollectWorld) -> None:
    batch = {
        "batch": [a_message(context={"locale": "fr-FR"}, integrations={"Mixpanel": False})],
        "context": {"locale": "en-GB", "timezone": "Europe/Paris"},
        "integrations": {"All": True},
    }
    world.post("/v1/batch", batch)

    message = only_message(world)
    assert message["context"]["locale"] == "fr-FR"
    assert message["context"]["timezone"] == "Europe/Paris"
    assert message["integrations"] == {"All": True, "Mixpanel": False}


def test_only_the_fields_of_an_event_are_kept(world: CollectWorld) -> None:
    world.post("/v1/t", a_message(context={"page": {"path": "/"}, "secret": 1, "externalIds": []}, _metadata={}, sentAt="x", more=1))

    message = only_message(world)
    assert set(message) == {"type", "event", "messageId", "anonymousId", "timestamp", "originalTimestamp", "properties", "context"}
    assert set(message["context"]) == {"page", "externalIds", "ip"}


def test_null_ids_are_absent_and_numbers_are_ids(world: CollectWorld) -> None:
    world.post("/v1/t", a_message(anonymousId=None, userId=4217))

    message = only_message(world)
    assert message["userId"] == "4217"
    assert "anonymousId" not in message


def test_a_trait_set_to_null_is_kept_because_it_removes(world: CollectWorld) -> None:
    world.post("/v1/i", a_message(traits={"size": None, "note": ""}))

    assert only_message(world)["traits"] == {"size": None, "note": ""}


def test_an_alias_of_an_id_to_itself_is_accepted_and_says_nothing(world: CollectWorld) -> None:
    answer = world.post("/v1/a", {"userId": "u1", "previousId": "u1", "messageId": "1"})

    assert answer.json == {"success": True}
    assert world.log.items() == []


def test_the_time_is_put_right_and_the_sent_one_kept(world: CollectWorld) -> None:
    world.post("/v1/batch", {"batch": [a_message(timestamp="2026-11-22T03:00:00.000Z")], "sentAt": "2026-11-22T03:00:10.000Z"})

    message = only_message(world)
    assert message["timestamp"] == "2026-11-22T05:29:50.000Z"
    assert message["originalTimestamp"] == "2026-11-22T03:00:00.000Z"


def test_a_browsers_address_comes_from_the_connection_truncated(world: CollectWorld) -> None:
    world.post("/v1/t", a_message(), headers={"user-agent": "Mozilla"})

    context = only_message(world)["context"]
    assert (context["ip"], context["userAgent"]) == ("203.0.113.0", "Mozilla")


def test_a_servers_connection_says_nothing_of_the_person(world: CollectWorld) -> None:
    world.post("/v1/t", a_message(context={"ip": "198.51.100.9"}), source="backend", headers={"user-agent": "python"})

    assert only_message(world)["context"] == {"ip": "198.51.100.0"}


def test_a_source_may_keep_addresses() -> None:
    world = CollectWorld({"sources": {"site": {"kind": "browser", "keep_ip": True}}, "identity": {}})
    world.post("/v1/t", a_message())

    assert only_message(world)["context"]["ip"] == "203.0.113.77"


def test_a_sources_country_reads_its_phone_numbers(world: CollectWorld) -> None:
    world.post("/v1/i", {"traits": {"phone": "06 12 34 56 78"}, "messageId": "1"}, source="backend")
    world.post("/v1/i", {"traits": {"phone": "+33 6 12 34 56 78"}, "messageId": "2"}, source="till")

    assert len({event.person_id for event in world.events()}) == 1


def test_a_preflight_allows_by_name(world: CollectWorld) -> None:
    answer = world.deliver(gateway_event("OPTIONS", "/v1/t", headers={"origin": "https://shop.example"}))

    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Vary"] == "Origin"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    allowed = set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"authorization", "content-type", "content-encoding", "x-retry-count", "anonymousid", "sentat", "sp-anonymous"} == allowed


@pytest.mark.parametrize("path", ["/v1/t", "/nothing/here"])
def test_every_answer_can_be_read_by_the_page_that_asked(world: CollectWorld, path: str) -> None:
    answer = world.post(path, a_message(), headers={"origin": "https://shop.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"


@pytest.mark.parametrize("headers", [{}, {"origin": "https://shop.example"}])
def test_no_cache_gives_one_pages_answer_to_another(world: CollectWorld, headers: dict[str, str]) -> None:
    assert world.get(f"/v1/projects/{world.keys['site']}/settings", headers=headers).headers["Vary"] == "Origin"


def test_an_origin_that_is_none_is_not_echoed(world: CollectWorld) -> None:
    answer = world.post("/v1/t", a_message(), headers={"origin": "https://a\r\nSet-Cookie: x"})

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_source_with_origins_accepts_no_other() -> None:
    sources = {"site": {"kind": "browser", "allowed_origins": ["https://shop.example"]}}
    world = CollectWorld({"sources": sources, "identity": {}})

    refused = world.post("/v1/t", a_message(), headers={"origin": "https://evil.example"})
    accepted = world.post("/v1/t", a_message(), headers={"origin": "https://shop.example"})

    assert (refused.status, refused.json["code"]) == (403, "origin_not_allowed")
    assert accepted.status == 200
    assert len(world.events()) == 1


@pytest.mark.parametrize("path", ["/v1/projects/{key}/settings", "/projects/{key}/settings"])
def test_settings_name_this_collector(world: CollectWorld, path: str) -> None:
    answer = world.get(path.format(key=world.keys["site"]))

    assert answer.status == 200
    segment = answer.json["integrations"]["Segment.io"]
    assert (segment["apiKey"], segment["apiHost"], segment["protocol"]) == (world.keys["site"], "collect.shop.example/v1", "https")


def test_settings_of_an_unknown_key_are_not_found(world: CollectWorld) -> None:
    answer = world.get("/v1/projects/wk_nobody/settings")

    assert (answer.status, answer.json["code"]) == (404, "unknown_write_key")


def test_the_sdks_own_metrics_are_ignored(world: CollectWorld) -> None:
    assert world.post("/v1/m", b"anything", source=None).json == {"success": True}


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/v1/unknown"), ("PUT", "/v1/t"), ("GET", "/projects//settings")])
def test_anything_else_is_not_found(world: CollectWorld, method: str, path: str) -> None:
    answer = world.deliver(gateway_event(method, path))

    assert (answer.status, answer.json["code"]) == (404, "not_found")


def test_before_anything_is_published_clients_are_asked_to_come_back() -> None:
    world = CollectWorld()
    world.access.document = None
    answer = world.post("/v1/t", a_message())

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_a_document_that_cannot_be_read_leaves_the_last_good_one_in_force(world: CollectWorld) -> None:
    world.post("/v1/t", a_message())
    world.access.document = {"sources": {"site": {"kind": "nonsense"}}}
    world.now = RECEIVED + timedelta(minutes=5)

    assert world.post("/v1/t", a_message(messageId="m-2")).status == 200


def test_a_revoked_key_stops_within_the_time_to_live(world: CollectWorld) -> None:
    world.post("/v1/t", a_message())
    for key in world.access.all():
        world.access.revoke(key.hash)

    assert world.post("/v1/t", a_message(messageId="m-2")).status == 200
    world.now = RECEIVED + timedelta(seconds=61)
    assert world.post("/v1/t", a_message(messageId="m-3")).status == 401


def test_a_new_key_is_known_within_the_time_to_live(world: CollectWorld) -> None:
    world.keys["new"] = "wk_new"
    assert world.post("/v1/t", a_message(), source="new").status == 401
    world.new_key("site", "new")

    assert world.post("/v1/t", a_message(), source="new").status == 401
    world.now = RECEIVED + timedelta(seconds=61)
    assert world.post("/v1/t", a_message(), source="new").status == 200


def test_keys_tried_at_random_do_not_fill_the_memory(world: CollectWorld) -> None:
    for number in range(1_200):
        world.post("/v1/t", a_message(writeKey=f"wk_{number}"), source=None)

    assert len(world.collector._sources._unknown) <= 1_000


def test_every_kind_of_source_can_send(world: CollectWorld) -> None:
    for place, source in enumerate(SOURCES):
        assert world.post("/v1/t", a_message(messageId=str(place)), source=source).status == 200
    assert {event.kind for event in world.events()} == {"browser", "app", "server", "store"}
