"""Random histories of one person: few names, values of every kind and wrong ones, many ties, instants on a grid that windows fall upon."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ariane.events.model import LogItem, Message, SourceKind
from ariane.instants import format_instant, from_millis, to_millis

NOON = to_millis(datetime(2026, 11, 22, 12, tzinfo=UTC))
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NAMES = (
    *["Order Completed"] * 5, *["Product Viewed"] * 5, *["Product Added"] * 2, "Product Removed", "Order Refunded", "Order Cancelled",
    "Store Visited", "$page", "$screen", "$identify", "$identify",
)  # fmt: skip
SOURCES = ("web", "till", "server")
AMOUNTS: Sequence[Any] = (10, 10, 25.5, "30", 30, 40, 0.1, 0.2, -5, 0, 1, "abc", "", None, True, [10, "x"], "012", 1e6)
PRODUCTS: Sequence[Any] = ("p1", "p2", "p3", "p4", "p5", "p6", "p7", 7, "7", None, True, ["p1", "p2"])
CATEGORIES: Sequence[Any] = ("shoes", "shoes", "hats", "bags", None, 5, "5")
CHANNELS: Sequence[Any] = ("web", "store", "web", None, False)
DATES: Sequence[Any] = (
    "1990-02-28", "1988-02-29", "1990-11-22", "1990-11-20", "1985-12-01", "2026-11-15T10:00:00Z", "2026-11-20T23:30:00+01:00",
    "2026-11-25", "2026-13-45", "soon", 5, "2026-11-10T12:00:00.000Z",
)  # fmt: skip
TRAITS: dict[str, Sequence[Any]] = {
    "plan": ("free", "free", "gold", "gold", "basic", None, 5, "5", True),
    "points": (17, 18, "30", 30, 30.0, None, "thirty", True),
    "born_on": DATES,
    "home": ({"country": "FR"}, {"country": "FR", "city": "Paris"}, {"country": None}, "Paris", None, {}),
    "tags": (["a", "b"], ["a", 5], [], "ab", None, [{"x": 1}]),
    "renews_at": DATES,
}
PLACES: Sequence[Any] = (
    {"latitude": 48.85, "longitude": 2.35}, {"latitude": 48.86, "longitude": 2.36}, {"latitude": 43.3, "longitude": 5.4},
    {"latitude": "48.85", "longitude": 2.35}, {"latitude": 91, "longitude": 0}, {"latitude": 48.85}, "Paris",
)  # fmt: skip


def moment(random: Random, upto: int = NOON) -> int:
    """Mostly on a grid, so that events tie, and so that windows end where something happens."""
    kind = random.random()
    if kind < 0.35:
        return upto - random.randint(0, 40) * DAY
    if kind < 0.6:
        return upto - random.randint(0, 14 * 24) * HOUR
    if kind < 0.8:
        return upto - random.randint(0, 120) * MINUTE
    if kind < 0.9:
        return upto - random.randint(0, 3) * DAY - random.choice((-1, 1, 0))
    return upto - random.randint(0, 40 * DAY)


def message(random: Random, number: int, at: int) -> Message:
    name = random.choice(NAMES)
    text = format_instant(from_millis(at))
    made: Message = {"type": "track", "messageId": f"m{number}", "userId": "u1", "timestamp": text, "originalTimestamp": text}
    made |= {"type": name[1:]} if name.startswith("$") else {"event": name}
    if name == "$identify":
        return made | {"traits": traits(random)}
    context: dict[str, Any] = {"location": random.choice(PLACES)} if random.random() < 0.25 else {}
    context |= {"traits": traits(random)} if random.random() < 0.2 else {}
    return made | {"properties": properties(random)} | ({"context": context} if context else {})


def traits(random: Random) -> dict[str, Any]:
    chosen = random.sample(sorted(TRAITS), random.randint(1, 3))
    return {name: random.choice(TRAITS[name]) for name in chosen}


def properties(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = {"total": random.choice(AMOUNTS), "sales_channel": random.choice(CHANNELS)}
    made |= {"product_id": random.choice(PRODUCTS), "cart": {"size": random.randint(0, 3)}, "when": random.choice(DATES)}
    products = [{"category": random.choice(CATEGORIES), "size": random.choice(("S", "M", None))} for _ in range(random.randint(0, 3))]
    made |= {"products": random.choice((products, products, {"category": "shoes"}, "shoes", [None, 5, *products]))}
    kept = random.sample(sorted(made), random.choice((len(made), len(made), random.randint(1, len(made)))))
    return {name: made[name] for name in kept}


def history(random: Random, most: int = 16) -> list[LogItem]:
    """Items of one event each, in no order."""
    count = random.choice((random.randint(0, most), random.randint(most // 2, most), 3))
    moments = [moment(random) for _ in range(count)]
    moments = [random.choice(moments) if moments and random.random() < 0.2 else each for each in moments]
    return [item(message(random, number, at), random.choice(SOURCES)) for number, at in enumerate(moments)]


def item(said: Message, source: str = "web") -> LogItem:
    at = said["timestamp"]
    received = datetime.fromisoformat(at) + timedelta(seconds=1)
    kinds = {"web": SourceKind.BROWSER, "till": SourceKind.STORE, "server": SourceKind.SERVER}
    return LogItem("prs_u1", f"{at}#{said['messageId']}", source, kinds[source], received, (said,))
