"""RudderStack where it differs from Segment."""

from base64 import b64encode
from typing import Any

import pytest

from ariane.events.retrying import Outcome
from tests.builders.events import CollectWorld, a_message, gateway_event
from tests.builders.wires import Pipeline

TRACK = {"type": "track", "event": "Order Completed", "messageId": "r-1", "originalTimestamp": "2026-11-22T05:29:00.000Z"}


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def hint(anonymous_id: str) -> dict[str, str]:
    return {"anonymousid": b64encode(anonymous_id.encode()).decode()}


def test_a_beacon_names_its_key_in_the_query(world: CollectWorld) -> None:
    body = b'{"batch": [{"type": "page", "anonymousId": "a1", "messageId": "r-1"}], "sentAt": "2026-11-22T05:30:00.000Z"}'
    beacon = gateway_event(
        "POST", "/beacon/v1/batch", body=body, query=f"writeKey={world.keys['site']}", headers={"content-type": "text/plain;charset=UTF-8"}
    )

    assert world.deliver(beacon).json == {"success": True}
    assert [(event.type, event.source) for event in world.events()] == [("page", "site")]


@pytest.mark.parametrize("path", ["/v1/batch", "/beacon/v1/batch"])
def test_the_header_names_the_device_of_an_event_that_names_nobody(world: CollectWorld, path: str) -> None:
    batch = {"batch": [TRACK, TRACK | {"messageId": "r-2", "userId": "", "anonymousId": None}]}

    assert world.post(path, batch, headers=hint("a-7")).json == {"success": True}
    assert [event.message["anonymousId"] for event in world.events()] == ["a-7", "a-7"]


@pytest.mark.parametrize("own", [{"userId": "u1"}, {"anonymousId": "a-1"}])
def test_the_header_never_speaks_for_an_event_that_names_somebody(world: CollectWorld, own: dict[str, str]) -> None:
    """It names the device as it was for one event of the batch: another may be older than a log-out."""
    world.post("/v1/batch", {"batch": [TRACK | own]}, headers=hint("a-7"))

    (event,) = world.events()
    assert {name: event.message.get(name) for name in ("userId", "anonymousId")} == {"userId": None, "anonymousId": None} | own


def test_the_header_never_joins_two_people_whom_their_events_name_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    ann = TRACK | {"context": {"externalIds": [{"type": "email", "id": "ann@x.fr"}]}}
    bob = TRACK | {"messageId": "r-2", "context": {"traits": {"email": "bob@x.fr"}}}

    answer = pipeline.world.post("/v1/batch", {"batch": [ann, bob]}, source="backend", headers=hint("dev-1"))

    assert answer.json == {"success": True}
    assert pipeline.profile("email:ann@x.fr").id != pipeline.profile("email:bob@x.fr").id
    assert not any("anonymousId" in event.message for event in pipeline.world.events())


def test_the_header_does_not_speak_for_who_is_named_by_an_id_that_no_rule_knows_yet(world: CollectWorld) -> None:
    """It is refused until one does; the device would join everybody whose badge was shown there."""
    batch = {"batch": [TRACK | {"context": {"externalIds": [{"type": "badge", "id": "L1"}]}}]}

    answer = world.post("/v1/batch", batch, headers=hint("dev-1"))

    assert [each["code"] for each in answer.json["rejected"]] == ["no_usable_identifier"]


def test_an_event_that_was_refused_has_its_device_when_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    pipeline.world.access.document = dict(pipeline.world.definitions) | {"identity": {"blocked": {"values": ["a-7"]}}}

    refused = pipeline.world.post("/v1/batch", {"batch": [TRACK]}, headers=hint("a-7"))
    (result,) = pipeline.retried(identity={})

    assert [each["code"] for each in refused.json["rejected"]] == ["no_usable_identifier"]
    assert (result.outcome, pipeline.world.events()[0].message["anonymousId"]) == (Outcome.ACCEPTED, "a-7")


@pytest.mark.parametrize("header", ["%%%", "/w=="])
def test_a_header_that_cannot_be_read_is_none(world: CollectWorld, header: str) -> None:
    answer = world.post("/v1/batch", {"batch": [TRACK]}, headers={"anonymousid": header})

    assert [each["code"] for each in answer.json["rejected"]] == ["no_usable_identifier"]


def test_the_header_says_when_it_was_sent_where_the_body_does_not(world: CollectWorld) -> None:
    """The sender's clock is two minutes ahead."""
    late = TRACK | {"anonymousId": "a1", "originalTimestamp": "2026-11-22T05:31:00.000Z"}

    world.post("/v1/batch", {"batch": [late]}, headers={"sentat": "2026-11-22T05:32:00.000Z"})

    assert world.events()[0].message["timestamp"] == "2026-11-22T05:29:00.000Z"


def test_the_message_says_itself_when_it_was_sent(world: CollectWorld) -> None:
    late = TRACK | {"anonymousId": "a1", "originalTimestamp": "2026-11-22T05:31:00.000Z", "sentAt": "2026-11-22T05:32:00.000Z"}

    world.post("/v1/track", late)

    assert world.events()[0].message["timestamp"] == "2026-11-22T05:29:00.000Z"


