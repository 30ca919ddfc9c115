"""A tracking plan where events come in: marked or refused, kept, and tried again."""

from typing import Any

import orjson
import pytest

from ariane.definitions.tracking_plan_document import plan_document
from ariane.definitions.tracking_plan_file import TrackingPlanFile
from ariane.events.retrying import Outcome
from ariane.events.tracking_plan import MOST_TOLD
from tests.builders.events import SOURCES, CollectWorld, a_message
from tests.builders.reject_desk import Desk


def plan(**file: Any) -> dict[str, Any]:
    return plan_document(TrackingPlanFile.model_validate_json(orjson.dumps(file)))


def world(**file: Any) -> CollectWorld:
    return CollectWorld(definitions={"sources": SOURCES, "identity": {}, "plan": plan(**file)})


GIFT = {"required": ["wrapping"], "properties": {"wrapping": {"type": "string", "enum": ["red", "blue"]}}}


def gift(**properties: Any) -> dict[str, Any]:
    return a_message(event="Gift Wrapped", properties=properties or None)


def test_an_event_as_planned_is_as_it_would_be_without_a_plan() -> None:
    planned, free = world(events={"Gift Wrapped": GIFT}), CollectWorld()
    for each in (planned, free):
        assert each.post("/v1/track", gift(wrapping="red")).json == {"success": True}

    assert planned.log.items() == free.log.items()


def test_an_event_that_is_not_as_planned_is_accepted_and_marked() -> None:
    collect = world(events={"Gift Wrapped": GIFT})
    answer = collect.post("/v1/track", gift(wrapping="green"))

    (event,) = collect.events()
    assert answer.json == {"success": True}
    assert event.message["context"]["violations"] == [
        {"field": "wrapping", "type": "enum", "description": "is none of the values that it may be"}
    ]
    assert collect.refused() == []


def test_a_marked_event_has_the_key_that_it_would_have_without_a_plan() -> None:
    marked, free = world(events={"Gift Wrapped": GIFT}), CollectWorld()
    for each in (marked, free):
        each.post("/v1/track", gift())

    assert [(item.person_id, item.sort) for item in marked.log.items()] == [(item.person_id, item.sort) for item in free.log.items()]


def test_a_client_cannot_mark_its_own_event() -> None:
    collect = world(events={"Gift Wrapped": GIFT})
    collect.post("/v1/track", {**gift(wrapping="red"), "context": {"violations": [{"field": "x"}]}})

    assert "violations" not in collect.events()[0].message.get("context", {})


def test_a_refused_event_is_answered_kept_and_harms_none_of_its_neighbours() -> None:
    collect = world(mode="reject", events={"Gift Wrapped": GIFT})
    answer = collect.post("/v1/batch", {"batch": [gift(wrapping="red"), gift(), a_message(messageId="m-2")]})

    message = "wrapping is required"
    assert answer.json == {"success": True, "rejected": [{"index": 1, "code": "tracking_plan", "message": message}]}
    assert len(collect.events()) == 2
    (kept,) = collect.refused()
    assert (kept.reject.code, kept.reject.message) == ("tracking_plan", message)


def test_a_refused_event_is_accepted_once_the_plan_allows_it() -> None:
    desk = Desk(world=world(mode="reject", events={"Gift Wrapped": GIFT}))
    desk.world.post("/v1/track", gift(wrapping="green"))
    first = desk.retries().retry(desk.only().id, by="support")
    desk.publish(plan=plan(mode="reject", events={"Gift Wrapped": {"required": ["wrapping"]}}))
    second = desk.retries().retry(desk.only().id, by="support")

    assert (first.outcome, first.code) == (Outcome.REFUSED, "tracking_plan")
    assert (second.outcome, second.events) == (Outcome.ACCEPTED, 1)
    assert desk.open() == []


@pytest.mark.parametrize(("unplanned", "marked", "refused"), [("allow", 0, 0), ("flag", 1, 0), ("reject", 0, 1)])
def test_a_name_outside_the_plan_is_what_the_plan_says(unplanned: str, marked: int, refused: int) -> None:
    collect = world(unplanned=unplanned)
    collect.post("/v1/track", gift())

    assert sum("violations" in event.message.get("context", {}) for event in collect.events()) == marked
    assert [each.reject.message for each in collect.refused()] == ["event is no name of the tracking plan"] * refused


