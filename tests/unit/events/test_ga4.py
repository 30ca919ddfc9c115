"""GA4's Measurement Protocol: the examples of its documentation, tills that repeat themselves, and anything else that JSON can be."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ariane.errors import Rejected
from ariane.events.ga4 import read_events
from ariane.events.ga4_events import NAMES
from ariane.events.retrying import Outcome
from ariane.events.wire import Request
from tests.builders.events import RECEIVED, Answer, CollectWorld, gateway_event
from tests.builders.wires import Pipeline

PROJECT = Path(__file__).parents[3]
AT_MICROS = 1_795_325_340_000_000
"""2026-11-22T05:29:00Z."""
ITEM = {
    "item_id": "SKU_1",
    "item_name": "Dress",
    "item_brand": "Ariane",
    "item_category": "Dresses",
    "price": 40,
    "quantity": 2,
    "index": 0,
}
OTHER_ITEM = {"item_id": "SKU_2", "item_name": "Scarf", "item_category2": "Silk", "price": 10.5}
PURCHASE = {
    "name": "purchase",
    "params": {
        "transaction_id": "T-1",
        "currency": "EUR",
        "value": 90.5,
        "tax": 18.1,
        "shipping": 4.9,
        "coupon": "SPRING",
        "session_id": "s1",
        "items": [ITEM, OTHER_ITEM],
    },
}


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def collect(world: CollectWorld, document: Any, *, source: str = "till", path: str = "/mp/collect", key: str | None = None) -> Answer:
    query = urlencode({"measurement_id": "G-1", "api_secret": key or world.keys[source]})
    return world.deliver(gateway_event("POST", path, body=orjson.dumps(document), query=query))


def a_request(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"client_id": "123.456", "user_id": "u1", "events": list(events), **fields}


def messages(world: CollectWorld, *events: Any, **fields: Any) -> list[dict[str, Any]]:
    assert collect(world, a_request(*events, **fields)).json == {"success": True}
    return [dict(event.message) for event in world.events()]


def test_a_purchase_is_an_order_completed_with_segments_fields(world: CollectWorld) -> None:
    (message,) = messages(world, PURCHASE, timestamp_micros=AT_MICROS)

    assert (message["type"], message["event"], message["userId"], message["anonymousId"]) == ("track", "Order Completed", "u1", "123.456")
    assert message["timestamp"] == "2026-11-22T05:29:00.000Z"
    assert message["properties"] == {
        "order_id": "T-1",
        "currency": "EUR",
        "value": 90.5,
        "revenue": 90.5,
        "tax": 18.1,
        "shipping": 4.9,
        "total": 113.5,
        "coupon": "SPRING",
        "session_id": "s1",
        "products": [
            {
                "product_id": "SKU_1",
                "name": "Dress",
                "brand": "Ariane",
                "category": "Dresses",
                "price": 40,
                "quantity": 2,
                "position": 0,
            },
            {"product_id": "SKU_2", "name": "Scarf", "item_category2": "Silk", "price": 10.5},
        ],
    }


@pytest.mark.parametrize(
    ("params", "amounts"),
    [
        ({"value": 40}, {"revenue": 40, "total": 40}),
        ({"value": "40.10", "tax": "0.2"}, {"revenue": "40.10", "total": 40.3}),
        ({"value": 0.1, "shipping": 0.2}, {"revenue": 0.1, "total": 0.3}),
        ({"value": 40, "tax": "none"}, {"revenue": 40, "total": 40}),
        ({"value": 1e300}, {"revenue": 1e300}),
        ({"value": "forty"}, {}),
        ({"value": True}, {}),
        ({}, {}),
    ],
)
@pytest.mark.parametrize("name", ["purchase", "refund"])
def test_an_orders_total_is_its_value_with_tax_and_shipping(
    world: CollectWorld, name: str, params: dict[str, Any], amounts: dict[str, Any]
) -> None:
    (message,) = messages(world, {"name": name, "params": params | {"transaction_id": "T-1"}})

    assert {field: message["properties"][field] for field in ("revenue", "total") if field in message["properties"]} == amounts


@pytest.mark.parametrize(("theirs", "ours"), NAMES.items())
def test_an_ecommerce_event_has_the_name_of_segments(world: CollectWorld, theirs: str, ours: str) -> None:
    assert messages(world, {"name": theirs})[0]["event"] == ours


def test_every_translated_name_is_in_the_users_table() -> None:
    table = (PROJECT / "docs" / "how-to" / "wires" / "ga4.md").read_text()

    assert [name for pair in NAMES.items() for name in pair if name not in table] == []


def test_any_other_event_passes_under_its_own_name_with_its_own_parameters(world: CollectWorld) -> None:
    (message,) = messages(world, {"name": "tutorial_begin", "params": {"item_id": "x", "items": [ITEM], "transaction_id": "T-1"}})

    assert (message["event"], message["properties"]) == ("tutorial_begin", {"item_id": "x", "items": [ITEM], "transaction_id": "T-1"})


def test_the_fields_of_one_product_are_the_events_own(world: CollectWorld) -> None:
    one, two = messages(
        world,
        {"name": "add_to_cart", "params": {"currency": "EUR", "value": 80, "price": 39, "items": [ITEM]}},
        {"name": "add_to_cart", "params": {"items": [ITEM, OTHER_ITEM]}},
    )

    assert {name: one["properties"][name] for name in ("product_id", "name", "quantity", "price")} == {
        "product_id": "SKU_1",
        "name": "Dress",
        "quantity": 2,
        "price": 39,
    }
    assert (set(two["properties"]), len(two["properties"]["products"])) == ({"products"}, 2)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"name": "search", "params": {"search_term": "dress"}}, {"query": "dress"}),
        ({"name": "view_item_list", "params": {"item_list_id": "l1"}}, {"list_id": "l1"}),
        ({"name": "add_payment_info", "params": {"payment_type": "card"}}, {"payment_method": "card"}),
        ({"name": "add_shipping_info", "params": {"shipping_tier": "ground"}}, {"shipping_method": "ground"}),
        ({"name": "view_promotion", "params": {"promotion_id": "p", "creative_slot": "top"}}, {"promotion_id": "p", "position": "top"}),
        ({"name": "view_item", "params": {"items": "SKU_1"}}, {"items": "SKU_1"}),
        ({"name": "view_item", "params": {"items": ["SKU_1"]}}, {"products": ["SKU_1"]}),
    ],
)
def test_parameters_of_an_ecommerce_event_have_segments_names(world: CollectWorld, event: Any, expected: dict[str, Any]) -> None:
    assert messages(world, event)[0]["properties"] == expected


def test_page_and_screen_views_are_pages_and_screens(world: CollectWorld) -> None:
    page, screen = messages(
        world,
        {"name": "page_view", "params": {"page_location": "https://s.example/", "page_title": "Home", "session_id": "s1"}},
        {"name": "screen_view", "params": {"firebase_screen": "Basket"}},
    )

    seen = {"url": "https://s.example/", "title": "Home"}
    assert (page["type"], page["properties"], page["context"]["page"]) == ("page", seen | {"session_id": "s1"}, seen)
    assert (screen["type"], screen["name"]) == ("screen", "Basket")


def test_what_a_request_says_once_holds_for_each_event(world: CollectWorld) -> None:
    said = {
        "user_properties": {"tier": {"value": "gold"}, "old": {"value": None}, "bad": 3},
        "ip_override": "198.51.100.23",
        "user_agent": "Till/3",
        "device": {"category": "mobile", "brand": "Apple", "language": "fr", "operating_system": "iOS", "screen_resolution": "1x1"},
        "user_location": {"city": "Paris", "country_id": "FR", "region_id": 75},
    }

    first, second = messages(world, {"name": "login"}, {"name": "share"}, **said)

    assert first["context"] == second["context"]
    assert first["context"] == {
        "traits": {"tier": "gold", "old": None},
        "ip": "198.51.100.0",
        "userAgent": "Till/3",
        "device": {"type": "mobile", "manufacturer": "Apple"},
        "os": {"name": "iOS"},
        "locale": "fr",
        "location": {"city": "Paris", "country": "FR"},
    }


def test_an_apps_installation_is_an_anonymous_id_too(world: CollectWorld) -> None:
    assert collect(world, {"app_instance_id": "f" * 32, "events": [{"name": "login"}]}, source="app").json == {"success": True}
    assert world.events()[0].message["anonymousId"] == "f" * 32


@pytest.mark.parametrize("stated", [AT_MICROS, str(AT_MICROS), float(AT_MICROS)])
def test_an_event_has_its_own_time_before_the_requests(world: CollectWorld, stated: Any) -> None:
    own, inherited = messages(world, {"name": "a", "timestamp_micros": stated}, {"name": "b"}, timestamp_micros=AT_MICROS - 60_000_000)

    assert (own["timestamp"], inherited["timestamp"]) == ("2026-11-22T05:29:00.000Z", "2026-11-22T05:28:00.000Z")


@pytest.mark.parametrize("stated", [1_795_325_340_000, 0, -1, "yesterday", True, 1.5e15 + 0.5, 2**63, 10**18 * 9, [], "9" * 30])
def test_a_time_that_is_not_in_microseconds_is_refused(world: CollectWorld, stated: Any) -> None:
    """Milliseconds, which clocks give, would lie in January 1970."""
    answer = collect(world, a_request(PURCHASE, timestamp_micros=stated))

    assert [each["code"] for each in answer.json["rejected"]] == ["invalid_timestamp"]


@pytest.mark.parametrize("fields", [{}, {"timestamp_micros": AT_MICROS}], ids=["untimed", "timed"])
def test_a_till_that_repeats_a_purchase_is_heard_once(world: CollectWorld, fields: dict[str, Any]) -> None:
    """Together with another sale, or in another request: the transaction is the same one."""
    other = {"name": "purchase", "params": {"transaction_id": "T-2", "value": 3}}

    collect(world, a_request(PURCHASE, PURCHASE, **fields))
    collect(world, a_request(other, PURCHASE, **fields))

    ids = [event.message_id for event in world.events() if event.properties["order_id"] == "T-1"]
    assert len(set(ids)) == 1


def test_a_sale_repeated_without_a_time_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)

    collect(pipeline.world, a_request(PURCHASE))
    pipeline.world.now = RECEIVED.replace(minute=45)
    collect(pipeline.world, a_request(PURCHASE))

    assert len(pipeline.world.events()) == 2, "received at another time, it lies elsewhere in the log"
    assert pipeline.profile("user_id:u1").occurrences["Order Completed"].count == 1


def test_a_sale_repeated_with_a_fresh_time_and_other_parameters_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tills stamp the request when they send it, and number the session anew."""
    pipeline = Pipeline.new(monkeypatch)
    again = {"name": "purchase", "params": {**PURCHASE["params"], "session_id": "s2"}}  # type: ignore[dict-item]

    collect(pipeline.world, a_request(PURCHASE, timestamp_micros=AT_MICROS))
    collect(pipeline.world, a_request(again, timestamp_micros=AT_MICROS + 30_000_000))

    assert len({event.message_id for event in pipeline.world.events()}) == 1
    assert pipeline.profile("user_id:u1").occurrences["Order Completed"].count == 1