def test_the_traits_that_its_sdks_put_into_the_context_are_the_persons(world: CollectWorld) -> None:
    said = {"type": "identify", "userId": "u1", "messageId": "r-1", "context": {"traits": {"email": "a@b.fr", "age": 3}, "locale": "fr"}}

    world.post("/v1/batch", {"batch": [said, said | {"messageId": "r-2", "traits": {"age": 4}}]}, source="backend")

    first, second = world.events()
    assert (first.traits, second.traits) == ({"email": "a@b.fr", "age": 3}, {"email": "a@b.fr", "age": 4})
    assert first.message["context"] == {"locale": "fr"}


@pytest.mark.parametrize("context", [None, 3, {"traits": None}, {"traits": [1]}])
def test_an_identify_without_such_traits_is_left_as_it_is(world: CollectWorld, context: Any) -> None:
    said = {"type": "identify", "userId": "u1", "messageId": "r-1", "traits": {"age": 4}, "context": context}

    answer = world.post("/v1/batch", {"batch": [said]}, source="backend")

    if isinstance(context, int):
        assert answer.json["rejected"][0]["code"] == "not_an_object"
    else:
        assert world.events()[0].traits == {"age": 4}


def test_the_pixel_takes_the_quotes_off_the_anonymous_id(world: CollectWorld) -> None:
    query = {"writeKey": world.keys["site"], "anonymousId": '"a-7"', "event": "Mail Opened", "properties.campaign": "spring"}

    answer = world.get("/pixel/v1/track", query)
    world.get("/pixel/v1/page", {"writeKey": world.keys["site"], "anonymousId": "a-8", "name": "Home"})

    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    track, page = world.events()
    assert (track.name, track.message["anonymousId"], track.properties) == ("Mail Opened", "a-7", {"campaign": "spring"})
    assert (page.type, page.name, page.message["anonymousId"]) == ("page", "Home", "a-8")


@pytest.mark.parametrize("query", [{}, {"writeKey": "wk_nobody"}, {"data": "%%%"}, {"writeKey": "wk_site-secret", "anonymousId": '"'}])
def test_the_pixel_is_an_image_whatever_happens(world: CollectWorld, query: dict[str, str]) -> None:
    assert world.get("/pixel/v1/track", query).headers["Content-Type"] == "image/gif"
    assert world.events() == []


def test_the_source_configuration_has_what_each_sdk_needs_to_start(world: CollectWorld) -> None:
    """JavaScript: id, config, destinations. Android and iOS: name, enabled. Kotlin and Swift: writeKey, workspaceId, updatedAt too."""
    key = world.keys["site"]
    answer = world.get("/sourceConfig", {"p": "npm", "v": "3.20.1", "writeKey": key})

    source = answer.json["source"]
    assert answer.status == 200
    assert (source["id"], source["name"], source["enabled"], source["destinations"]) == ("site", "site", True, [])
    assert (source["writeKey"], bool(source["workspaceId"]), source["updatedAt"]) == (key, True, "2026-01-01T00:00:00.000Z")
    assert source["config"]["statsCollection"] == {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    assert "dataplanes" not in source


def test_the_key_of_a_source_configuration_may_be_the_basic_user_and_then_no_cache_keeps_it(world: CollectWorld) -> None:
    basic = {"authorization": "Basic " + b64encode(f"{world.keys['app']}:".encode()).decode()}

    answer = world.get("/sourceConfig", headers=basic)

    assert answer.json["source"]["id"] == "app"
    assert answer.headers["Cache-Control"] == "private, max-age=300"


@pytest.mark.parametrize("query", [{}, {"writeKey": "wk_nobody"}])
def test_there_is_no_source_configuration_for_an_unknown_key(world: CollectWorld, query: dict[str, str]) -> None:
    answer = world.get("/sourceConfig", query)

    assert (answer.status, answer.json["code"]) == (404, "unknown_write_key")


@pytest.mark.parametrize("kind", ["merge", "record"])
def test_a_type_of_its_own_is_refused_by_name_and_kept(world: CollectWorld, kind: str) -> None:
    sent = {"type": kind, "userId": "u1", "mergeProperties": [{"type": "email", "value": "a@b.fr"}]}

    alone = world.post(f"/v1/{kind}", sent, source="backend")
    among_others = world.post("/v1/batch", {"batch": [a_message(), sent]}, source="backend")

    assert [(each["index"], each["code"]) for each in alone.json["rejected"]] == [(0, "unknown_type")]
    assert [(each["index"], each["code"]) for each in among_others.json["rejected"]] == [(1, "unknown_type")]
    assert (len(world.events()), {reject.reject.code for reject in world.refused()}) == (1, {"unknown_type"})


def test_an_anonymous_shopper_who_signs_in_with_its_python_sdk_is_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    seen = {**TRACK, "event": "Product Viewed", "anonymousId": "a1", "userId": None, "channel": "server"}
    said = {"type": "identify", "anonymousId": "a1", "userId": "u1", "messageId": "r-2", "context": {"traits": {"email": "a@b.fr"}}}

    pipeline.world.post("/v1/batch", {"batch": [seen, said]}, source="backend")

    profile = pipeline.profile("anonymous_id:a1")
    assert profile.id == pipeline.profile("user_id:u1").id
    assert (profile.traits["email"], set(profile.occurrences)) == ("a@b.fr", {"Product Viewed"})
