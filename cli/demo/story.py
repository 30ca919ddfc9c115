"""The demo day as data: one customer of the sample brand, met on six channels between a morning's advertisement and an evening's shop.

Who tells what: ``site`` is the shop's web site through Segment's Node SDK, ``backend`` and ``till`` are programs that use Segment's Python
SDK. After login, contact details and consents come from the backend: the site's key is public.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """``suffix`` sets plays apart: the same stack can see the day many times."""

    suffix: str
    first_name: str = "Jeanne"
    last_name: str = "Morel"

    @property
    def user_id(self) -> str:
        return f"u-{self.suffix}"

    @property
    def email(self) -> str:
        return f"jeanne.morel.{self.suffix}@example.com"

    @property
    def phone(self) -> str:
        """Only ever written to in the emulator. The range that is kept for fiction will not do: the numbering plan calls it invalid."""
        return f"+3361234{int(self.suffix, 36) % 10_000:04d}"

    @property
    def loyalty_card(self) -> str:
        return f"ONDINE-{self.suffix.upper()}"

    @property
    def cart(self) -> str:
        return f"cart-{self.suffix}"

    def order(self, where: str) -> str:
        return f"{where}-{self.suffix}".upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """A call of an SDK. The site adds the ids that its browser remembers; the others say whom they mean."""

    source: Literal["site", "backend", "till"]
    method: Literal["track", "page", "identify"]
    arguments: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowAd:
    """A click on an advertisement's signed link, from a browser that nobody knows."""

    target: str
    properties: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPixel:
    event: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMailLink:
    """The link in the newest e-mail, on another device: no cookie of the first visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitMessage:
    """Until one more message of this channel lies in the customer's mailbox."""

    channel: Literal["email", "sms"]
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitProfile:
    """Until the profile of ``identifier`` has all of these identifiers, traits, computed traits and segments, this many events of a name,
    and is in none of the segments of ``left``."""

    identifier: str
    what: str
    identifiers: tuple[str, ...] = ()
    traits: Json = field(default_factory=dict)
    computed: Json = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


type Act = Tell | FollowAd | LoadPixel | OpenMailLink | LogIn | AwaitMessage | AwaitProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    title: str
    acts: tuple[Act, ...]


_DRESS: Json = {"product_id": "RB-2071", "name": "Robe midi en lin", "price": 129.0, "currency": "EUR", "size": "38", "category": "Robes"}
_SCARF: Json = {"product_id": "FO-0318", "name": "Foulard en soie", "price": 59.0, "currency": "EUR", "category": "Accessoires"}
_SITE = "https://www.maison-ondine.example"


def demo_day(customer: Customer) -> tuple[Chapter, ...]:
    return (
        Chapter(title="A click on an Instagram advertisement lands on the site, anonymously", acts=_advertisement()),
        Chapter(title="She browses, and fills a cart", acts=_browsing(customer)),
        Chapter(title="At checkout she leaves an e-mail address, agrees to offers, and goes", acts=_checkout(customer)),
        Chapter(title="She is now among the cart abandoners; the reminder reaches her by e-mail", acts=_reminder(customer)),
        Chapter(title="She comes back on her telephone, through the link in that very e-mail, and logs in", acts=_return(customer)),
        Chapter(title="She orders: the confirmation reaches her by SMS, and she is a new customer", acts=_order(customer)),
        Chapter(title="She joins the loyalty programme; the welcome reaches her by e-mail", acts=_loyalty(customer)),
        Chapter(title="In the evening she buys in a store, with the loyalty card, and is no longer new", acts=_store(customer)),
    )


def _advertisement() -> tuple[Act, ...]:
    target = f"{_SITE}/robes?utm_source=instagram&utm_medium=paid_social&utm_campaign=lin-ete"
    return (
        FollowAd(target=target, properties={"placement": "stories", "creative": "lin-01"}),
        Tell(source="site", method="page", arguments={"name": "Robes", "properties": {"url": target, "title": "Robes"}}),
        LoadPixel(event="Lookbook Viewed", properties={"lookbook": "lin-ete"}),
    )


def _browsing(customer: Customer) -> tuple[Act, ...]:
    return (
        _site_track("Product Viewed", _DRESS),
        _site_track("Product Viewed", _SCARF),
        _site_track("Product Added", {**_DRESS, "cart_id": customer.cart, "quantity": 1}),
    )


