"""Computed traits and the life cycle, from every event anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ariane.instants import format_instant, from_millis
from tests.reference.person import DAY, Happening, Person, text_of
from tests.reference.values import found_at, milliseconds, number, passes, scalars_at, value_key

type Json = Any
KINDS = ("count", "sum", "min", "max", "average", "distinct", "first", "last", "most_frequent", "days_since")
ORDER = "Order Completed"
BASKET_DAYS = 7
BUILT_IN: Mapping[str, Mapping[str, Json]] = {
    "order_count": {"count": ORDER},
    "lifetime_value": {"sum": ORDER, "property": "total", "minus": {"sum": "Order Refunded", "property": "total"}},
    "average_order_value": {"average": ORDER, "property": "total"},
    "first_order_at": {"first": ORDER},
    "last_order_at": {"last": ORDER},
    "favourite_category": {"most_frequent": ORDER, "property": "products.category"},
    "favourite_channel": {"most_frequent": ORDER, "property": "sales_channel"},
    "favourite_size": {"most_frequent": ORDER, "property": "products.size"},
}
SPECIAL = ("last_viewed", "open_basket", "lifecycle")


@dataclass(frozen=True)
class Computing:
    person: Person
    definitions: Mapping[str, Mapping[str, Json]]
    horizon: int

    def knows(self, name: str) -> bool:
        return name in self.definitions or name in BUILT_IN or name in SPECIAL

    def value(self, name: str, at: int) -> Json:
        """None: missing."""
        asked = self.definitions.get(name) or BUILT_IN.get(name)
        if asked is not None:
            return self._defined(asked, at)
        return {"last_viewed": self._last_viewed, "open_basket": self._open_basket, "lifecycle": self._lifecycle}[name](at)

    def edges(self, name: str) -> Iterator[int]:
        """Instants at which, or a millisecond after which, the value may change."""
        asked = self.definitions.get(name) or BUILT_IN.get(name) or {}
        instants = {each.millis for each in self.person.events}
        yield from instants
        spans = [milliseconds(asked["within"])] if asked.get("within") else []
        spans += [BASKET_DAYS * DAY] if name == "open_basket" else []
        yield from (each + span for each in instants for span in spans)
        if asked.get("days_since"):
            last = max(instants, default=0) + self.horizon
            yield from (edge for each in instants for edge in range(each + DAY, last, DAY))
        if name == "lifecycle" and self.person.identified_at is not None:
            yield self.person.identified_at

    def _defined(self, asked: Mapping[str, Json], at: int) -> Json:
        kind = next(each for each in KINDS if asked.get(each))
        events = self._events(asked[kind], asked, at)
        values = [value for each in events for value in scalars_at(each.properties, asked["property"])] if asked.get("property") else []
        if kind == "count":
            return len(events)
        if kind == "days_since":
            return (at - max(each.millis for each in events)) // DAY if events else None
        if kind in ("first", "last"):
            return _edge_value(kind, events, asked.get("property"))
        if kind == "most_frequent":
            return _most_frequent(events, asked["property"])
        if kind == "distinct":
            return len({value_key(value) for value in values})
        return self._arithmetic(kind, values, len(events), asked, at)

    def _arithmetic(self, kind: str, values: Sequence[Json], times: int, asked: Mapping[str, Json], at: int) -> Json:
        numbers = [found for value in values if (found := number(value)) is not None]
        if kind == "sum":
            less = asked.get("minus")
            return sum(numbers, Decimal(0)) - (self._defined(less, at) if less else 0)
        if not numbers:
            return None
        return {"min": min(numbers), "max": max(numbers), "average": sum(numbers, Decimal(0)) / times}[kind]

    def _events(self, pattern: str, asked: Mapping[str, Json], at: int) -> list[Happening]:
        since = at - milliseconds(asked["within"]) if asked.get("within") else None
        return [
            each
            for each in self.person.events
            if each.millis <= at and (since is None or each.millis >= since) and self._fits(pattern, asked.get("where") or (), each)
        ]

    def _fits(self, pattern: str, where: Sequence[Json], event: Happening) -> bool:
        if event.name is None:
            return False
        is_named = event.name.startswith(pattern[:-1]) if pattern.endswith("*") else event.name == pattern
        zone = self.person.time_zone
        return is_named and all(passes(test, list(found_at(event.properties, test["property"])), event.millis, zone) for test in where)

    def _named(self, name: str, at: int) -> list[Happening]:
        return self._events(name, {}, at)

    def _last_viewed(self, at: int) -> Json:
        latest: dict[tuple[str, Json], tuple[int, bytes, Json]] = {}
        for event in self._named("Product Viewed", at):
            for value in scalars_at(event.properties, "product_id"):
                mark = (event.millis, text_of(value), value)
                latest[value_key(value)] = max(latest.get(value_key(value), mark), mark, key=lambda each: each[:2])
        newest = sorted(latest.values(), key=lambda each: each[:2], reverse=True)
        return [value for _, _, value in newest[:5]] or None

    def _open_basket(self, at: int) -> Json:
        """Product ids added, and not removed since, since the last order."""
        ordered = max((each.millis for each in self._named(ORDER, at)), default=None)
        standing: dict[tuple[str, Json], tuple[int, Json]] = {}
        for event in self._named("Product Added", at):
            is_fresh = event.millis >= at - BASKET_DAYS * DAY and (ordered is None or event.millis > ordered)
            for value in scalars_at(event.properties, "product_id") if is_fresh else ():
                standing[value_key(value)] = max(
                    standing.get(value_key(value), (event.millis, value)), (event.millis, value), key=lambda each: each[0]
                )
        for event in self._named("Product Removed", at):
            for value in scalars_at(event.properties, "product_id"):
                if value_key(value) in standing and standing[value_key(value)][0] <= event.millis:
                    del standing[value_key(value)]
        newest = sorted(standing.values(), key=lambda each: (each[0], text_of(each[1])), reverse=True)
        return [value for _, value in newest] or None

    def _lifecycle(self, at: int) -> str:
        orders = len(self._named(ORDER, at))
        if orders:
            return "retention" if orders > 1 else "conversion"
        is_identified = self.person.identified_at is not None and self.person.identified_at <= at
        return "acquisition" if is_identified else "reach"


def _edge_value(kind: str, events: Sequence[Happening], path: str | None) -> Json:
    """Of the first or last event that has a value; without a property the instant."""
    if path is None:
        instants = [each.millis for each in events]
        return format_instant(from_millis(min(instants) if kind == "first" else max(instants))) if instants else None
    placed = [(each.millis, value) for each in events for value in scalars_at(each.properties, path)]
    if not placed:
        return None
    edge = min(millis for millis, _ in placed) if kind == "first" else max(millis for millis, _ in placed)
    return max((value for millis, value in placed if millis == edge), key=text_of)


def _most_frequent(events: Sequence[Happening], path: str) -> Json:
    tally: dict[tuple[str, Json], list[tuple[int, bytes, Json]]] = {}
    for each in events:
        for value in scalars_at(each.properties, path):
            tally.setdefault(value_key(value), []).append((each.millis, text_of(value), value))
    if not tally:
        return None
    best = max(tally.values(), key=lambda marks: (len(marks), max(marks)[:2]))
    return max(best, key=lambda mark: mark[:2])[2]
