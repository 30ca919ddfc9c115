"""What PostHog's events mean: to whom they belong, which message they become, which of their properties go where."""

from typing import Any

import orjson
import pytest

from ariane.events.retrying import Outcome
from tests.builders.events import CollectWorld
from tests.builders.wires import Pipeline

DEVICE = "0190a2f0-0000-7abc-8def-000000000001"
OTHER_DEVICE = "0190a2f0-0000-7abc-8def-000000000002"
EVENT_ID = "019aa9fd-0b00-7abc-8def-00000000000a"
AT = "2026-11-22T05:29:00.000Z"
WEB = {"$lib": "web", "$device_id": DEVICE}
IDENTIFY = {
    "event": "$identify",
    "distinct_id": "u1",
    "uuid": EVENT_ID,
    "timestamp": AT,
    "properties": {**WEB, "$user_id": "u1", "$anon_distinct_id": DEVICE},
    "$set": {"email": "a@b.fr", "$browser": "Chrome"},
    "$set_once": {"email": "first@b.fr", "source": "spring", "$initial_referrer": "$direct"},
}


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def an_event(**fields: Any) -> dict[str, Any]:
    return {"event": "Order Completed", "distinct_id": "u1", "uuid": EVENT_ID, "timestamp": AT, "properties": {"total": 3}, **fields}


def sent(world: CollectWorld, *events: Any, source: str = "backend") -> list[dict[str, Any]]:
    """The messages that the events become."""
    assert world.post("/batch/", {"api_key": world.keys[source], "batch": events}, source=None).json == {"status": 1}
    return [dict(event.message) for event in world.events()]


def test_a_captured_event_is_a_track_of_the_user(world: CollectWorld) -> None:
    (message,) = sent(world, an_event())

    assert {name: message.get(name) for name in ("type", "event", "userId", "anonymousId", "messageId", "timestamp", "properties")} == {
        "type": "track",
        "event": "Order Completed",
        "userId": "u1",
        "anonymousId": None,
        "messageId": EVENT_ID,
        "timestamp": AT,
        "properties": {"total": 3},
    }


def test_an_identify_says_who_the_anonymous_id_was(world: CollectWorld) -> None:
    identify, alias = sent(world, IDENTIFY)

    assert (identify["type"], identify["userId"], identify["anonymousId"], identify["messageId"]) == ("identify", "u1", DEVICE, EVENT_ID)
    assert identify["traits"] == {"email": "a@b.fr", "source": "spring"}
    assert "traits" not in identify["context"]
    assert (alias["type"], alias["userId"], alias["previousId"], alias["messageId"]) == ("alias", "u1", DEVICE, f"{EVENT_ID}-alias")
    assert alias["timestamp"] == AT


@pytest.mark.parametrize("anonymous", [None, "", "u1", {"a": 1}])
def test_an_identify_that_joins_nothing_is_one_message(world: CollectWorld, anonymous: Any) -> None:
    (message,) = sent(world, IDENTIFY | {"properties": {"$anon_distinct_id": anonymous}})

    assert (message["type"], message["userId"], message.get("anonymousId")) == ("identify", "u1", None)


@pytest.mark.parametrize(
    ("distinct_id", "properties", "namespace"),
    [
        ("u1", {}, "userId"),
        (DEVICE, {"$lib": "posthog-python"}, "userId"),
        (DEVICE, {"$lib": "posthog-python", "$process_person_profile": False}, "anonymousId"),
        (DEVICE, {"$lib": "posthog-python", "$process_person_profile": True}, "userId"),
        (DEVICE, {"$is_identified": True, "$device_id": DEVICE}, "userId"),
        ("u1", {"$is_identified": False}, "anonymousId"),
        (DEVICE, WEB, "anonymousId"),
        ("u1", WEB, "userId"),
        (OTHER_DEVICE, WEB, "anonymousId"),
        (OTHER_DEVICE, {**WEB, "$user_id": OTHER_DEVICE}, "userId"),
        (DEVICE, {"$lib": "posthog-ios"}, "anonymousId"),
        ("u1", {"$lib": "posthog-android"}, "userId"),
    ],
)
def test_a_distinct_id_is_a_user_or_a_device(world: CollectWorld, distinct_id: str, properties: dict[str, Any], namespace: str) -> None:
    """The sixth of these is a browser after ``reset()``, which keeps the device's id."""
    (message,) = sent(world, an_event(distinct_id=distinct_id, properties=properties))

    assert {name: message[name] for name in ("userId", "anonymousId") if name in message} == {namespace: distinct_id}


