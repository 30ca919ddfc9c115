"""What a sales assistant is shown: what helps, in words, by a bounded reading, and nothing that tells who somebody is but the name."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.definitions.customer_view import CustomerView
from ariane.events.model import Message, SourceKind
from ariane.instants import format_instant
from ariane.messaging.brand import Brand
from ariane.profiles import counter_events
from ariane.profiles.asked_person import Asking
from ariane.profiles.computing import Computing
from ariane.profiles.counter_products import MOST_LOOKUPS
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.reader import ProfileReader
from ariane.profiles.views import Sources
from ariane.segments.rows import Membership, Row
from handlers.api import build
from tests.builders.profiles import KEY, NOON, RULES, Stack, identify, item, prs, track

BRAND = Brand.from_document(
    {
        "name": "Maison Ondine",
        "default_locale": "fr",
        "default_time_zone": "Europe/Paris",
        "default_currency": "EUR",
        "email": {"from": "a@b.fr"},
        "topics": {
            "offers": {"class": "marketing", "channels": ["email", "sms"], "label": {"fr": "Offres et nouveautés"}},
            "orders": {"class": "transactional", "channels": ["email"], "label": {"fr": "Commandes"}},
        },
    }
)
DAY = 24 * 60
SHOES = {"product_id": "p-1", "name": "Derby Lin", "category": "shoes", "size": 38, "price": 129, "quantity": 1}
SCARF = {"product_id": "p-2", "name": "Foulard", "price": 45}


class CountedLog:
    def __init__(self, log: Any) -> None:
        self.log, self.items = log, 0

    def page(self, *args: Any, **kwargs: Any) -> Any:
        page = self.log.page(*args, **kwargs)
        self.items += len(page.items)
        return page


@dataclass
class Till:
    stack: Stack = field(default_factory=lambda: Stack(observing=CustomerView.built_in().observing))
    view: CustomerView = field(default_factory=CustomerView.built_in)
    brand: Brand | None = BRAND
    catalogue: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    scopes: str = "profiles:counter"
    minute: float = 2 * DAY
    log: CountedLog = field(init=False)

    def __post_init__(self) -> None:
        self.log = CountedLog(self.stack.log)

    def load(self, person_ids: Collection[str]) -> Mapping[str, Row]:
        return {own: self.rows[own] for own in person_ids if own in self.rows}

    def get(self, path: str = "/v1/profiles/user_id:u1", **query: str) -> tuple[int, Any]:
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": urlencode(query),
            "queryStringParameters": query,
            "headers": {},
            "requestContext": {
                "http": {"method": "GET", "path": path},
                "stage": "$default",
                "authorizer": {"lambda": {"token": "till", "scopes": self.scopes}},
            },
        }
        reply = build(self._sources()).resolve(event, SimpleNamespace())  # type: ignore[arg-type]
        return reply["statusCode"], orjson.loads(reply["body"])

    def show(self) -> Any:
        status, body = self.get(view="counter")
        assert status == 200, body
        return body

    def deliver(self, *messages: Message) -> None:
        self.stack.deliver(*(item(each, source="shop", kind=SourceKind.SERVER, received_minute=100 * DAY) for each in messages))

    def _product(self, key: str) -> dict[str, Any] | None:
        self.asked.append(key)
        return self.catalogue.get(key)

    def _sources(self) -> Sources:
        reader = ProfileReader(self.stack.identities, self.stack.fragments)
        directory = ProfileDirectory(reader, self.stack.identities, rules=lambda: RULES, key=lambda: KEY)
        now = NOON + timedelta(minutes=self.minute)
        log: Any = self.log
        return Sources(
            directory=directory,
            log=log,
            homes=self.stack.homes,
            consents=self.stack.consents,
            enrolments=MemoryEnrolments(),
            ledger=SimpleNamespace(entries_of=lambda _: []),
            rejects=self.stack.rejects,
            computing=Computing(
                asking=Asking(
                    view=lambda: self.view,
                    rules=lambda: RULES,
                    log=log,
                    homes=self.stack.homes,
                    whole=directory.profile,
                    consents=self.stack.consents.states,
                ),
                clock=lambda: now,
            ),
            memberships=self,
            clock=lambda: now,
            brand=lambda: self.brand,
            product=self._product,
        )


def said(name: str, message_id: str, minute: float = 0, /, **properties: Any) -> Message:
    return track(name, message_id=message_id, minute=minute, anonymousId=None, userId="u1", properties=properties)


def person(**traits: Any) -> Message:
    return identify(message_id="who", minute=-DAY, userId="u1", traits={"email": "camille@example.fr", "phone": "+33612345678", **traits})


@pytest.fixture
def till() -> Till:
    till = Till()
    till.deliver(person(firstName="Camille", lastName="Bernard"))
    return till


@pytest.mark.parametrize(
    "traits", [{"firstName": "Ada", "lastName": "King"}, {"first_name": "Ada", "last_name": "King"}, {"name": "Ada King"}]
)
def test_the_name_is_read_in_every_spelling_of_the_field(traits: Mapping[str, str]) -> None:
    till = Till()
    till.deliver(person(**traits))

    assert till.show()["name"] == "Ada King"


def test_the_last_orders_are_told_with_their_items_in_the_brands_words(till: Till) -> None:
    till.deliver(
        said("Order Completed", "o1", 0, order_id="A-1", total="129.90", currency="EUR", sales_channel="web", products=[SHOES]),
        said(
            "Order Completed",
            "o2",
            DAY,
            order_id="A-2",
            total=45,
            sales_channel="store",
            store="lyon-2",
            store_name="Lyon",
            products=[SCARF],
        ),
        said("Order Refunded", "r1", DAY + 5, order_id="A-1", total=129.9),
    )
    shown = till.show()

    assert shown["name"] == "Camille Bernard"
    assert [order["total"]["text"] for order in shown["last_orders"]] == ["45,00\xa0€", "129,90\xa0€"]
    assert shown["last_orders"][0] | {"items": None, "total": None} == {
        "date": {"at": "2026-11-23T12:00:00.000Z", "text": "23 nov. 2026"},
        "total": None,
        "channel": "store",
        "store": "Lyon",
        "refunded": False,
        "items": None,
    }
    assert shown["last_orders"][1]["refunded"] is True
    assert shown["last_orders"][1]["items"] == [
        {
            "name": "Derby Lin",
            "category": "shoes",
            "size": "38",
            "quantity": 1,
            "price": {"amount": 129.0, "currency": "EUR", "text": "129,00\xa0€"},
        }
    ]
    assert (shown["order_count"], shown["lifetime_value"]["text"]) == (2, "45,00\xa0€")
    assert shown["lifecycle"] == "retention"
    assert shown["sizes"] == [{"size": "38", "category": "shoes", "times": 1}]
    assert shown["favourite_store"] == "Lyon"


def test_nothing_tells_who_it_is_but_the_name(till: Till) -> None:
    card = {"externalIds": [{"type": "loyalty_card", "id": "L-90017", "collection": "users", "encoding": "none"}]}
    till.deliver(
        {
            **said("Support Case Opened", "c1", 1, case_id="c", subject="Camille@Example.fr, 06 12 34 56 78: L-90017, ask bob@shop.fr"),
            "context": card,
        },
        said("Order Completed", "o1", 2, order_id="A-1", total=1, store="u1", products=[{"name": "Gift for camille@example.fr"}]),
        track("Product Viewed", message_id="v1", minute=3, anonymousId="browser-1234", userId="u1", properties={"name": "browser-1234"}),
    )
    shown = till.show()
    text = orjson.dumps(shown).decode().lower()

    assert shown["contact"] == {"email": "c•••@e•••.fr", "phone": "••• 78"}
    assert not re.search(r"camille@|example\.fr|612345678|06 12|l-90017|browser-1234|prs_|bob@|user_id", text)
    assert shown["support_case"]["subject"].startswith("•••, •••: •••, ask •••")


def test_a_name_that_is_an_address_is_none(till: Till) -> None:
    other = Till()
    other.deliver(person(name="camille@example.fr"))

    assert other.show()["name"] in (None, "•••")


def test_who_is_called_as_the_account_is_has_a_name(till: Till) -> None:
    till.deliver(said("Product Viewed", "v1", 1, product_id="p-1", name="Robe nora"))
    till.deliver(identify(message_id="n", minute=2, userId="nora", anonymousId="a1", traits={"firstName": "Nora", "lastName": "a@b.fr"}))
    till.deliver(
        track(
            "Support Case Opened", message_id="c", minute=3, userId="nora", properties={"case_id": "1", "subject": "Nora called, of señora"}
        )
    )
    status, shown = till.get("/v1/profiles/user_id:nora", view="counter")

    assert (status, shown["name"]) == (200, "Nora •••")
    assert shown["support_case"]["subject"] == "••• called, of señora"


def test_what_was_looked_at_and_lies_in_the_basket_is_told_by_name(till: Till) -> None:
    till.deliver(
        said("Product Viewed", "v1", 1, **SHOES),
        said("Product Viewed", "v2", 2, **SCARF),
        said("Product Viewed", "v3", 3, **SHOES),
        said("Product Added", "a1", 4, **SHOES),
        said("Product Added", "a2", 5, **SCARF),
        said("Product Removed", "x1", 6, product_id="p-2"),
    )
    shown = till.show()

    assert [each["name"] for each in shown["recently_viewed"]] == ["Derby Lin", "Foulard"]
    assert shown["recently_viewed"][0]["viewed"]["at"] == format_instant(NOON + timedelta(minutes=3))
    assert [(each["name"], each["size"]) for each in shown["basket"]] == [("Derby Lin", "38")]


def test_a_product_without_a_name_is_named_by_the_catalogue(till: Till) -> None:
    till.catalogue["p-1"] = {"name": "Derby Lin", "category": "shoes", "price": 999}
    till.deliver(
        said("Product Viewed", "v1", 1, product_id="p-1"),
        said("Product Viewed", "v2", 2, sku="p-2", name="Derby"),
        said("Product Added", "a1", 3, product_id="p-1", quantity=2, price=129),
        said("Order Completed", "o1", -1, order_id="A-1", products=[{"product_id": "p-1"}, {"product_id": "p-7"}]),
    )
    shown = till.show()

    assert [each["name"] for each in shown["recently_viewed"]] == ["Derby", "Derby Lin"]
    assert shown["basket"][0]["price"]["amount"] == 129
    assert [(each["name"], each.get("category")) for each in shown["last_orders"][0]["items"]] == [("Derby Lin", "shoes"), ("p-7", None)]
    assert sorted(till.asked) == ["p-1", "p-7"]


def test_the_catalogue_is_asked_so_often_and_no_more(till: Till) -> None:
    till.deliver(said("Order Completed", "o1", -1, order_id="A-1", products=[{"sku": f"p-{number}"} for number in range(20)]))
    till.deliver(said("Order Completed", "o2", -2, order_id="A-2", products=[{"sku": f"q-{number}"} for number in range(20)]))
    till.show()

    assert len(till.asked) == MOST_LOOKUPS


@pytest.mark.parametrize(
    ("born", "text", "in_days"),
    [
        ("1980-11-24", "24 novembre", 0),
        ("1980-11-25", "25 novembre", 1),
        ("1980-11-23", "23 novembre", 364),
        ("2000-02-29", "29 février", 96),
        ("1804-11-25T00:00:00Z", "25 novembre", 1),
    ],
)
def test_the_birthday_is_told_without_its_year(till: Till, born: str, text: str, in_days: int) -> None:
    till.deliver(identify(message_id="b", minute=1, userId="u1", traits={"birthday": born}))
    assert till.show()["birthday"] == {"text": text, "in_days": in_days}


def test_it_is_told_in_the_language_that_was_asked_for(till: Till) -> None:
    till.deliver(
        said("Order Completed", "o1", 1, order_id="A-1", total=1200.5),
        said("Consent Granted", "g1", 1, topic="offers", channel="email", email="camille@example.fr"),
    )
    assert till.show()["locale"] == "fr"
    status, shown = till.get(view="counter", locale="en-GB")

    assert (status, shown["locale"], shown["lifetime_value"]["text"]) == (200, "en-GB", "€1,200.50")
    assert shown["offers"][0]["labels"] == ["Offres et nouveautés"]
    assert till.get(view="counter", locale="klingon")[1]["code"] == "invalid_locale"


def test_where_the_basket_was_not_recorded_from_the_beginning_the_events_at_hand_tell(till: Till) -> None:
    old = Till(stack=Stack())
    old.deliver(
        person(),
        said("Product Added", "a0", -8 * DAY, product_id="p-9", name="Long ago"),
        said("Order Completed", "o1", 1, order_id="A-1", total=3),
        said("Product Added", "a1", 4, **SHOES),
        said("Product Added", "a2", 5, **SCARF),
        said("Product Removed", "x1", 6, product_id="p-2"),
    )
    shown = old.show()

    assert [each["name"] for each in shown["basket"]] == ["Derby Lin"]
    assert (shown["order_count"], shown["lifetime_value"]) == (1, None)


@pytest.mark.parametrize(
    ("events", "subject"),
    [
        ((("Support Case Opened", "a", "Sleeve"),), "Sleeve"),
        ((("Support Case Opened", "a", "Sleeve"), ("Support Case Closed", "a", None)), None),
        ((("Support Case Opened", "a", "Sleeve"), ("Support Case Opened", "b", "Zip"), ("Support Case Closed", "b", None)), "Sleeve"),
        ((("Support Case Opened", "a", "Sleeve"), ("Support Case Updated", "a", "Both sleeves")), "Both sleeves"),
        ((("Support Case Opened", "a", "Sleeve"), ("Support Case Closed", "a", None), ("Support Case Opened", "a", "Again")), "Again"),
    ],
)
def test_the_case_that_is_open_is_told(till: Till, events: tuple[tuple[str, str, str | None], ...], subject: str | None) -> None:
    till.deliver(*(said(name, f"c{place}", place, case_id=case, subject=words) for place, (name, case, words) in enumerate(events)))
    case = till.show()["support_case"]

    assert (case and case["subject"]) == subject


def test_loyalty_and_satisfaction_are_told(till: Till) -> None:
    till.deliver(
        person(loyalty_tier="gold", loyalty_points="1250"),
        said("Loyalty Joined", "l1", 1),
        said("NPS Answered", "n1", 2, score="9"),
        said("CSAT Answered", "s1", 3, score=2),
        said("Store Visited", "v1", 4, store="lyon-2", store_name="Lyon"),
    )
    till.deliver(identify(message_id="tier", minute=1, userId="u1", traits={"loyalty_tier": "gold", "loyalty_points": "1250"}))
    shown = till.show()

    assert shown["loyalty"] == {
        "tier": "gold",
        "points": {"amount": 1250, "text": "1\u202f250"},
        "since": {"at": "2026-11-22T12:01:00.000Z", "text": "22 nov. 2026"},
    }
    assert (shown["nps"]["score"], shown["nps"]["kind"], shown["csat"]["score"]) == (9, "promoter", 2)
    assert shown["last_store_visit"]["store"] == "Lyon"


def test_offers_are_the_topics_of_marketing_that_stand_granted(till: Till) -> None:
    assert till.show()["offers"] == []
    till.deliver(said("Consent Granted", "g1", 1, topic="offers", channel="email", email="camille@example.fr"))
    assert till.show()["offers"] == [{"channel": "email", "topics": ["offers"], "labels": ["Offres et nouveautés"]}]
    till.deliver(said("Consent Withdrawn", "w1", 2, topic="offers"))
    assert till.show()["offers"] == []


def test_the_segments_are_told_with_their_personas() -> None:
    condition = {"trait": "plan", "equals": "gold"}
    segment = {
        "condition": condition,
        "version": "v1",
        "published_at": format_instant(NOON),
        "label": "VIP",
        "persona": "Expects to be known.",
    }
    view = CustomerView.from_document(
        {"version": "1", "traits": {"precedence": {}, "computed": {}}, "segments": {"vip": segment}, "observing": {}}
    )
    till = Till(view=view)
    till.deliver(person())
    till.rows[prs("user_id:u1")] = Row(person=prs("user_id:u1"), memberships={"vip": Membership("v1", 0), "gone": Membership("v1", 0)})

    assert till.show()["segments"] == [{"name": "vip", "label": "VIP", "persona": "Expects to be known."}]


def test_an_order_long_ago_is_found_though_much_has_happened_since_and_the_reading_stays_bounded() -> None:
    till = Till(minute=40 * DAY)
    till.deliver(
        person(), said("Order Completed", "o1", 1, order_id="A-1", total=5, products=[SHOES]), said("NPS Answered", "n1", 2, score=3)
    )
    till.deliver(*(said("Product Clicked", f"k{number}", DAY + number, product_id="p") for number in range(1_500)))
    shown = till.show()

    assert [order["total"]["amount"] for order in shown["last_orders"]] == [5.0]
    assert shown["nps"]["kind"] == "detractor"
    assert till.log.items < counter_events.MOST_RECENT + 4 * counter_events.MOST_BEFORE


def test_of_very_many_logs_those_of_devices_are_left_out_and_it_says_so(monkeypatch: pytest.MonkeyPatch, till: Till) -> None:
    monkeypatch.setattr(counter_events, "MOST_LOGS", 1)
    till.deliver(
        said("Order Completed", "o1", 1, order_id="A-1", total=5),
        track("Product Viewed", message_id="v1", minute=2, anonymousId="b1", properties=SHOES),
        identify(message_id="i2", minute=3, userId="u1", anonymousId="b1"),
    )
    shown = till.show()

    assert (shown["complete"], len(shown["last_orders"]), shown["recently_viewed"]) == (False, 1, [])


def test_a_brand_of_which_nothing_is_published_shows_what_there_is(till: Till) -> None:
    till.brand = None
    till.deliver(said("Order Completed", "o1", 0, order_id="A-1", total=1234.5, currency="USD"))

    assert till.show()["last_orders"][0]["total"]["text"] == "$1,234.50"


@pytest.mark.parametrize("scopes", ["profiles:counter", "profiles:read", "*"])
def test_a_tills_token_and_a_readers_show_the_counter_view(till: Till, scopes: str) -> None:
    till.scopes = scopes

    assert till.get(view="counter")[0] == 200
    assert till.get("/v1/profiles", identifier="user_id:u1", view="counter")[0] == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/profiles/user_id:u1", {}),
        ("/v1/profiles/user_id:u1", {"view": "full"}),
        ("/v1/profiles", {"identifier": "user_id:u1"}),
        ("/v1/profiles/user_id:u1/timeline", {"view": "counter"}),
        ("/v1/profiles/user_id:u1/explain", {"view": "counter"}),
        ("/v1/spaces/default/collections/users/profiles/user_id:u1/traits", {"view": "counter"}),
        ("/v1/messages", {"profile": "user_id:u1", "view": "counter"}),
        ("/v1/rejects", {"view": "counter"}),
    ],
)
def test_a_tills_token_shows_nothing_else(till: Till, path: str, query: dict[str, str]) -> None:
    status, body = till.get(path, **query)

    assert (status, body["code"]) == (403, "scope_missing")


def test_another_view_is_refused_by_name(till: Till) -> None:
    till.scopes = "profiles:read"
    status, body = till.get(view="full")

    assert (status, body["code"]) == (400, "unknown_view")


def test_strange_values_in_events_break_nothing(till: Till) -> None:
    strange: list[Any] = [None, True, [], {}, "x" * 5_000, -1, 1e300, "NaN"]
    for place, value in enumerate(strange):
        names = ("order_id", "total", "currency", "products", "store", "sales_channel", "score", "case_id", "subject", "product_id", "size")
        for name in ("Order Completed", "NPS Answered", "Support Case Opened", "Product Viewed", "Product Added", "Store Visited"):
            till.deliver(said(name, f"{name}{place}", place, **dict.fromkeys(names, value), products_=value))
        till.deliver(said("Order Completed", f"list{place}", place, products=[value, {"name": value, "price": value, "quantity": value}]))

    assert till.show()["complete"] is True
