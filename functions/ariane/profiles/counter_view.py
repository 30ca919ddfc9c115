"""What helps a sales assistant at the till, and nothing that tells who the customer is but the name: no address, number, card or id."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ariane.events.model import Event
from ariane.messaging.brand import Brand, Topic
from ariane.messaging.model import Channel, MessageClass
from ariane.privacy.consents import Consent, ConsentQuestion, ConsentState
from ariane.profiles.counter_events import (
    ADDED,
    CASE_CLOSED,
    CASE_OPENED,
    CASE_UPDATED,
    CSAT,
    NPS,
    ORDERED,
    REFUNDED,
    REMOVED,
    VIEWED,
    VISITED,
    CounterEvents,
    read_events,
)
from ariane.profiles.counter_products import Products, product_key, products_of
from ariane.profiles.counter_traits import AtHand, at_hand
from ariane.profiles.counter_words import Words, decimal, first_of, masked_email, masked_phone
from ariane.profiles.model import Profile
from ariane.profiles.reserved_traits import FIRST_NAME_TRAITS, LAST_NAME_TRAITS
from ariane.profiles.views import Sources

MOST_ORDERS = 5
MOST_ITEMS = 20
"""Of one order or basket."""
MOST_VIEWED = 5
MOST_SIZES = 5
_ADDRESSES: Mapping[str, str] = {Channel.EMAIL: "email", Channel.SMS: "phone"}
_BASKET_LASTS = timedelta(days=7)
"""As the built-in ``open_basket`` has it."""
_LAST_PROMOTER, _LAST_DETRACTOR = 9, 6


def counter_view(sources: Sources, identifier: str, locale: str | None = None) -> dict[str, Any]:
    """``locale``: the brand's unless said. Raises Rejected, NotFound, Retryable."""
    profile = sources.directory.brief(identifier)
    brand, computed = sources.brand(), at_hand(sources.computing, profile)
    events = read_events(sources.log, profile, homes=sources.homes, rules=sources.computing.asking.rules())
    words = Words.of(brand, profile.identifiers.values(), locale)
    now = sources.clock()
    products = Products(sources.product, words)
    return {
        "locale": words.tag,
        "name": _name(profile, words),
        "contact": _contact(profile),
        "birthday": words.birthday(profile.traits.get("birthday"), now),
        "lifecycle": computed.lifecycle,
        "segments": _segments(sources, profile),
        "order_count": _order_count(profile, computed),
        "lifetime_value": words.money(computed.traits.get("lifetime_value")),
        "last_orders": _orders(events, products, words),
        "sizes": _sizes(events, computed, words),
        "recently_viewed": _viewed(events, products, words),
        "basket": _basket(events, computed, products, words, since=now - _BASKET_LASTS),
        "loyalty": _loyalty(profile, words),
        "offers": _offers(profile, sources.consents.states(profile.holder_ids), brand, words),
        "support_case": _support_case(events, words),
        "favourite_store": _favourite_store(profile, events, words),
        "last_store_visit": _last_visit(events, words),
        "nps": _nps(events, words),
        "csat": _score(events.last(CSAT), words),
        "complete": events.is_complete,
    }


def _name(profile: Profile, words: Words) -> str | None:
    traits = profile.traits
    parts = [words.name(first_of(traits, *names)) for names in (FIRST_NAME_TRAITS, LAST_NAME_TRAITS)]
    return " ".join(part for part in parts if part) or words.name(traits.get("name"))


def _contact(profile: Profile) -> dict[str, str]:
    """Enough to ask "the one that begins with c?", too little to write to."""
    emails, phones = profile.values_of("email"), profile.values_of("phone")
    return {**({"email": masked_email(emails[0])} if emails else {}), **({"phone": masked_phone(phones[0])} if phones else {})}