@pytest.mark.parametrize("inner", [{"distinct_id": "u1"}, {"$distinct_id": "u1"}])
def test_the_distinct_id_may_be_among_the_properties(world: CollectWorld, inner: dict[str, str]) -> None:
    event = an_event(properties=inner | {"total": 3})
    del event["distinct_id"]

    (message,) = sent(world, event)

    assert (message["userId"], message["properties"].get("distinct_id")) == ("u1", None)


def test_an_event_of_nobody_is_refused(world: CollectWorld) -> None:
    answer = world.post("/capture/", an_event(distinct_id=None))

    assert (answer.status, answer.json["status"]) == (200, 1)
    assert [each["code"] for each in answer.json["rejected"]] == ["no_usable_identifier"]


def test_an_alias_goes_from_the_id_so_far_to_the_new_one(world: CollectWorld) -> None:
    """As posthog-python's ``alias(previous_id=…, distinct_id=…)`` sends it."""
    (message,) = sent(world, an_event(event="$create_alias", distinct_id=DEVICE, properties={"distinct_id": DEVICE, "alias": "u1"}))

    assert (message["type"], message["userId"], message["previousId"]) == ("alias", "u1", DEVICE)


@pytest.mark.parametrize("properties", [{}, {"alias": ""}, {"alias": None}, {"alias": ["u1"]}])
def test_an_alias_without_its_other_side_is_refused(world: CollectWorld, properties: dict[str, Any]) -> None:
    answer = world.post("/e/", an_event(event="$create_alias", properties=properties))

    assert [each["code"] for each in answer.json["rejected"]] == ["alias_missing"]


def test_person_properties_are_traits(world: CollectWorld) -> None:
    with_others, alone, once, unset = sent(
        world,
        an_event(uuid="1", properties={"total": 3, "$set": {"plan": "pro"}}),
        an_event(uuid="2", event="$set", properties={}, **{"$set": {"plan": "free"}}),
        an_event(uuid="3", event="$set_once", properties={}, **{"$set_once": {"plan": "trial"}}),
        an_event(uuid="4", event="$unset", properties={"$unset": ["plan", 3]}),
    )

    assert (with_others["type"], with_others["properties"], with_others["context"]["traits"]) == ("track", {"total": 3}, {"plan": "pro"})
    assert [(each["type"], each["traits"]) for each in (alone, once, unset)] == [
        ("identify", {"plan": "free"}),
        ("identify", {"plan": "trial"}),
        ("identify", {"plan": None}),
    ]


def test_a_page_view_is_a_page_and_a_screen_a_screen(world: CollectWorld) -> None:
    page, screen = sent(
        world,
        an_event(
            uuid="1",
            event="$pageview",
            properties={
                "$current_url": "https://shop.example/dress?size=38#top",
                "$pathname": "/dress",
                "$referrer": "https://search.example/",
                "title": "Dress",
                "prev": 1,
            },
        ),
        an_event(uuid="2", event="$screen", properties={"$screen_name": "Basket"}),
    )

    expected = {
        "url": "https://shop.example/dress?size=38#top",
        "path": "/dress",
        "search": "?size=38",
        "title": "Dress",
        "referrer": "https://search.example/",
    }
    assert (page["type"], page["properties"], page["context"]["page"]) == ("page", expected | {"prev": 1}, expected)
    assert (screen["type"], screen["name"]) == ("screen", "Basket")


def test_a_group_is_a_group(world: CollectWorld) -> None:
    """As posthog-node sends it with a person, and posthog-python without: there the distinct id is of its own making."""
    group = {"$group_type": "company", "$group_key": "c1", "$group_set": {"name": "Acme"}}
    with_person, without = sent(
        world,
        an_event(uuid="1", event="$groupidentify", properties=group),
        an_event(uuid="2", event="$groupidentify", distinct_id=DEVICE, properties=group),
    )
    made_up = world.post("/e/", an_event(event="$groupidentify", distinct_id="$company_c1", properties=group))

    assert (with_person["type"], with_person["groupId"], with_person["userId"]) == ("group", "c1", "u1")
    assert with_person["traits"] == {"name": "Acme", "group_type": "company"}
    assert (without.get("userId"), without["anonymousId"]) == (None, DEVICE)
    assert [each["code"] for each in made_up.json["rejected"]] == ["no_usable_identifier"]