def test_the_same_number_at_another_till_is_another_sale(world: CollectWorld) -> None:
    collect(world, a_request(PURCHASE, client_id="till-1"))
    collect(world, a_request(PURCHASE, client_id="till-2"))

    assert len({event.message_id for event in world.events()}) == 2


def refund(**params: Any) -> dict[str, Any]:
    return {"name": "refund", "params": {"transaction_id": "T-1", **params}}


@pytest.mark.parametrize(
    ("first", "second", "days", "count"),
    [
        (refund(value=3), refund(value=3), 0, 1),
        (refund(value=3), refund(value=4), 0, 2),
        (refund(value=3), refund(value=3), 1, 2),
        (refund(value=3) | {"timestamp_micros": AT_MICROS}, refund(value=3) | {"timestamp_micros": AT_MICROS}, 1, 1),
        (refund(value=3) | {"timestamp_micros": AT_MICROS}, refund(value=3) | {"timestamp_micros": AT_MICROS + 1}, 0, 2),
    ],
    ids=["repeated", "another-part", "another-day", "timed", "of-another-time"],
)
def test_a_refund_is_known_again_by_all_that_it_says(world: CollectWorld, first: Any, second: Any, days: int, count: int) -> None:
    """An order is refunded in parts: its number alone is not the refund's."""
    collect(world, a_request(first))
    world.now = RECEIVED.replace(day=RECEIVED.day + days, minute=45)
    collect(world, a_request(second))

    assert len({event.message_id for event in world.events()}) == count


