"""Random conditions of the whole language, over the names and values of ``histories``; as documents, as files have them."""

from collections.abc import Sequence
from random import Random
from typing import Any

from ariane.instants import format_instant, from_millis
from tests.reference import histories
from tests.reference.histories import DAY, HOUR, NOON
from tests.reference.person import Definitions

type Json = Any
SPANS = ("30 minutes", "1 hour", "1 day", "2 days", "7 days", "10 days", "14 days", "30 days")
EVENTS = (
    "Order Completed", "Order Completed", "Order Completed", "Product Viewed", "Product Viewed", "Product Added",
    "Store Visited", "Order *", "Product *", "*", "$page", "$*",
)  # fmt: skip
TRAITS = ("plan", "plan", "points", "born_on", "renews_at", "home.country", "home", "tags", "tags.x", "nothing")
NUMBERS = ("order_count", "lifetime_value", "average_order_value", "viewed_lately", "most_spent", "idle_days", "sizes")
TEXTS = (
    "favourite_category", "favourite_channel", "favourite_size", "last_viewed", "open_basket", "lifecycle", "last_total", "dear_product",
)  # fmt: skip
INSTANTS = ("first_order_at", "last_order_at", "last_store_visit")
PROPERTIES = (
    *["total"] * 3, *["products.category"] * 3, "products.size", "sales_channel", "cart.size", "product_id", "when", "products", "nothing",
)  # fmt: skip
SCALARS = (
    "free", "gold", "shoes", "web", "p1", "FR", "a", "5", 5, 30, 10, 1, True, False, "2026-11-20T22:30:00Z", "retention", "conversion", "",
)  # fmt: skip
OPERATORS = (
    "equals", "equals", "not_equals", "in", "not_in", "gt", "gte", "lt", "lte", "between", "contains", "starts_with", "ends_with", "exists",
    "before", "after", "within", "older_than", "within_next",
)  # fmt: skip
POOLS: dict[str, Sequence[Json]] = {
    "total": histories.AMOUNTS,
    "sales_channel": histories.CHANNELS,
    "product_id": histories.PRODUCTS,
    "products.category": histories.CATEGORIES,
    "products.size": ("S", "M"),
    "cart.size": (1, 2),
    "when": histories.DATES,
}
COMPUTED: dict[str, dict[str, Json]] = {
    "viewed_lately": {"count": "Product Viewed", "within": "7 days"},
    "most_spent": {"max": "Order Completed", "property": "total", "within": "30 days"},
    "idle_days": {"days_since": "Product *"},
    "sizes": {"distinct": "Order Completed", "property": "products.size"},
    "last_total": {"last": "Order Completed", "property": "total", "where": [{"property": "sales_channel", "equals": "web"}]},
    "last_store_visit": {"last": "Store Visited"},
    "dear_product": {"most_frequent": "Product *", "property": "product_id", "where": [{"property": "total", "gt": 5}]},
}


def definitions(random: Random) -> Definitions:
    """Segments name only those before them: there are no cycles."""
    segments: dict[str, Json] = {}
    for name in ("s0", "s1", "s2"):
        segments[name] = condition(random, depth=random.randint(0, 1), segments=tuple(segments), is_segment=True)
    return Definitions(COMPUTED, segments)


def condition(random: Random, depth: int = 3, segments: tuple[str, ...] = ("s0", "s1", "s2"), *, is_segment: bool = False) -> Json:
    kind = random.random()
    if depth and kind < 0.55:
        parts = [condition(random, depth - 1, segments, is_segment=is_segment) for _ in range(random.randint(1, 3))]
        return random.choice(({"all": parts}, {"any": parts}, {"not": parts[0]}))
    makers = [
        trait,
        trait,
        computed,
        computed,
        performed,
        performed,
        performed,
        edge,
        has_been,
        has_been,
        sequence,
        sequence,
        consent,
        bucket,
    ]
    makers += [near, *([] if is_segment else [since_enrolment])]
    if segments and random.random() < 0.15:
        return segment(random, segments)
    made: Json = random.choice(makers)(random)
    return made


def instant(random: Random) -> str:
    return format_instant(from_millis(NOON - random.choice((random.randint(0, 20) * DAY, random.randint(0, 48) * HOUR))))


def _pair(random: Random) -> list[Json]:
    if random.random() < 0.5:
        return sorted([random.choice((0, 5, 10, 17)), random.choice((18, 25.5, 30, 100))])
    return sorted([instant(random), instant(random)])


def value_test(random: Random, operators: tuple[str, ...] = OPERATORS) -> dict[str, Json]:
    operator = random.choice(operators)
    if operator in ("in", "not_in"):
        return {operator: random.sample(SCALARS, random.randint(1, 3))}
    if operator in ("gt", "gte", "lt", "lte"):
        return {operator: random.choice((0, 1, 5, 10, 18, 25.5, 30, 0.3, instant(random)))}
    if operator == "between":
        return {operator: _pair(random)}
    if operator in ("starts_with", "ends_with"):
        return {operator: random.choice(("f", "p", "go", "s", "d", "2026", "b"))}
    if operator == "exists":
        return {operator: random.random() < 0.5}
    if operator in ("before", "after"):
        return {operator: instant(random)}
    if operator in ("within", "older_than", "within_next"):
        return {operator: random.choice(SPANS)}
    return {operator: random.choice(SCALARS)}