def _segments(sources: Sources, profile: Profile) -> list[dict[str, Any]]:
    row = sources.memberships.load([profile.id]).get(profile.id)
    known = sources.computing.asking.view().segments
    theirs = [known[name] for name in sorted(row.memberships if row else ()) if name in known]
    return [{"name": each.name, "label": each.label or each.name, "persona": each.persona} for each in theirs]


def _order_count(profile: Profile, computed: AtHand) -> object:
    """By the trait, which a brand may define in another way; where it is not known, as often as the event was counted."""
    ordered = profile.occurrences.get(ORDERED)
    counted = ordered.count if ordered else 0
    return counted if "order_count" in computed.unknown else computed.traits.get("order_count", counted)


def _orders(events: CounterEvents, products: Products, words: Words) -> list[dict[str, Any]]:
    refunded = {str(event.properties.get("order_id")) for event in events.named(REFUNDED)}
    return [_order(event, refunded, products, words) for event in events.named(ORDERED)[:MOST_ORDERS]]


def _order(event: Event, refunded: set[str], products: Products, words: Words) -> dict[str, Any]:
    said = event.properties
    return {
        "date": words.day(event.timestamp),
        "total": words.money(first_of(said, "total", "revenue", "value"), said.get("currency")),
        "channel": words.text(first_of(said, "sales_channel")),
        "store": words.text(first_of(said, "store_name", "store")),
        "refunded": str(said.get("order_id")) in refunded,
        "items": [products.item(each, said.get("currency")) for each in products_of(event)[:MOST_ITEMS]],
    }


def _sizes(events: CounterEvents, computed: AtHand, words: Words) -> list[dict[str, Any]]:
    """Bought ones, by how often; what was bought most over all time where the orders at hand say none."""
    bought = Counter[tuple[str, str | None]]()
    for event in events.named(ORDERED):
        for product in products_of(event):
            if size := words.text(product.get("size")):
                bought[size, words.text(product.get("category"))] += 1
    found = [{"size": size, "category": category, "times": times} for (size, category), times in bought.most_common(MOST_SIZES)]
    favourite = words.text(computed.traits.get("favourite_size"))
    return found or ([{"size": favourite, "category": None, "times": None}] if favourite else [])


def _viewed(events: CounterEvents, products: Products, words: Words) -> list[dict[str, Any]]:
    """Each product once, when it was last looked at."""
    found: dict[str, dict[str, Any]] = {}
    for event in events.named(VIEWED):
        key = product_key(event.properties)
        if key and key not in found and len(found) < MOST_VIEWED:
            found[key] = {**products.item(event.properties), "viewed": words.day(event.timestamp)}
    return list(found.values())


def _basket(events: CounterEvents, computed: AtHand, products: Products, words: Words, *, since: datetime) -> list[dict[str, Any]]:
    """What lies in it by the built-in trait, as it was last added; where that is not known, by the events at hand."""
    ids = computed.traits.get("open_basket", [])
    standing = (
        _standing(events, since) if "open_basket" in computed.unknown else [str(each) for each in (ids if isinstance(ids, list) else ())]
    )
    added = {product_key(event.properties): event for event in reversed(events.named(ADDED))}
    found = [added[key] for key in standing if key in added]
    return [{**products.item(event.properties), "added": words.day(event.timestamp)} for event in found[:MOST_ITEMS]]


def _standing(events: CounterEvents, since: datetime) -> list[str]:
    """Added since then and since the last order, and not removed since; the newest first."""
    gone, found = set[str](), dict[str, None]()
    for event in events.named(ORDERED, ADDED, REMOVED):
        key = product_key(event.properties)
        if event.name == ORDERED:
            break
        if event.name == REMOVED:
            gone.add(key)
        elif key not in gone and event.timestamp >= since:
            found[key] = None
    return list(found)


def _loyalty(profile: Profile, words: Words) -> dict[str, Any] | None:
    traits = profile.traits
    joined = profile.occurrences.get("Loyalty Joined")
    tier, points = words.text(first_of(traits, "loyalty_tier", "loyalty_level")), decimal(traits.get("loyalty_points"))
    if not (profile.values_of("loyalty_card") or joined or tier or points is not None):
        return None
    return {
        "tier": tier,
        "points": None if points is None else words.number(points),
        "since": words.day(joined.first) if joined else None,
    }


