"""What is kept of a refusal: enough to try it again, and no key."""

import gzip
from base64 import b64encode
from datetime import timedelta
from typing import Any

import orjson
import pytest

from ariane.events.log import Reject, Shape
from ariane.events.model import SourceKind
from tests.builders.events import CollectWorld, a_message

AGENT = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)", "cookie": "session=1", "x-forwarded-for": "198.51.100.7"}


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def only(world: CollectWorld) -> Reject:
    (stored,) = world.refused()
    return stored.reject


def test_an_item_is_kept_with_what_its_batch_and_its_request_say(world: CollectWorld) -> None:
    document = {
        "batch": [a_message(), a_message(event=None)],
        "sentAt": "2026-11-22T05:29:58.000Z",
        "context": {"locale": "fr-FR"},
        "integrations": {"All": True},
    }
    world.post("/v1/batch", document, headers=AGENT)

    reject = only(world)
    assert (reject.source, reject.kind, reject.index, reject.shape) == ("site", SourceKind.BROWSER, 1, Shape.ITEM)
    assert orjson.loads(reject.body) == a_message(event=None)
    assert reject.transport.batch == {name: value for name, value in document.items() if name != "batch"}
    assert (reject.transport.method, reject.transport.path, reject.transport.source_ip) == ("POST", "/v1/batch", "203.0.113.0")
    assert reject.transport.headers["user-agent"] == AGENT["user-agent"]


def test_neither_credentials_nor_cookies_nor_forwarded_addresses_are_kept(world: CollectWorld) -> None:
    world.post("/v1/batch", {"batch": [a_message(event=None)]}, headers=AGENT)
    world.post("/v1/batch", b"not JSON", headers=AGENT)

    for stored in world.refused():
        assert not {"authorization", "cookie", "x-forwarded-for"} & set(stored.reject.transport.headers)


@pytest.mark.parametrize("body", [a_message(event=None), {"events": []}])
@pytest.mark.parametrize("place", ["writeKey", "api_key"])
def test_no_write_key_is_kept(world: CollectWorld, body: dict[str, Any], place: str) -> None:
    key = world.keys["site"]
    world.post("/v1/track" if "type" in body else "/v1/batch", body | {place: key}, source=None)
    world.get("/v1/pixel/track", {"writeKey": key, "data": "é"})
    world.get("/v1/pixel/track", {"writeKey": key, "userId": "u1"})

    assert len(world.refused()) == 3
    assert key not in repr(world.refused())


def test_a_refused_request_is_kept_inflated_and_remembered_as_compressed(world: CollectWorld) -> None:
    plain = b'{"batch": "' + b"a" * 600_000
    world.post("/v1/batch", gzip.compress(plain), headers={"content-type": "application/octet-stream"})

    reject = only(world)
    assert (reject.code, reject.index, reject.shape, reject.body) == ("invalid_json", None, Shape.REQUEST, plain)
    assert reject.transport.is_compressed


def test_the_address_is_whole_where_the_source_keeps_it() -> None:
    world = CollectWorld(definitions={"sources": {"site": {"kind": "browser", "keep_ip": True}}, "identity": {}})
    world.post("/v1/batch", {"batch": [a_message(event=None)]})

    assert only(world).transport.source_ip == "203.0.113.77"


@pytest.mark.parametrize("part", ["context", "integrations"])
def test_a_batch_that_says_more_than_is_kept_is_not_kept_with_each_item(world: CollectWorld, part: str) -> None:
    long = {"page": {f"n{number}": "x" * 100 for number in range(200)}}
    world.post("/v1/batch", {"batch": [a_message(event=None)], part: long})

    assert (only(world).transport.is_partial, only(world).transport.batch) == (True, {})


VOID: dict[str, dict[str, Any]] = {
    "properties.topic": {"channel": "email"},
    "properties.channel": {"topic": "offers"},
    "properties.email": {"topic": "offers", "email": "nobody"},
    "properties.phone": {"topic": "offers", "channel": "sms", "phone": {"number": 1}},
    "properties.topics": {"topics": [f"t{number}" for number in range(6)], "channels": ["email", "sms"]},
    "names of one topic": {"topic": "*", "channel": "email"},
}


@pytest.mark.parametrize("field", VOID)
def test_a_grant_that_grants_nothing_is_refused_by_the_field(world: CollectWorld, field: str) -> None:
    answer = world.post("/v1/batch", {"batch": [a_message(event="Consent Granted", properties=VOID[field])]})

    (refused,) = answer.json["rejected"]
    assert refused["code"] == "invalid_consent"
    assert field in refused["message"]
    assert world.events() == []


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        ("Consent Granted", {"topic": "offers", "channel": "email"}),
        ("Consent Granted", {"topic": "offers", "email": "a@b.fr"}),
        ("Consent Granted", {"topics": ["a", "b"], "channels": ["sms"], "phone": "06 12 34 56 78"}),
        ("Consent Granted", {"topic": "offers", "channel": "email", "phone": "no number, and no matter here"}),
        ("Consent Withdrawn", {}),
        ("Consent Withdrawn", {"topic": "offers", "email": "nobody"}),
        ("Consent granted", {}),
    ],
)
def test_a_grant_that_says_what_it_grants_and_any_withdrawal_are_accepted(
    world: CollectWorld, event: str, properties: dict[str, Any]
) -> None:
    assert world.post("/v1/batch", {"batch": [a_message(event=event, properties=properties)]}).json == {"success": True}