@pytest.mark.parametrize("event", ["Order Completed", "Consent Withdrawn", "Link Clicked", "NPS Answered"])
def test_the_usual_names_are_never_unplanned(event: str) -> None:
    collect = world(unplanned="reject", standard="off")
    collect.post("/v1/track", a_message(event=event, properties=None))

    assert (len(collect.events()), collect.refused()) == (1, [])


def test_pages_and_other_types_are_in_no_plan() -> None:
    collect = world(unplanned="reject")
    collect.post("/v1/page", a_message(type="page", event=None, name="Home"))

    assert len(collect.events()) == 1


@pytest.mark.parametrize(
    ("event", "properties", "fields"),
    [
        ("Order Completed", {"order_id": "o", "total": "19.90", "products": [{"product_id": 5, "quantity": "2", "price": 3}]}, []),
        ("Order Completed", {"total": -1, "products": [{"price": "free"}]}, ["order_id", "total", "products[0].price"]),
        ("Product Added", {"product_id": "p", "cart_id": "c", "quantity": 1.5}, ["quantity"]),
        ("NPS Answered", {"score": "10"}, []),
        ("NPS Answered", {"score": 11}, ["score"]),
        ("NPS Answered", {"score": "11"}, ["score"]),
        ("CSAT Answered", {"score": 0}, ["score"]),
        ("CSAT Answered", {}, ["score"]),
        ("Support Call Received", {"duration": 320, "reason": "delivery"}, []),
        ("Store Visited", {"store": "lyon-2"}, []),
        ("Order Picked Up", {"order_id": "o", "store": 12}, []),
    ],
)
def test_the_usual_names_have_their_types(event: str, properties: dict[str, Any], fields: list[str]) -> None:
    collect = world()
    collect.post("/v1/track", a_message(event=event, properties=properties))

    (found,) = collect.events()
    assert [each["field"] for each in found.message.get("context", {}).get("violations", [])] == fields


def test_what_the_brand_says_of_a_usual_name_is_added_to_what_is_known_and_its_required_replaces() -> None:
    events = {
        "Order Completed": {"required": ["total"], "properties": {"sales_channel": {"enum": ["web", "store"]}, "tax": {"type": "string"}}}
    }
    collect = world(events=events)
    properties = {"sales_channel": "fax", "tax": "none", "shipping": True}
    collect.post("/v1/track", a_message(event="Order Completed", properties=properties))

    (found,) = collect.events()
    assert {each["field"] for each in found.message["context"]["violations"]} == {"total", "sales_channel", "shipping"}


def test_the_traits_of_an_identify_may_be_planned() -> None:
    collect = world(identify={"mode": "reject", "properties": {"birthday": {"type": "string", "format": "date"}}})
    for number, birthday in enumerate(["1990-02-28", "28/02/1990"]):
        collect.post("/v1/identify", {"messageId": f"m-{number}", "userId": "u", "traits": {"birthday": birthday}})

    assert [event.message["traits"]["birthday"] for event in collect.events()] == ["1990-02-28"]
    assert [each.reject.message for each in collect.refused()] == ["birthday is no date"]


def test_at_most_so_many_violations_are_told_of_one_event() -> None:
    events = {"Gift Wrapped": {"properties": {"all": {"items": {"type": "string"}}}}}
    collect = world(events=events)
    collect.post("/v1/track", gift(all=[*range(1_000)]))

    assert len(collect.events()[0].message["context"]["violations"]) == MOST_TOLD


def test_a_request_that_holds_more_than_can_be_checked_is_accepted_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ariane.events.tracking_plan.MOST_STEPS", 10)
    collect = world(events={"Gift Wrapped": {"properties": {"all": {"items": {"type": "integer"}}}}})
    collect.post("/v1/track", gift(all=[*range(1_000)]))

    assert [each["type"] for each in collect.events()[0].message["context"]["violations"]] == ["unchecked"]


def test_a_validating_request_tells_what_the_plan_would_refuse() -> None:
    collect = world(mode="reject", events={"gift": {"required": ["wrapping"]}})
    body = {"client_id": "c.1", "events": [{"name": "gift", "params": {}}]}
    answer = collect.deliver(_debug(collect, body))

    assert "wrapping" in answer.text


def _debug(collect: CollectWorld, body: dict[str, Any]) -> dict[str, Any]:
    from tests.builders.events import gateway_event

    query = f"measurement_id=G-1&api_secret={collect.keys['backend']}"
    return gateway_event("POST", "/debug/mp/collect", body=orjson.dumps(body), query=query)