@pytest.mark.parametrize("number", [None, "", " ", True, {"a": 1}])
def test_a_sale_without_a_usable_number_is_no_repeat_of_another(world: CollectWorld, number: Any) -> None:
    for value in (1, 2):
        collect(world, a_request({"name": "purchase", "params": {"transaction_id": number, "value": value}}, timestamp_micros=AT_MICROS))

    assert len({event.message_id for event in world.events()}) == 2


def test_a_timed_request_sent_twice_lands_on_itself(world: CollectWorld) -> None:
    document = a_request(PURCHASE, {"name": "login"}, {"name": "login"}, timestamp_micros=AT_MICROS)

    collect(world, document)
    once = world.log.items()
    world.now = RECEIVED.replace(minute=45)
    collect(world, document)

    assert world.log.items() == once
    assert len({event.message_id for event in world.events()}) == 3, "the second login is another one"


def test_two_events_that_say_neither_when_nor_of_what_are_two(world: CollectWorld) -> None:
    scan = a_request({"name": "scan", "params": {"ean": "400"}})

    collect(world, scan)
    world.now = RECEIVED.replace(minute=45)
    collect(world, scan)

    assert len({event.message_id for event in world.events()}) == 2


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (a_request(*[{"name": "a"}] * 26), "too_many_events"),
        ({"client_id": "1.2"}, "events_missing"),
        ({"client_id": "1.2", "events": {}}, "events_missing"),
        (a_request({"name": "a"}, user_properties={"a": {"value": "x" * 40_000}}), "event_too_large"),
        ([], "invalid_json"),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_400_and_kept(world: CollectWorld, document: Any, code: str) -> None:
    answer = collect(world, document)

    assert (answer.status, answer.json["code"]) == (400, code)
    assert [reject.reject.code for reject in world.refused()] == [code]