OTHER = "wk_another-projects-key_1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/batch", {"batch": [a_message(event=None, properties={"key": OTHER})], "context": {"page": {"url": f"/?k={OTHER}"}}}),
        ("/v1/batch", {"events": [], "note": OTHER}),
        ("/e", {"batch": 1, "api_key": OTHER}),
        ("/e", b64encode(orjson.dumps({"batch": 1, "api_key": OTHER}))),
        ("/e", b"data=" + b64encode(orjson.dumps({"batch": 1, "api_key": OTHER}))),
        ("/e", b"data=" + b64encode(b'{"api_key": "%s' % OTHER.encode())),
    ],
)
def test_no_key_of_anybody_is_kept_in_any_form(world: CollectWorld, path: str, body: Any) -> None:
    world.post(path, body, headers={"referer": f"https://shop.example/?k={OTHER}"})

    kept = only(world)
    assert OTHER not in repr(kept)
    assert b64encode(OTHER.encode())[4:-4].decode() not in repr(kept)
    assert b"wk_" not in kept.body
    assert b"<write key" in kept.body


def test_a_pixels_data_is_kept_decoded_without_its_key(world: CollectWorld) -> None:
    key = world.keys["site"]
    data = b64encode(b'{"writeKey": "%s"' % key.encode()).decode()
    world.get("/v1/pixel/track", {"writeKey": key, "data": data})

    assert data not in repr(only(world))
    assert key not in repr(only(world))
    assert b"writeKey" in only(world).body


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/v1/batch", {"batch": [a_message(event=None, context={"ip": "198.51.100.23"})]}),
        ("/v1/batch", {"batch": [a_message(event=None)], "context": {"ip": "198.51.100.23"}}),
        ("/v1/batch", {"events": [{"context": {"ip": "198.51.100.23"}}]}),
        ("/e", {"batch": [{"distinct_id": "u", "properties": {"$ip": "198.51.100.23"}}]}),
        ("/mp/collect", {"client_id": "c", "ip_override": "198.51.100.23", "events": [{}]}),
        ("/v1/batch", {"batch": [a_message(event=None, context={"ip": ["198.51.100.23", "198.51.100.23:443"]})]}),
    ],
)
def test_addresses_that_a_body_states_are_truncated_unless_the_source_keeps_them(path: str, document: Any) -> None:
    for is_kept in (False, True):
        world = CollectWorld(definitions={"sources": {"site": {"kind": "browser", "keep_ip": is_kept}}, "identity": {}})
        world.post(path, document)
        assert ("198.51.100.23" in repr(only(world))) is is_kept


def test_what_is_no_address_stays_under_such_a_name(world: CollectWorld) -> None:
    message = a_message(event=None, properties={"ip": 'Pokémon "X"', "note": '"ip":"198.51.100.23"'})
    world.post("/v1/batch", {"batch": [message]})

    assert orjson.loads(only(world).body) == message


def test_equal_items_that_say_neither_when_nor_which_are_each_kept(world: CollectWorld) -> None:
    untold = a_message(event=None, messageId=None, timestamp=None)
    world.post("/v1/batch", {"batch": [untold] * 3})
    world.now += timedelta(hours=2)
    world.post("/v1/batch", {"batch": [untold]})

    assert len(world.refused()) == 4


@pytest.mark.parametrize("told", [{"messageId": "m-1"}, {"timestamp": "2026-11-22T05:29:00.000Z"}, {"originalTimestamp": "yesterday"}])
def test_an_item_that_says_when_or_which_is_refused_once_a_day(world: CollectWorld, told: dict[str, Any]) -> None:
    item = a_message(event=None, messageId=None, timestamp=None) | told
    for _ in range(2):
        world.post("/v1/batch", {"batch": [item, item]})
        world.now += timedelta(hours=2)

    assert len(world.refused()) == 1


def test_what_is_nested_too_deeply_keeps_one_copy_of_its_requests_beginning(world: CollectWorld) -> None:
    deep = "[" * 400 + "]" * 400
    item = '{"type":"track","event":"e","userId":"u%d","properties":{"a":%s}}'
    kept: list[Reject] = []

    class Store:
        def put(self, rejects: Any) -> None:
            kept.extend(rejects)

    world.with_ports(rejects=Store())
    world.post("/v1/batch", ('{"batch":[' + ",".join(item % (number, deep) for number in range(200)) + "]}").encode())

    assert len(kept) == 200
    assert len({id(reject.body) for reject in kept}) == 1