def test_properties_of_the_library_and_the_device_are_context(world: CollectWorld) -> None:
    properties = {
        "$lib": "web",
        "$lib_version": "1.300.0",
        "$os": "iOS",
        "$os_version": "18.1",
        "$browser": "Mobile Safari",
        "$browser_version": 18.1,
        "$browser_language": "fr-FR",
        "$device_type": "Mobile",
        "$device_model": "iPhone17,1",
        "$screen_width": 390,
        "$screen_height": 844,
        "$timezone": "Europe/Paris",
        "$ip": "198.51.100.23",
        "$raw_user_agent": "Mozilla/5.0",
        "$app_version": "3.2",
        "$network_wifi": True,
        "$referrer": "$direct",
        "$groups": {"company": "c1"},
        "utm_source": "mail",
        "utm_campaign": "spring",
    }

    (message,) = sent(world, an_event(properties=properties))

    assert message["context"] == {
        "library": {"name": "web", "version": "1.300.0"},
        "os": {"name": "iOS", "version": "18.1"},
        "userAgentData": {"brands": [{"brand": "Mobile Safari", "version": "18.1"}], "mobile": True},
        "locale": "fr-FR",
        "device": {"type": "Mobile", "model": "iPhone17,1"},
        "screen": {"width": 390, "height": 844},
        "timezone": "Europe/Paris",
        "ip": "198.51.100.0",
        "userAgent": "Mozilla/5.0",
        "app": {"version": "3.2"},
        "network": {"wifi": True},
        "groupId": "c1",
        "campaign": {"source": "mail", "name": "spring"},
    }


def test_of_its_own_properties_those_with_a_meaning_are_kept(world: CollectWorld) -> None:
    kept = {
        "sku": "S1",
        "$session_id": "s",
        "$device_id": DEVICE,
        "$feature/checkout": "b",
        "$survey_response": "9",
        "$prev_pageview_duration": 3.5,
        "$groups": {"company": "c1", "team": "t1"},
    }
    dropped = {"$python_version": "3.13", "$is_server": True, "$geoip_disable": True, "$insert_id": "x", "$sdk_debug_x": 1, "token": "phc"}

    (message,) = sent(world, an_event(properties=kept | dropped))

    assert message["properties"] == kept
    assert "context" not in message, "of two groups none is the one"


@pytest.mark.parametrize("name", ["$snapshot", "$$heatmap", "$performance_event"])
def test_a_recording_of_the_screen_is_refused_by_name(world: CollectWorld, name: str) -> None:
    answer = world.post("/e/", an_event(event=name))

    assert [each["code"] for each in answer.json["rejected"]] == ["unsupported_event"]


@pytest.mark.parametrize("name", ["$autocapture", "$pageleave", "survey sent"])
def test_another_event_of_its_own_keeps_its_name(world: CollectWorld, name: str) -> None:
    assert sent(world, an_event(event=name))[0]["event"] == name


def test_an_event_of_which_both_messages_are_refused_is_refused_once_and_kept_as_it_was_sent(world: CollectWorld) -> None:
    refused = IDENTIFY | {"timestamp": "yesterday"}

    answer = world.post("/batch/", {"batch": [an_event(), refused, IDENTIFY, "none"], "sent_at": AT}, source="backend")

    assert [(each["index"], each["code"]) for each in answer.json["rejected"]] == [(1, "invalid_timestamp"), (3, "invalid_event")]
    assert [event.type for event in world.events()] == ["track", "identify", "alias"]
    kept = {reject.reject.index: reject.reject for reject in world.refused()}
    assert kept[1].body == orjson.dumps(refused)


def test_of_an_event_of_which_one_message_is_refused_the_other_is_kept(world: CollectWorld) -> None:
    """The alias's id is longer than an id may be."""
    answer = world.post("/e/", IDENTIFY | {"uuid": "x" * 97}, source="backend")

    assert [(each["index"], each["code"]) for each in answer.json["rejected"]] == [(0, "message_id_too_long")]
    assert [event.type for event in world.events()] == ["identify"]