def test_a_bad_event_is_kept_as_a_request_of_its_own_and_harms_no_other(world: CollectWorld) -> None:
    answer = collect(world, a_request(PURCHASE, {"name": " "}, 3, {"name": "a", "params": []}, timestamp_micros=AT_MICROS))

    assert (answer.status, answer.json["success"], len(world.events())) == (200, True, 1)
    assert [(each["index"], each["code"]) for each in answer.json["rejected"]] == [
        (1, "event_missing"),
        (2, "invalid_event"),
        (3, "not_an_object"),
    ]
    kept = {reject.reject.index: orjson.loads(reject.reject.body) for reject in world.refused()}
    assert kept[1] == a_request({"name": " "}, timestamp_micros=AT_MICROS)


def test_a_refused_event_is_tried_again_with_all_that_its_request_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)
    pipeline.world.access.document = dict(pipeline.world.definitions) | {"identity": {"blocked": {"values": ["u9"]}}}
    document = {"user_id": "u9", "events": [PURCHASE], "timestamp_micros": AT_MICROS, "user_properties": {"tier": {"value": "gold"}}}

    collect(pipeline.world, document)
    (result,) = pipeline.retried(identity={})

    assert (result.outcome, result.events) == (Outcome.ACCEPTED, 1)
    assert pipeline.profile("user_id:u9").traits == {"tier": "gold"}
    once = pipeline.world.log.items()
    pipeline.world.now = RECEIVED.replace(minute=45)
    collect(pipeline.world, document)
    assert len(pipeline.world.log.items()) == len(once), "the till that repeats it lands on what was tried again"


def test_an_unknown_secret_is_answered_401(world: CollectWorld) -> None:
    answer = collect(world, a_request(PURCHASE), key="wk_nobody")

    assert (answer.status, answer.json["code"]) == (401, "unknown_write_key")