def _offers(profile: Profile, states: Sequence[ConsentState], brand: Brand | None, words: Words) -> list[dict[str, Any]]:
    """Per channel the topics of marketing that the person may be written to about now."""
    topics = {name: each for name, each in (brand.topics if brand else {}).items() if each.message_class is MessageClass.MARKETING}
    found = []
    for channel in Channel:
        granted = [name for name, topic in topics.items() if channel in topic.channels and _is_granted(name, channel, profile, states)]
        if granted:
            labels = [_label(topics[name], words, brand) for name in granted]
            found.append({"channel": str(channel), "topics": granted, "labels": labels})
    return found


def _label(topic: Topic, words: Words, brand: Brand | None) -> str:
    label = topic.label(words.tag)
    return topic.label(brand.default_locale) if label == topic.name and brand else label


def _is_granted(topic: str, channel: Channel, profile: Profile, states: Iterable[ConsentState]) -> bool:
    """For one of the person's addresses at least."""
    prefix = f"{_ADDRESSES.get(channel, '')}:"
    addresses = [own for own, text in profile.identifiers.items() if text.startswith(prefix)] or [""]
    questions = (
        ConsentQuestion(topic=topic, channel=channel, address_id=each, person_ids=frozenset(profile.holder_ids)) for each in addresses
    )
    return any(question.answered_by(states) is Consent.GRANTED for question in questions)


def _support_case(events: CounterEvents, words: Words) -> dict[str, Any] | None:
    """The one that was opened last of those that are not closed."""
    closed: dict[str, datetime] = {}
    latest: dict[str, Event] = {}
    for event in events.named(CASE_OPENED, CASE_UPDATED, CASE_CLOSED):
        case = str(event.properties.get("case_id"))
        if event.name == CASE_CLOSED:
            closed.setdefault(case, event.timestamp)
        latest.setdefault(case, event)
        if event.name == CASE_OPENED and not (case in closed and closed[case] >= event.timestamp):
            return _case(event, latest[case], words)
    return None


def _case(opened: Event, latest: Event, words: Words) -> dict[str, Any]:
    said = {**opened.properties, **{name: value for name, value in latest.properties.items() if value is not None}}
    return {
        "subject": words.free_text(said.get("subject")),
        "status": words.text(said.get("status")),
        "priority": words.text(said.get("priority")),
        "channel": words.text(said.get("channel")),
        "opened": words.day(opened.timestamp),
    }


def _favourite_store(profile: Profile, events: CounterEvents, words: Words) -> str | None:
    """The one that the person said, else where most orders and visits were, of equals the latest."""
    said = words.text(first_of(profile.traits, "favourite_store", "favorite_store", "preferred_store"))
    stores = (first_of(event.properties, "store_name", "store") for event in events.named(ORDERED, VISITED))
    met = Counter(text for store in stores if (text := words.text(store)))
    return said or next((store for store, _ in met.most_common(1)), None)


def _last_visit(events: CounterEvents, words: Words) -> dict[str, Any] | None:
    event = events.last(VISITED)
    if event is None:
        return None
    return {"store": words.text(first_of(event.properties, "store_name", "store")), "date": words.day(event.timestamp)}


def _nps(events: CounterEvents, words: Words) -> dict[str, Any] | None:
    found = _score(events.last(NPS), words)
    if found is None:
        return None
    kind = "promoter" if found["score"] >= _LAST_PROMOTER else "detractor" if found["score"] <= _LAST_DETRACTOR else "passive"
    return {**found, "kind": kind}


def _score(event: Event | None, words: Words) -> dict[str, Any] | None:
    score = decimal(event.properties.get("score")) if event else None
    return {"score": int(score), "date": words.day(event.timestamp)} if event and score is not None else None
