"""What is kept of a refusal: enough to try it again, and no key."""

import gzip
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