@pytest.mark.parametrize(
    ("document", "field", "code"),
    [
        (a_request(*[{"name": "a"}] * 26), "events", "EXCEEDED_MAX_ENTITIES"),
        (a_request({}), "events", "NAME_INVALID"),
        (a_request({"name": "a"}, timestamp_micros=3), "timestamp_micros", "VALUE_INVALID"),
        ({"events": [{"name": "a"}]}, "client_id", "VALUE_REQUIRED"),
        ({}, "events", "VALUE_REQUIRED"),
        (3, "events", "VALUE_INVALID"),
    ],
)
def test_the_validation_server_says_what_would_be_refused_and_keeps_nothing(
    world: CollectWorld, document: Any, field: str, code: str
) -> None:
    answer = collect(world, document, path="/debug/mp/collect")

    assert answer.status == 200
    assert [(each["fieldPath"], each["validationCode"]) for each in answer.json["validationMessages"]] == [(field, code)]
    assert (world.events(), world.refused()) == ([], [])


def test_the_validation_server_finds_nothing_in_a_good_request_and_stores_none_of_it(world: CollectWorld) -> None:
    answer = collect(world, a_request(PURCHASE), path="/debug/mp/collect")

    assert (answer.json, world.events()) == ({"validationMessages": []}, [])


def test_a_sale_at_the_till_is_of_the_customer_whose_card_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody pays at the same till: its device is nobody's."""
    pipeline = Pipeline.new(monkeypatch)
    other = PURCHASE["params"] | {"transaction_id": "T-2"}  # type: ignore[operator]

    collect(pipeline.world, a_request(PURCHASE, user_id="u1", timestamp_micros=AT_MICROS, user_properties={"tier": {"value": "gold"}}))
    collect(pipeline.world, a_request({"name": "purchase", "params": other}, user_id="u2", timestamp_micros=AT_MICROS))

    first, second = pipeline.profile("user_id:u1"), pipeline.profile("user_id:u2")
    assert (first.traits, set(first.occurrences)) == ({"tier": "gold"}, {"Order Completed"})
    assert (first.id != second.id, second.traits) == (True, {})


def test_a_visitor_who_signs_in_is_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.new(monkeypatch)

    collect(pipeline.world, {"client_id": "1.2", "events": [{"name": "view_item"}], "timestamp_micros": AT_MICROS}, source="site")
    collect(pipeline.world, a_request({"name": "login"}, client_id="1.2", timestamp_micros=AT_MICROS), source="site")

    assert set(pipeline.profile("user_id:u1").occurrences) == {"Product Viewed", "login"}


FIELDS = [
    "client_id",
    "user_id",
    "timestamp_micros",
    "user_properties",
    "device",
    "user_location",
    "ip_override",
    "value",
    "name",
    "params",
]
PARAMS = ["transaction_id", "value", "tax", "shipping", "items", "page_location", "screen_name", "item_id", "language", "city"]
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20)
names = st.sampled_from(FIELDS + PARAMS) | st.text(max_size=4)
anything: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6), max_leaves=25
)
events = st.fixed_dictionaries(
    {"name": st.sampled_from([*NAMES, "page_view", "screen_view", "e"]) | scalars},
    optional={"params": st.dictionaries(st.sampled_from(PARAMS), anything, max_size=6) | anything, "timestamp_micros": anything},
)
requests = st.fixed_dictionaries(
    {"client_id": st.just("1.2") | scalars, "events": st.lists(events | anything, max_size=4)},
    optional=dict.fromkeys(FIELDS[1:8], anything),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=requests | anything)
def test_no_json_makes_the_reader_fail_otherwise_than_by_refusing(document: Any) -> None:
    try:
        submission = read_events(Request(method="POST", path="/mp/collect", body=orjson.dumps(document), received_at=RECEIVED))
    except Rejected:
        return
    assert submission.origins is not None
    assert len(submission.origins) == len(submission.items) == len(document["events"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=requests)
def test_any_request_sent_twice_is_logged_once_and_validated_as_it_is_answered(document: dict[str, Any]) -> None:
    world = CollectWorld()

    validated = collect(world, document, path="/debug/mp/collect")
    first = collect(world, document)
    once = world.log.items()
    again = collect(world, document)

    assert first == again
    assert world.log.items() == once
    if first.status == 200:
        assert len(validated.json["validationMessages"]) == len(first.json.get("rejected", ()))
        assert len(document["events"]) == len(first.json.get("rejected", ())) + len(world.events())
    else:
        assert [each["code"] for each in validated.json["validationMessages"]] == [first.json["code"]]