def test_a_visitor_who_signs_in_is_one_person_with_all_that_went_before(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    world = pipeline.world
    viewed = an_event(event="Product Viewed", distinct_id=DEVICE, uuid="1", properties=WEB)
    paid = an_event(uuid="2", properties={"$lib": "posthog-python", "total": 40})

    world.post("/e/", [viewed, IDENTIFY], source="site")
    world.post("/batch/", {"batch": [paid]}, source="backend")

    profile = pipeline.profile("user_id:u1")
    assert profile.id == pipeline.profile(f"anonymous_id:{DEVICE}").id
    assert profile.traits["email"] == "a@b.fr"
    assert set(profile.occurrences) == {"Product Viewed", "Order Completed"}


def test_an_event_refused_as_its_client_sent_it_is_read_by_posthogs_rules_when_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The id is blocked at first, and no longer; the sender's clock is a minute ahead."""
    pipeline = Pipeline.new(monkeypatch)
    pipeline.world.access.document = dict(pipeline.world.definitions) | {"identity": {"blocked": {"values": ["vip"]}}}
    ahead = an_event(event="$pageview", distinct_id="vip", timestamp="2026-11-22T05:30:00.000Z")

    refused = pipeline.world.post("/batch/", {"batch": [an_event(), ahead], "sent_at": "2026-11-22T05:31:00.000Z"}, source="backend")
    (result,) = pipeline.retried(identity={})

    assert [(each["index"], each["code"]) for each in refused.json["rejected"]] == [(1, "no_usable_identifier")]
    assert (result.outcome, result.events) == (Outcome.ACCEPTED, 1)
    page = next(event for event in pipeline.world.events() if event.type == "page")
    assert (page.message["userId"], page.message["timestamp"]) == ("vip", AT)


def test_an_event_that_is_still_refused_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    pipeline.world.post("/batch/", {"batch": [IDENTIFY | {"timestamp": "yesterday"}, 3]}, source="backend")

    results = pipeline.retried()

    assert {result.outcome for result in results} == {Outcome.REFUSED}
    assert {result.code for result in results} >= {"invalid_timestamp"}
    assert len(pipeline.world.refused()) == 2


def test_an_alias_of_a_device_joins_it_to_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    viewed = an_event(event="Product Viewed", distinct_id=DEVICE, uuid="1", properties=WEB)
    alias = an_event(event="$create_alias", distinct_id=DEVICE, uuid="2", properties={"alias": "u1"})

    pipeline.world.post("/batch/", {"batch": [viewed, alias]}, source="backend")

    assert set(pipeline.profile("user_id:u1").occurrences) == {"Product Viewed"}


@pytest.mark.parametrize("new", ["alice", OTHER_DEVICE])
def test_an_alias_of_a_uuid_that_a_server_names_is_about_the_device_of_that_id(monkeypatch: pytest.MonkeyPatch, new: str) -> None:
    pipeline = Pipeline.new(monkeypatch)
    viewed = an_event(event="Product Viewed", distinct_id=DEVICE, uuid="1", properties=WEB)
    alias = an_event(event="$create_alias", distinct_id=DEVICE, uuid="2", properties={"$lib": "posthog-python", "alias": new})

    pipeline.world.post("/batch/", {"batch": [viewed, alias]}, source="backend")

    assert set(pipeline.profile(f"user_id:{new}").occurrences) == {"Product Viewed"}
    assert pipeline.profile(f"anonymous_id:{DEVICE}").id == pipeline.profile(f"user_id:{new}").id


def test_two_user_ids_stay_two_people_whatever_an_alias_says(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    server = {"$lib": "posthog-python"}
    cart = an_event(event="Cart Viewed", distinct_id="bob", uuid="1", properties=server)
    alias = an_event(event="$create_alias", distinct_id="bob", uuid="2", properties=server | {"alias": "alice"})

    pipeline.world.post("/batch/", {"batch": [cart, alias]}, source="backend")

    assert set(pipeline.profile("user_id:bob").occurrences) == {"Cart Viewed"}
    assert pipeline.profile("user_id:alice").id != pipeline.profile("user_id:bob").id


def test_what_was_refused_among_posthogs_events_is_tried_again_as_posthogs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, none of them says whose it is: what they were kept as does."""
    pipeline = Pipeline.new(monkeypatch)
    pipeline.world.access.document = dict(pipeline.world.definitions) | {"identity": {"blocked": {"values": ["vip"]}}}
    blocked = an_event(event="$identify", type="identify", distinct_id="vip", properties={"$set": {"plan": "pro"}})
    hopeless = [{"type": "identify", "event": "$identify", "userId": "x"}, [3, 4], {"batch": [5, 6]}, 7]

    pipeline.world.post("/batch/", {"batch": [an_event(uuid="1", type="capture"), blocked, *hopeless]}, source="backend")
    results = pipeline.retried(identity={})

    assert sorted((each.outcome, each.code or "") for each in results) == [
        (Outcome.ACCEPTED, ""),
        (Outcome.REFUSED, "event_missing"),
        (Outcome.REFUSED, "invalid_event"),
        (Outcome.REFUSED, "invalid_event"),
        (Outcome.REFUSED, "no_usable_identifier"),
    ]
    assert pipeline.profile("user_id:vip").traits == {"plan": "pro"}