def _checkout(customer: Customer) -> tuple[Act, ...]:
    return (
        _site_track("Checkout Started", {"cart_id": customer.cart, "value": 129.0, "currency": "EUR"}),
        Tell(source="site", method="identify", arguments={"traits": {"email": customer.email}}),
        _site_track("Consent Granted", {"topic": "offers", "channel": "email", "email": customer.email, "how": "checkout box"}),
        AwaitProfile(
            identifier=f"email:{customer.email}",
            what="the anonymous visit joined to the e-mail address",
            traits={"email": customer.email},
            events={"Product Added": 1, "Link Clicked": 1, "Lookbook Viewed": 1},
        ),
    )


def _reminder(customer: Customer) -> tuple[Act, ...]:
    return (
        AwaitProfile(identifier=f"email:{customer.email}", what="a cart abandoner", segments=("cart-abandoners",)),
        AwaitMessage(channel="email", what="the cart reminder"),
    )


def _return(customer: Customer) -> tuple[Act, ...]:
    return (
        OpenMailLink(),
        Tell(source="site", method="page", arguments={"name": "Panier", "properties": {"url": f"{_SITE}/panier", "title": "Panier"}}),
        LogIn(user_id=customer.user_id),
        Tell(source="backend", method="identify", arguments={"user_id": customer.user_id, "traits": _contact(customer)}),
        AwaitProfile(
            identifier=f"user_id:{customer.user_id}",
            what="both devices, the address and the account joined into one profile",
            identifiers=(f"email:{customer.email}", f"phone:{customer.phone}"),
            traits={"first_name": customer.first_name},
            events={"Product Added": 1},
        ),
    )


def _contact(customer: Customer) -> Json:
    return {
        "email": customer.email,
        "phone": customer.phone,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "address": {"city": "Nantes", "postal_code": "44000", "country": "FR"},
    }


def _order(customer: Customer) -> tuple[Act, ...]:
    order = {
        "order_id": customer.order("web"),
        "cart_id": customer.cart,
        "total": 129.0,
        "currency": "EUR",
        "sales_channel": "web",
        "products": [{**_DRESS, "quantity": 1}],
    }
    return (
        _backend_track(customer, "Order Completed", order),
        AwaitMessage(channel="sms", what="the order confirmation"),
        AwaitProfile(
            identifier=f"user_id:{customer.user_id}",
            what="a new customer who abandons no cart",
            computed={"order_count": 1, "lifetime_value": 129.0},
            segments=("new-customers",),
            left=("cart-abandoners",),
        ),
    )


def _loyalty(customer: Customer) -> tuple[Act, ...]:
    consent = {"topic": "loyalty", "channel": "email", "email": customer.email, "how": "membership form", "wording": "2026-01"}
    joined = {"card_id": customer.loyalty_card, "joined_in": "web"}
    return (
        _backend_track(customer, "Consent Granted", consent),
        _backend_track(customer, "Loyalty Joined", joined, context={"externalIds": [_card(customer)]}),
        AwaitMessage(channel="email", what="the loyalty welcome"),
    )


def _store(customer: Customer) -> tuple[Act, ...]:
    order = {
        "order_id": customer.order("store"),
        "total": 59.0,
        "currency": "EUR",
        "sales_channel": "store",
        "store": "Nantes, rue Crébillon",
        "products": [{**_SCARF, "quantity": 1}],
    }
    receipt = {
        "anonymous_id": f"receipt-{customer.order('store')}",
        "event": "Order Completed",
        "properties": order,
        "context": {"externalIds": [_card(customer)]},
    }
    return (
        Tell(source="till", method="track", arguments=receipt),
        AwaitProfile(
            identifier=f"user_id:{customer.user_id}",
            what="the store purchase on the same profile",
            identifiers=(f"loyalty_card:{customer.loyalty_card}",),
            computed={"order_count": 2, "lifetime_value": 188.0, "lifecycle": "retention"},
            events={"Order Completed": 2},
            segments=("omnichannel",),
            left=("new-customers",),
        ),
    )


def _card(customer: Customer) -> Json:
    return {"id": customer.loyalty_card, "type": "loyalty_card", "collection": "users", "encoding": "none"}


def _site_track(event: str, properties: Json) -> Tell:
    return Tell(source="site", method="track", arguments={"event": event, "properties": properties})


def _backend_track(customer: Customer, event: str, properties: Json, **more: Json) -> Tell:
    return Tell(source="backend", method="track", arguments={"user_id": customer.user_id, "event": event, "properties": properties, **more})
