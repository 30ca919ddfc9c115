"""The brand of the simulated shop: its sources, topics and journeys, in two versions of which the second is published mid-run."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ariane.definitions.bundle import Bundle, version_of
from ariane.identity.rules import Rules
from ariane.journeys.entry_rules import entry_patterns
from ariane.messaging.templates import compile_template
from tests.builders.journeys import journey_of
from tests.builders.messaging import BRAND
from tests.faults.segment_brand import wanted

SOURCES: Mapping[str, Mapping[str, Any]] = {
    "site": {"kind": "browser", "default_country": "FR"},
    "app": {"kind": "app"},
    "backend": {"kind": "server", "default_country": "FR"},
    "till": {"kind": "store"},
    "history": {"kind": "import"},
}
_COUNTRIES = {name: source["default_country"] for name, source in SOURCES.items() if "default_country" in source}
IDENTITIES: Mapping[str, Mapping[str, Any]] = {
    "usual": {"countries": _COUNTRIES, "spread": 3},
    "tight": {
        "countries": _COUNTRIES,
        "spread": 2,
        "component_limit": 9,
        "protect": ["email"],
        "namespaces": {
            "user_id": {"priority": 1, "limit": 1, "unique": True},
            "email": {"priority": 2, "limit": 2, "normalise": "email"},
            "phone": {"priority": 3, "limit": {"count": 1, "within": "5 minutes"}, "normalise": "phone"},
            "loyalty_card": {"priority": 4, "limit": 1},
            "device_id": {"priority": 8, "limit": "none", "device": True},
            "anonymous_id": {"priority": 9, "limit": "none", "device": True},
        },
    },
}
"""Rules by name: as most brands have them, and tight enough for a few people to reach every limit within minutes."""
_TIGHT = IDENTITIES["tight"]
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "tight": _TIGHT,
    "looser": {
        "countries": _COUNTRIES,
        "spread": 3,
        "namespaces": _TIGHT["namespaces"]
        | {"email": {"priority": 2, "limit": 4, "normalise": "email"}, "phone": {"priority": 3, "limit": 3, "normalise": "phone"}},
    },
    "tighter": {
        "countries": _COUNTRIES,
        "spread": 1,
        "component_limit": 4,
        "protect": ["phone"],
        "namespaces": _TIGHT["namespaces"]
        | {
            "email": {"priority": 2, "limit": {"count": 1, "within": "10 minutes"}, "normalise": "email"},
            "phone": {"priority": 3, "limit": 2, "normalise": "phone"},
        },
    },
}
"""What the tight rules may become, and be again. Identifiers are written and ranked alike: collect knows nothing of the change."""
ALL_RULES: Mapping[str, Mapping[str, Any]] = {**IDENTITIES, **CHANGES}
CART = """
name: cart
entry: {event: Product Added, key: cart_id}
reentry: {after: 20 minutes, at_most: 3}
exit: {event: Order Completed, match: cart_id}
steps:
  - wait: 10 minutes
  - send: {channel: email, template: reminder, topic: offers}
  - wait: 40 seconds
  - send: {channel: sms, template: nudge, topic: offers}
"""
CART_LATER = """
name: cart
entry: {event: Product Added, key: cart_id}
reentry: {after: 20 minutes, at_most: 3}
exit: {event: Order Completed}
steps:
  - wait: 5 minutes
  - send: {channel: sms, template: hurry, topic: offers}
  - send: {channel: email, template: discount, topic: offers}
"""
CONFIRMATION = """
name: confirmation
entry: {event: Order Completed, key: order_id}
steps:
  - send: {channel: sms, template: confirmation, topic: orders}
  - wait: 30 seconds
  - send: {channel: email, template: receipt, topic: orders}
"""
WELCOME = """
name: welcome
entry: {event: Signed Up}
exit: {event: Account Closed}
reentry: {at_most: 2}
steps:
  - branch:
      - if: {trait: plan, equals: gold}
        then: [{send: {channel: email, template: gold, topic: offers}}]
      - else: [{send: {channel: email, template: hello, topic: offers}}]
  - wait: 2 minutes
  - send: {channel: sms, template: tips, topic: offers}
"""
CHANNELS: Mapping[str, str] = {
    "reminder": "email",
    "discount": "email",
    "receipt": "email",
    "gold": "email",
    "hello": "email",
    "nudge": "sms",
    "hurry": "sms",
    "confirmation": "sms",
    "tips": "sms",
}
_LISTENED = ("Product Added", "Order Completed", "Signed Up")
_AWAITED = ("Order Completed", "Account Closed")
LISTENED = frozenset((*_LISTENED, *_AWAITED))
"""Names of the events that are to be announced, whatever else happens."""


@cache
def bundle(*, is_later: bool = False, identity: str = "usual", has_segments: bool = False) -> Bundle:
    texts = (CART_LATER if is_later else CART, CONFIRMATION, WELCOME)
    journeys = dict(map(_published, texts))
    documents: dict[str, Mapping[str, Any]] = {
        "interest": {"entry": sorted(_LISTENED), "awaited": sorted(_AWAITED), "forward": []},
        "identity": ALL_RULES[identity],
        "messaging": BRAND,
        "collect": {"sources": SOURCES, "identity": ALL_RULES[identity]},
    }
    if has_segments:
        documents["profiles"] = wanted(int(is_later))
    return Bundle(documents, journeys)


@cache
def rules(*, is_later: bool = False) -> Mapping[str, Mapping[str, Any]]:
    """Journey -> the pattern of its rule on the bus."""
    return entry_patterns(bundle(is_later=is_later))


@cache
def identity_rules(identity: str) -> Rules:
    return Rules.from_document(ALL_RULES[identity])


@cache
def _template(name: str) -> Mapping[str, Any]:
    """Says of itself which it is, and for which entry event: an outbox is read without asking the ledger."""
    said = name + " for {{ event.properties.tag }}"
    if CHANNELS[name] == "sms":
        return compile_template({"fr/sms.txt": said}, compile_mjml=str)
    page = f'---\nsubject: "{said}"\n---\n<p>{said} <a href="{{{{ unsubscribe_url }}}}">Sortir</a></p>'
    return compile_template({"fr/email.mjml": page, "fr/email.txt": said}, compile_mjml=str)


def _published(text: str) -> tuple[str, dict[str, Any]]:
    journey = journey_of(text)
    sends = [node.template for node in journey.nodes if node.kind == "send"]
    content = {"name": journey.name, "definition": journey.as_json(), "templates": {name: _template(name) for name in sends}}
    return journey.name, {**content, "version": version_of(content)}
