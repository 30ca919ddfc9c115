"""The names that are known to every plan: Segment's e-commerce and mobile specs; what happens in stores, on the telephone, in surveys.

Types are as wide as those who count are: a numeric text is a number (a pixel's parameters are all text). ``docs/reference/events.md`` lists
what each field means.
"""

from collections.abc import Mapping
from typing import Any

type Schema = Mapping[str, Any]

_TEXT: Schema = {"type": "string"}
_ID: Schema = {"type": ["string", "integer"]}
_NUMBER: Schema = {"type": ["number", "string"], "pattern": r"^-?\d+(\.\d+)?$"}
_AMOUNT: Schema = {"type": ["number", "string"], "minimum": 0, "pattern": r"^\d+(\.\d+)?$"}
_COUNT: Schema = {"type": ["integer", "string"], "minimum": 0, "pattern": r"^\d+$"}
_FLAG: Schema = {"type": ["boolean", "string"], "enum": [True, False, "true", "false", "1", "0"]}
_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
_LIST: Schema = {"type": "array"}


def _all(schema: Schema, *names: str) -> dict[str, Schema]:
    return dict.fromkeys(names, schema)


def _event(*required: str, **properties: Schema) -> Schema:
    return {"properties": properties, **({"required": list(required)} if required else {})}


_PRODUCT: dict[str, Schema] = {
    **_all(_ID, "product_id", "sku"),
    **_all(_TEXT, "name", "brand", "category", "variant", "coupon", "url", "image_url"),
    "size": _ID,
    "price": _AMOUNT,
    "quantity": _COUNT,
    "position": _COUNT,
    "currency": _CURRENCY,
}
_PRODUCTS: Schema = {"type": "array", "items": {"type": "object", "properties": _PRODUCT}}
_LIST_OF_PRODUCTS: dict[str, Schema] = {**_all(_ID, "list_id"), "category": _TEXT, "products": _PRODUCTS}
_ORDER: dict[str, Schema] = {
    **_all(_ID, "order_id", "checkout_id", "cart_id"),
    **_all(_AMOUNT, "total", "subtotal", "value", "revenue", "shipping", "tax", "discount"),
    **_all(_TEXT, "affiliation", "coupon", "sales_channel"),
    "store": _ID,
    "currency": _CURRENCY,
    "products": _PRODUCTS,
}
_CHECKOUT_STEP: dict[str, Schema] = {
    **_all(_ID, "checkout_id", "order_id"),
    "step": _COUNT,
    **_all(_TEXT, "shipping_method", "payment_method"),
}
_PROMOTION: dict[str, Schema] = {"promotion_id": _ID, **_all(_TEXT, "creative", "name"), "position": _ID}
_COUPON: dict[str, Schema] = {**_all(_ID, "order_id", "cart_id", "coupon_id"), **_all(_TEXT, "coupon_name", "reason"), "discount": _AMOUNT}
_WISHLIST: dict[str, Schema] = {"wishlist_id": _ID, "wishlist_name": _TEXT, **_PRODUCT}
_ACCOUNT: dict[str, Schema] = _all(_TEXT, "type", "method", "username", "email")
_APP: dict[str, Schema] = {**_all(_ID, "version", "build"), **_all(_ID, "previous_version", "previous_build"), "from_background": _FLAG}
_MESSAGE: dict[str, Schema] = {**_all(_TEXT, "message_id", "channel", "template", "journey", "url")}
_CONSENT: dict[str, Schema] = _all(_TEXT, "topic", "channel", "email", "phone", "how", "wording")
_CASE: dict[str, Schema] = {
    **_all(_ID, "case_id", "order_id"),
    **_all(_TEXT, "subject", "status", "priority", "channel", "resolution"),
}
_STORE: dict[str, Schema] = {"store": _ID, "store_name": _TEXT}
_SURVEY: dict[str, Schema] = {**_all(_ID, "survey_id", "order_id", "store", "case_id"), "comment": _TEXT}


