"""What a shop's visitors send: events of about 700 bytes as analytics.js batches them, the same at every run."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from ariane.instants import format_instant

type Json = dict[str, Any]

TRIGGER = "Product Added"
"""What starts a journey of the sample brand. Nothing else in the traffic that counts does."""
BROWSED = (
    "Product Viewed",
    "Product List Viewed",
    "Product Clicked",
    "Products Searched",
    "Product Viewed",
    "Cart Viewed",
    "Product Viewed",
)
KNOWN = (
    *(
        "Product Viewed",
        "Product List Viewed",
        "Product Clicked",
        "Products Searched",
        "Cart Viewed",
        "Product Removed",
        "Checkout Started",
    ),
    *("Promotion Viewed", "Coupon Applied", "Product Added to Wishlist", "Signed In", "Store Stock Checked", "Size Guide Opened"),
)
"""With ``$page`` and ``Product Added``: the fifteen names that a known customer's profile counts. The last two are a brand's own."""
_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
)
_NAMES = ("Camille Durand", "Louis Martin", "Inès Lefèvre", "Hugo Bernard", "Manon Girard", "Noé Petit", "Zoé Robert", "Léa Moreau")
_PRODUCTS = ("Veste en lin", "Robe midi plissée", "Pull col rond mérinos", "Jean droit brut", "Chemise oxford", "Manteau long laine")
_CITIES = (("Lyon", "69003"), ("Villeurbanne", "69100"), ("Paris", "75011"), ("Nantes", "44000"), ("Lille", "59800"))


@dataclass(slots=True)
class Person:
    """``chance`` makes whatever a person does repeatable."""

    number: int
    chance: random.Random = field(init=False)
    anonymous_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.number)  # noqa: S311 - traffic, not secrets
        self.renew_cookie()

    @property
    def user_id(self) -> str:
        return f"c{1_000_000 + self.number * 7_919}"

    def renew_cookie(self) -> None:
        """Browsers do so every week or so: the next event links a new identifier."""
        self.anonymous_id = self._uuid()

    def browse(self, name: str, at: datetime) -> Json:
        """A track event; ``$page`` is a page."""
        kind = {"type": "page", "name": "Home"} if name == "$page" else {"type": "track", "event": name}
        return {**self._envelope(at), **kind, "properties": self._page() if name == "$page" else self._product(name)}

    def identify(self, at: datetime) -> Json:
        """A dozen traits, as a sign-in sends them."""
        first, _, last = _NAMES[self.number % len(_NAMES)].partition(" ")
        city, postal_code = _CITIES[self.number % len(_CITIES)]
        chance = self.chance
        traits = {
            "email": f"{first}.{last}{self.number}@example.fr".lower(),
            "phone": f"+3361{chance.randrange(10_000_000):07d}",
            "firstName": first,
            "lastName": last,
            "birthday": f"19{chance.randrange(55, 99)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
            "gender": chance.choice(("female", "male")),
            "address": {"city": city, "country": "FR", "postalCode": postal_code},
            "language": "fr",
            "loyalty_tier": chance.choice(("gold", "silver", "bronze")),
            "loyalty_points": chance.randrange(9_000),
            "favourite_store": f"{city} Centre",
            "newsletter": True,
        }
        return {**self._envelope(at), "type": "identify", "traits": traits}

    def order(self, at: datetime, number: int) -> Json:
        chance = self.chance
        products: list[Json] = [
            {
                "product_id": f"P{chance.randrange(9_000)}",
                "category": chance.choice(("shoes", "dresses", "knitwear", "jeans", "coats", "shirts")),
                "size": chance.choice(("S", "M", "L", "38", "39")),
                "price": chance.choice((29.9, 49.9, 89.0, 129.0)),
                "quantity": 1,
            }
            for _ in range(chance.randrange(1, 4))
        ]
        told = {
            "order_id": f"O{self.number}-{number}",
            "total": round(sum(each["price"] for each in products), 2),
            "currency": "EUR",
            "sales_channel": chance.choice(("web", "web", "app", "store")),
            "products": products,
        }
        return {**self._envelope(at), "type": "track", "event": "Order Completed", "properties": told}

    def _envelope(self, at: datetime) -> Json:
        path = f"/p/{_slug(self.chance.choice(_PRODUCTS))}"
        page = {"path": path, "referrer": "", "search": "", "title": "Boutique"}
        return {
            "timestamp": format_instant(at),
            "integrations": {"Segment.io": True},
            "userId": self.user_id,
            "anonymousId": self.anonymous_id,
            "messageId": f"ajs-next-{int(at.timestamp() * 1_000)}-{self._uuid()}",
            "context": {
                "page": {**page, "url": f"https://www.shop.example{path}"},
                "userAgent": _AGENTS[self.number % len(_AGENTS)],
                "locale": "fr-FR",
                "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
                "timezone": "Europe/Paris",
            },
            "writeKey": "wk_0123456789abcdef",
        }

    def _product(self, name: str) -> Json:
        chance, product = self.chance, self.chance.choice(_PRODUCTS)
        cart = {"cart_id": f"cart-{chance.randrange(10**9)}"} if name == TRIGGER else {}
        price = chance.choice((29.9, 49.9, 89.0, 129.0))
        return {"product_id": f"P{chance.randrange(9_000)}", "name": product, "price": price, **cart}

    def _page(self) -> Json:
        return {"path": "/", "referrer": "", "search": "", "title": "Boutique", "url": "https://www.shop.example/"}

    def _uuid(self) -> str:
        return str(UUID(int=self.chance.getrandbits(128), version=4))


def _slug(text: str) -> str:
    return text.lower().replace(" ", "-").replace("é", "e")


def past_of(person: Person, until: datetime, *, events: int) -> list[Json]:
    """What makes a stranger a well-known customer: every name seen, the traits set, the ring full. Over the days before ``until``."""
    names = [KNOWN[place % len(KNOWN)] if place % 6 else "$page" for place in range(events - 2)]
    at = until - timedelta(days=9)
    sent: list[Json] = [person.identify(at)]
    for name in [TRIGGER, *names]:
        at += timedelta(seconds=person.chance.randrange(4, 240)) + (timedelta(hours=20) if person.chance.random() < 0.12 else timedelta())
        sent.append(person.browse(name, min(at, until - timedelta(hours=1))))
    return sent


def orders_of(person: Person, until: datetime, *, number: int) -> list[Json]:
    """Over the two years before ``until``, the oldest first; each of one to three products."""
    apart = timedelta(days=730) / max(1, number)
    return [person.order(until - apart * (number - place) + timedelta(days=1), place) for place in range(number)]


def mean_size(batches: Sequence[Sequence[Json]]) -> float:
    """Bytes of one event as it is sent."""
    sizes = [len(orjson.dumps(event)) for batch in batches for event in batch]
    return sum(sizes) / len(sizes)
