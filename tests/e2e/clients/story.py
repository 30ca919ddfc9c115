"""What every SDK with Segment's six calls is told: a visitor becomes a customer, in batches of three."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cli.waiting import wait_for
from tests.e2e.clients.running import Call, Run
from tests.e2e.world import World, fresh

_NAMED_BY = {"track": "event", "page": "name", "screen": "name"}
TRAITS = {"plan": "gold", "seats": 2, "is_vip": True, "address": {"city": "Évry", "postal_code": "91000"}}
GIFT = "Cadeau ajouté ✓"


@dataclass(frozen=True, slots=True)
class Story:
    user: str
    batches: Sequence[Sequence[Call]]

    def events(self) -> Counter[tuple[str, str | None]]:
        """(type, name) of every call, as a timeline shows it."""
        return Counter(named(call["method"], call["message"]) for batch in self.batches for call in batch)

    def traits(self) -> Mapping[str, Any]:
        return TRAITS | {"email": f"{self.user}@example.com"}


def new_story() -> Story:
    user, visitor = fresh("sdk"), str(uuid4())
    at_first: list[Call] = [
        {"method": "page", "message": {"anonymousId": visitor, "name": "Accueil", "properties": {"path": "/"}}},
        {"method": "track", "message": {"anonymousId": visitor, "event": "Product Viewed", "properties": {"sku": "S1", "price": 49.9}}},
        {"method": "identify", "message": {"anonymousId": visitor, "traits": {"plan": "trial"}}},
    ]
    known: list[Call] = [
        {"method": "alias", "message": {"previousId": visitor, "userId": user}},
        {"method": "identify", "message": {"userId": user, "traits": TRAITS | {"email": f"{user}@example.com"}}},
        {"method": "group", "message": {"userId": user, "groupId": "maison", "traits": {"name": "Maison Ondine"}}},
    ]
    later: list[Call] = [
        {"method": "screen", "message": {"userId": user, "name": "Panier", "properties": {"items": 1}}},
        {"method": "track", "message": {"userId": user, "event": GIFT, "properties": {"lines": [{"sku": "S1", "quantity": 2}]}}},
        {"method": "track", "message": {"userId": user, "event": "Order Refunded", "properties": {"total": 49.9, "currency": "EUR"}}},
    ]
    return Story(user, [at_first, known, later])


def named(kind: str, message: Mapping[str, Any]) -> tuple[str, str | None]:
    return kind, message.get(_NAMED_BY.get(kind, ""))


def assert_told_once(world: World, story: Story, sent: Sequence[str]) -> None:
    """Every event stands once in the customer's timeline, the visitor's among them, and the traits are the latest."""
    timeline = world.timeline_with(f"user_id:{story.user}", *sent)
    assert Counter((entry["type"], entry["event"]) for entry in timeline) == story.events()
    assert sorted(entry["messageId"] for entry in timeline) == sorted(sent)
    assert world.profile_with(f"user_id:{story.user}", **story.traits())


def message_ids(ran: Run) -> list[str]:
    """As the SDK made them."""
    return [item["messageId"] for body in ran.wire.bodies() for item in body["batch"]]


def told(world: World, identifier: str, *events: tuple[str, str | None]) -> list[dict[str, Any]]:
    """The timeline of somebody of whom exactly these (type, name) are told."""
    timeline = wait_for(f"{len(events)} events of {identifier}", lambda: timeline_of(world, identifier, len(events)))
    assert Counter((entry["type"], entry["event"]) for entry in timeline) == Counter(events)
    return timeline


def timeline_of(world: World, identifier: str, least: int) -> list[dict[str, Any]] | None:
    timeline = world.api.timeline(identifier) if world.api.find_profile(identifier) else []
    return timeline if len(timeline) >= least else None