def _score(least: int, most: int) -> Schema:
    texts = "|".join(str(each) for each in range(least, most + 1))
    return {"type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": f"^({texts})$"}


STANDARD_EVENTS: Mapping[str, Schema] = {
    "Products Searched": _event("query", query=_TEXT),
    "Product List Viewed": _event(**_LIST_OF_PRODUCTS),
    "Product List Filtered": _event(**_LIST_OF_PRODUCTS, filters=_LIST, sorts=_LIST),
    "Promotion Viewed": _event(**_PROMOTION),
    "Promotion Clicked": _event(**_PROMOTION),
    "Product Clicked": _event("product_id", **_PRODUCT),
    "Product Viewed": _event("product_id", **_PRODUCT),
    "Product Added": _event("product_id", cart_id=_ID, **_PRODUCT),
    "Product Removed": _event("product_id", cart_id=_ID, **_PRODUCT),
    "Cart Viewed": _event(cart_id=_ID, products=_PRODUCTS),
    "Checkout Started": _event(**_ORDER),
    "Checkout Step Viewed": _event(**_CHECKOUT_STEP),
    "Checkout Step Completed": _event(**_CHECKOUT_STEP),
    "Payment Info Entered": _event(**_CHECKOUT_STEP),
    "Order Updated": _event("order_id", **_ORDER),
    "Order Completed": _event("order_id", **_ORDER),
    "Order Refunded": _event("order_id", **_ORDER),
    "Order Cancelled": _event("order_id", **_ORDER),
    "Coupon Entered": _event(**_COUPON),
    "Coupon Applied": _event(**_COUPON),
    "Coupon Denied": _event(**_COUPON),
    "Coupon Removed": _event(**_COUPON),
    "Product Added to Wishlist": _event("product_id", **_WISHLIST),
    "Product Removed from Wishlist": _event("product_id", **_WISHLIST),
    "Wishlist Product Added to Cart": _event("product_id", cart_id=_ID, **_WISHLIST),
    "Product Shared": _event("product_id", share_via=_TEXT, share_message=_TEXT, recipient=_TEXT, **_PRODUCT),
    "Cart Shared": _event(share_via=_TEXT, share_message=_TEXT, recipient=_TEXT, cart_id=_ID, products=_PRODUCTS),
    "Product Reviewed": _event("product_id", product_id=_ID, review_id=_ID, review_body=_TEXT, rating=_NUMBER),
    "Signed Up": _event(**_ACCOUNT),
    "Signed In": _event(**_ACCOUNT),
    "Signed Out": _event(**_ACCOUNT),
    "Account Created": _event(**_ACCOUNT),
    "Application Installed": _event(**_APP),
    "Application Opened": _event(**_APP, url=_TEXT, referring_application=_TEXT),
    "Application Updated": _event(**_APP),
    "Application Backgrounded": _event(),
    "Application Uninstalled": _event(),
    "Consent Granted": _event(**_CONSENT),
    "Consent Withdrawn": _event(**_CONSENT),
    "Email Opened": _event(**_MESSAGE),
    "Link Clicked": _event(**_MESSAGE),
    "Loyalty Joined": _event(card=_ID, tier=_TEXT, **_STORE),
    "Store Visited": _event("store", **_STORE),
    "Order Ready for Pick-up": _event("order_id", order_id=_ID, **_STORE),
    "Order Picked Up": _event("order_id", order_id=_ID, **_STORE),
    "Support Call Received": _event(call_id=_ID, duration=_AMOUNT, reason=_TEXT, agent=_TEXT, **_CASE),
    "Support Case Opened": _event("case_id", **_CASE),
    "Support Case Updated": _event("case_id", **_CASE),
    "Support Case Closed": _event("case_id", **_CASE),
    "NPS Answered": _event("score", score=_score(0, 10), **_SURVEY),
    "CSAT Answered": _event("score", score=_score(1, 5), **_SURVEY),
}