def likely(random: Random, pool: Sequence[Json]) -> dict[str, Json]:
    """With an operand that the histories have."""
    value = random.choice([each for each in pool if isinstance(each, str | int | float)])
    if isinstance(value, int | float) and not isinstance(value, bool) and random.random() < 0.6:
        return {random.choice(("gt", "gte", "lt", "lte")): value}
    return random.choice(({"equals": value}, {"equals": value}, {"not_equals": value}, {"in": [value, 5]}, {"exists": True}))


def numeric(random: Random, most: int = 4) -> dict[str, Json]:
    if random.random() < 0.5:
        return {"gte": random.randint(1, 2 if most < 10 else most)}
    operator = random.choice(("equals", "gt", "gte", "lt", "lte", "between", "not_equals"))
    return {operator: sorted(random.sample(range(most + 3), 2)) if operator == "between" else random.randint(0, most)}


def trait(random: Random) -> Json:
    name = random.choice(TRAITS)
    if name in ("born_on", "renews_at") and random.random() < 0.6:
        offset = random.choice(({}, {"offset": "0 days"}, {"offset": "2 days"}, {"offset": "-3 days"}))
        times = ("within", "older_than", "within_next", "before", "after")
        return {"trait": name} | random.choice(({"anniversary": offset}, value_test(random, times)))
    pool = ("FR",) if name.startswith("home") else histories.TRAITS.get(name, SCALARS)
    return {"trait": name} | (value_test(random) if random.random() < 0.25 else likely(random, pool))


def computed(random: Random) -> Json:
    kind = random.random()
    if kind < 0.45:
        return {"trait": random.choice(NUMBERS)} | random.choice((numeric(random), value_test(random)))
    if kind < 0.7:
        times = ("within", "older_than", "before", "after", "exists", "within_next")
        return {"trait": random.choice(INSTANTS)} | value_test(random, times)
    return {"trait": random.choice(TEXTS)} | random.choice(
        (value_test(random), {"equals": "retention"}, {"contains": "p1"}, {"exists": True})
    )


def where(random: Random) -> dict[str, Json]:
    if random.random() < 0.7:
        return {}
    return {"where": [property_test(random) for _ in range(random.choice((1, 1, 2)))]}


def property_test(random: Random) -> dict[str, Json]:
    name = random.choice(PROPERTIES)
    pool = POOLS.get(name, SCALARS)
    return {"property": name} | (value_test(random) if random.random() < 0.25 else likely(random, pool))


def window(random: Random) -> dict[str, Json]:
    kind = random.random()
    if kind < 0.5:
        return {"within": random.choice(SPANS)}
    if kind < 0.65:
        return {"between": [format_instant(from_millis(NOON - random.randint(21, 40) * DAY)), instant(random)]}
    return {}


def performed(random: Random) -> Json:
    made = {"performed": random.choice(EVENTS)} | where(random) | window(random)
    kind = random.random()
    if kind < 0.4:
        return made | {"times": numeric(random)}
    if kind < 0.75:
        path = random.choice(("total", "total", "cart.size", "products.category", "product_id"))
        return made | {random.choice(("sum", "min", "max", "distinct")): {"property": path} | numeric(random, 30 if path == "total" else 2)}
    return made


def since_enrolment(random: Random) -> Json:
    made = {key: value for key, value in performed(random).items() if key not in ("within", "between")}
    return made | {"since": "enrolment"}


def edge(random: Random) -> Json:
    return {random.choice(("first", "last")): random.choice(EVENTS), "where": [property_test(random)]}


def has_been(random: Random) -> Json:
    names = ("plan", "plan", "points", "home.country", "lifecycle", "order_count", "favourite_category", "viewed_lately")
    simple = random.choice(({"equals": "free"}, {"not_equals": "gold"}, {"exists": False}, {"gte": 1}, {"in": ["FR", "free"]}))
    return {"has_been": {"trait": random.choice(names)} | random.choice((simple, value_test(random))) | {"for": random.choice(SPANS)}}


def sequence(random: Random) -> Json:
    events = []
    for _ in range(random.choice((2, 2, 2, 3, 3, 4))):
        name = random.choice(EVENTS)
        tests = where(random)
        events.append({"event": name} | tests if tests or random.random() < 0.2 else name)
    return {"sequence": {"events": events} | ({"within": random.choice(SPANS)} if random.random() < 0.6 else {})}


def segment(random: Random, names: tuple[str, ...]) -> Json:
    return {"segment": random.choice(names)} | ({"for": random.choice(SPANS)} if random.random() < 0.5 else {})


def consent(random: Random) -> Json:
    topic, channel = random.choice(("offers", "news")), random.choice(("email", "sms"))
    return {"consent": {"topic": topic, "channel": channel, "is": random.choice(("granted", "withdrawn", "unknown"))}}


def bucket(random: Random) -> Json:
    return {"bucket": {"salt": random.choice("abcdef"), "percent": random.choice((0.5, 10, 50, 99.9, 33))}}


def near(random: Random) -> Json:
    lat, lon = random.choice(((48.85, 2.35), (43.3, 5.4), (48.8566, 2.3522)))
    return {"near": {"lat": lat, "lon": lon, "km": random.choice((0.5, 5, 500, 700))}}
