"""GA4's events as messages of the Segment spec. The tables are those of ``docs/how-to/wires/ga4.md``."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ariane.errors import Rejected
from ariane.events.measure import canonical
from ariane.instants import format_instant

if TYPE_CHECKING:
    from decimal import Decimal

NAMES: Mapping[str, str] = {
    "add_payment_info": "Payment Info Entered",
    "add_shipping_info": "Checkout Step Completed",
    "add_to_cart": "Product Added",
    "add_to_wishlist": "Product Added to Wishlist",
    "begin_checkout": "Checkout Started",
    "purchase": "Order Completed",
    "refund": "Order Refunded",
    "remove_from_cart": "Product Removed",
    "search": "Products Searched",
    "select_item": "Product Clicked",
    "select_promotion": "Promotion Clicked",
    "view_cart": "Cart Viewed",
    "view_item": "Product Viewed",
    "view_item_list": "Product List Viewed",
    "view_promotion": "Promotion Viewed",
}
"""Ecommerce events -> Segment's. Every other event keeps its name."""
_PARAMETERS: Mapping[str, str] = {
    "creative_name": "creative",
    "creative_slot": "position",
    "item_list_id": "list_id",
    "payment_type": "payment_method",
    "promotion_name": "name",
    "search_term": "query",
    "shipping_tier": "shipping_method",
    "transaction_id": "order_id",
}
_PAGE: Mapping[str, str] = {"page_location": "url", "page_title": "title", "page_referrer": "referrer", "page_path": "path"}
_ITEM: Mapping[str, str] = {
    "index": "position",
    "item_brand": "brand",
    "item_category": "category",
    "item_id": "product_id",
    "item_list_id": "list_id",
    "item_name": "name",
    "item_variant": "variant",
}
_ORDERS = frozenset({"purchase", "refund"})
_DEVICE: Mapping[str, tuple[str, str]] = {
    "category": ("device", "type"),
    "brand": ("device", "manufacturer"),
    "model": ("device", "model"),
    "operating_system": ("os", "name"),
    "operating_system_version": ("os", "version"),
}
_LOCATION: Mapping[str, str] = {"city": "city", "country_id": "country", "region_id": "region"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIXTEEN_DIGITS = 10**15
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_MAX_AMOUNT = 2**53
"""Beyond, a float is not exact to the unit."""


def messages_of(envelope: Mapping[str, Any], events: Sequence[Any], *, received_on: date) -> list[Any]:
    """One message per event, not validated; a ``Rejected`` for what is none, and the event itself where it is no object."""
    seen: Counter[bytes] = Counter()
    return [_message(envelope, event, seen, received_on) if isinstance(event, Mapping) else event for event in events]


def context_of(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says once for all of its events; ``user_properties`` are traits."""
    context: dict[str, Any] = {"ip": envelope.get("ip_override"), "userAgent": envelope.get("user_agent")}
    device = _mapping(envelope.get("device"))
    for name, (group, field) in _DEVICE.items():
        if isinstance(device.get(name), str):
            context.setdefault(group, {})[field] = device[name]
    context["locale"] = device.get("language")
    location = _mapping(envelope.get("user_location"))
    context["location"] = {theirs: location[ours] for ours, theirs in _LOCATION.items() if isinstance(location.get(ours), str)}
    properties = _mapping(envelope.get("user_properties"))
    context["traits"] = {name: each.get("value") for name, each in properties.items() if isinstance(each, Mapping)}
    return {name: value for name, value in context.items() if value not in (None, {}, "")}


def _message(envelope: Mapping[str, Any], event: Mapping[str, Any], seen: Counter[bytes], received_on: date) -> Any:
    if not isinstance(event.get("params"), Mapping | None):
        return Rejected("not_an_object", "params is not a JSON object")
    try:
        timed = _time(envelope, event)
        day = None if timed else received_on
        return {**_meaning(event), **_who(envelope), **timed, **_identity(envelope, event, seen, untimed_of=day)}
    except Rejected as error:
        return error


def _who(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """A site's visitor (``client_id``) or an app's installation."""
    return {"userId": envelope.get("user_id"), "anonymousId": envelope.get("client_id") or envelope.get("app_instance_id")}


def _time(envelope: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, str]:
    stated = event.get("timestamp_micros")
    stated = envelope.get("timestamp_micros") if stated is None else stated
    if stated is None:
        return {}
    micros = _integer(stated)
    if micros is None or micros < _SIXTEEN_DIGITS:
        raise Rejected("invalid_timestamp", "timestamp_micros is not a time in microseconds (16 digits)")
    try:
        return {"timestamp": format_instant(_EPOCH + timedelta(microseconds=micros))}
    except (OverflowError, ValueError) as error:
        raise Rejected("invalid_timestamp", "timestamp_micros is beyond the calendar") from error


def _integer(value: Any) -> int | None:
    """Numbers come as text too, and as floats from languages without integers."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole and not isinstance(value, bool) else None


def _identity(envelope: Mapping[str, Any], event: Mapping[str, Any], seen: Counter[bytes], *, untimed_of: date | None) -> dict[str, str]:
    """The protocol has no event id. A purchase is known by its transaction: clients stamp anew what they repeat.

    Any other is known by its content, so that a repeated request has the same; a refund without a time by its day too, as an order is
    refunded in parts that may be equal. Of other events that are equal to the microsecond, the second in a request is another one. Without
    either, two that are equal may be two happenings: they are kept apart, at least once.
    """
    transaction = _transaction(event)
    if transaction is None and untimed_of is not None:
        return {}
    if transaction is not None and event.get("name") == "purchase":
        who = next((envelope[name] for name in ("client_id", "app_instance_id", "user_id") if envelope.get(name)), None)
        return _hashed(canonical({"who": who, "event": "purchase", "transaction_id": transaction}))
    named = {name: envelope.get(name) for name in ("client_id", "app_instance_id", "user_id", "timestamp_micros")}
    content = canonical({**named, "event": event} | ({"day": untimed_of.isoformat()} if untimed_of else {}))
    seen[content] += 1
    return _hashed(content, place=1 if transaction is not None else seen[content])


def _transaction(event: Mapping[str, Any]) -> str | None:
    """A number and the same as text are one."""
    value = _mapping(event.get("params")).get("transaction_id")
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return text or None


def _hashed(content: bytes, *, place: int = 1) -> dict[str, str]:
    return {"messageId": "ga4-" + sha256(content + b"/%d" % place).hexdigest()[:32]}


def _meaning(event: Mapping[str, Any]) -> dict[str, Any]:
    name, parameters = event.get("name"), _mapping(event.get("params"))
    if not isinstance(name, str) or not name.strip():
        raise Rejected("event_missing", "an event needs name")
    page = {_PAGE[each]: parameters[each] for each in _PAGE if isinstance(parameters.get(each), str)}
    context = {"context": {"page": page}} if page else {}
    if name == "page_view":
        rest = {each: value for each, value in parameters.items() if each not in _PAGE}
        return {"type": "page", "properties": page | rest, **context}
    if name == "screen_view":
        return {
            "type": "screen",
            "name": parameters.get("screen_name") or parameters.get("firebase_screen"),
            "properties": dict(parameters),
        }
    return {"type": "track", "event": NAMES.get(name, name), "properties": _properties(name, parameters), **context}


def _properties(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    if name not in NAMES:
        return dict(parameters)
    properties = {_PARAMETERS.get(each, each): value for each, value in parameters.items() if each != "items"}
    items = parameters.get("items")
    if isinstance(items, list):
        properties["products"] = products = [_product(item) for item in items]
        if name not in _ORDERS and len(products) == 1 and isinstance(products[0], Mapping):
            properties = {**products[0], **properties}
    elif items is not None:
        properties["items"] = items
    return properties | _amounts(parameters) if name in _ORDERS else properties


def _product(item: Any) -> Any:
    return {_ITEM.get(name, name): value for name, value in item.items()} if isinstance(item, Mapping) else item


def _amounts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """GA4's ``value`` of an order is without tax and shipping, which is Segment's ``revenue``; its ``total`` is with them."""
    value, tax, shipping = (_amount(parameters.get(name)) for name in ("value", "tax", "shipping"))
    if value is None:
        return {}
    total = value + (tax or 0) + (shipping or 0)
    return {"revenue": parameters["value"], **({"total": _written(total)} if abs(total) < _MAX_AMOUNT else {})}


def _amount(value: Any) -> "Decimal | None":
    """Shops' templates write amounts as text as often as not."""
    from decimal import Decimal  # five milliseconds of a cold start, which only an order pays

    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return Decimal(str(value)) if not isinstance(value, str) or _DECIMAL.fullmatch(value) else None


def _written(amount: "Decimal") -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
