"""The naive reference of conditions: whether one holds at an instant is found by looking at every event of the person again. It reads the
documents of conditions, as files have them, and shares nothing with the evaluator."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from tests.reference.computed import Computing
from tests.reference.person import DAY, MINUTE, Decision, Definitions, Happening, Person, traits_at
from tests.reference.values import day_of, found_at, in_year, instant, midnight, milliseconds, number, passes, scalars_at, value_key

type Json = Any
NEAR_FOR = 30 * MINUTE
EARTH_KM = 6371.0088


@dataclass
class Naive:
    person: Person
    definitions: Definitions = field(default_factory=Definitions)
    horizon: int = 400 * DAY
    """How long after the last event what repeats for ever is looked for."""
    _known: dict[tuple[int, int], bool] = field(default_factory=dict)
    _kept: list[Json] = field(default_factory=list)
    _edges: dict[int, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.computing = Computing(self.person, self.definitions.computed, self.horizon)

    # truth

    def holds(self, condition: Json, at: int) -> bool:
        key = (id(condition), at)
        if key not in self._known:
            self._kept.append(condition)
            self._known[key] = self._holds(condition, at)
        return self._known[key]

    def _holds(self, condition: Json, at: int) -> bool:
        for name, look in self._KINDS.items():
            if condition.get(name) is not None:
                return bool(look(self, condition, at))
        raise AssertionError(f"no such condition: {condition}")

    def _all(self, condition: Json, at: int) -> bool:
        return all(self.holds(each, at) for each in condition["all"])

    def _any(self, condition: Json, at: int) -> bool:
        return any(self.holds(each, at) for each in condition["any"])

    def _not(self, condition: Json, at: int) -> bool:
        return not self.holds(condition["not"], at)

    def _trait(self, test: Json, at: int) -> bool:
        return passes(test, self.values(test["trait"], at), at, self.person.time_zone)

    def _performed(self, asked: Json, at: int) -> bool:
        events = [each for each in self.fitting(asked, at) if self._in_window(asked, each, at)]
        for name in ("sum", "min", "max", "distinct"):
            if asked.get(name) is not None:
                test = asked[name]
                value = _aggregate(name, [value for each in events for value in scalars_at(each.properties, test["property"])])
                return passes(test, [] if value is None else [value], at, self.person.time_zone)
        return passes(asked.get("times") or {"gte": 1}, [len(events)], at, self.person.time_zone)

    def _in_window(self, asked: Json, event: Happening, at: int) -> bool:
        if asked.get("within"):
            return event.millis >= at - milliseconds(asked["within"])
        if asked.get("between"):
            first, last = map(instant, asked["between"])
            return first is not None and last is not None and first <= event.millis <= last
        if asked.get("since"):
            return self.person.enrolled_at is not None and event.millis >= self.person.enrolled_at
        return True

    def _last(self, asked: Json, at: int) -> bool:
        named = self.fitting({"performed": asked["last"]}, at)
        latest = max((each.millis for each in named), default=None)
        return any(each.millis == latest and self._matches(asked, each) for each in named)

    def _first(self, asked: Json, at: int) -> bool:
        named = self.fitting({"performed": asked["first"]}, at)
        earliest = min((each.millis for each in named), default=None)
        return any(each.millis == earliest and self._matches(asked, each) for each in named)

    def _has_been(self, condition: Json, at: int) -> bool:
        test = {name: value for name, value in condition["has_been"].items() if name != "for"}
        return self._throughout(test, at - milliseconds(condition["has_been"]["for"]), at)

    def _segment(self, condition: Json, at: int) -> bool:
        inner = self.definitions.segments[condition["segment"]]
        if not condition.get("for"):
            return self.holds(inner, at)
        return self._throughout(inner, at - milliseconds(condition["for"]), at)

    def _throughout(self, inner: Json, first: int, last: int) -> bool:
        between = (near for edge in self.edges(inner) for near in (edge - 1, edge, edge + 1) if first <= near <= last)
        return all(self.holds(inner, each) for each in (first, last, *between))

    def _sequence(self, condition: Json, at: int) -> bool:
        asked = condition["sequence"]
        within = milliseconds(asked["within"]) if asked.get("within") else None
        steps = [each if isinstance(each, Mapping) else {"event": each} for each in asked["events"]]
        events = [each for each in self.person.events if each.millis <= at]
        return any(self._runs(steps[1:], events, [place], within) for place, each in enumerate(events) if self._is_step(steps[0], each))

    def _runs(self, steps: Sequence[Json], events: Sequence[Happening], taken: list[int], within: int | None) -> bool:
        """By trying every way there is. Of events of one instant nobody knows which came first."""
        if not steps:
            return True
        first, last = events[taken[0]].millis, events[taken[-1]].millis
        for place, each in enumerate(events):
            is_in_time = last < each.millis and (within is None or each.millis - first <= within)
            fits = is_in_time and place not in taken and self._is_step(steps[0], each)
            if fits and self._runs(steps[1:], events, [*taken, place], within):
                return True
        return False

    def _is_step(self, step: Json, event: Happening) -> bool:
        return is_named(step["event"], event) and self._matches(step, event)

    def _consent(self, condition: Json, at: int) -> bool:
        asked = condition["consent"]
        said = [
            each
            for each in self.person.decisions
            if each.millis <= at and each.topic in (asked["topic"], "*") and each.channel in (asked["channel"], "*")
        ]
        standing = [max((each for each in said if each.address == address), key=_order) for address in {each.address for each in said}]
        stands = "granted" if any(each.is_granted for each in standing) else "withdrawn" if said else "unknown"
        return bool(asked["is"] == stands)

    def _bucket(self, condition: Json, _at: int) -> bool:
        asked = condition["bucket"]
        digest = hashlib.sha256((asked["salt"] + ":" + self.person.plain_identifier).encode()).hexdigest()
        return int(digest[:16], 16) % 1_000_000 < Decimal(str(asked["percent"])) * 10_000

    def _near(self, condition: Json, at: int) -> bool:
        asked = condition["near"]
        placed = [each for each in self.person.events if each.place is not None and each.millis <= at]
        latest = max((each.millis for each in placed), default=None)
        if latest is None or at - latest > NEAR_FOR:
            return False
        return any(kilometres(each.place, (asked["lat"], asked["lon"])) <= asked["km"] for each in placed if each.millis == latest)

    _KINDS: ClassVar = {
        "all": _all,
        "any": _any,
        "not": _not,
        "trait": _trait,
        "performed": _performed,
        "last": _last,
        "first": _first,
        "has_been": _has_been,
        "sequence": _sequence,
        "segment": _segment,
        "consent": _consent,
        "bucket": _bucket,
        "near": _near,
    }

    # what it looks at

    def values(self, path: str, at: int) -> list[Json]:
        name = path.partition(".")[0]
        value = self.computing.value(name, at) if self.computing.knows(name) else traits_at(self.person.events, at).get(name)
        return list(found_at({name: value}, path))

    def fitting(self, asked: Json, at: int) -> list[Happening]:
        named = [each for each in self.person.events if is_named(asked["performed"], each)]
        return [each for each in named if each.millis <= at and self._matches(asked, each)]

    def _matches(self, asked: Json, event: Happening) -> bool:
        return matches(asked.get("where") or (), event, self.person.time_zone)

    # when it may change

    def edges(self, condition: Json) -> frozenset[int]:
        """Instants of which nothing can change but there, or a millisecond after."""
        if id(condition) not in self._edges:
            self._kept.append(condition)
            self._edges[id(condition)] = frozenset(self._edges_of(condition))
        return self._edges[id(condition)]

    def _edges_of(self, condition: Json) -> Iterator[int]:
        for each in (*(condition.get("all") or ()), *(condition.get("any") or ()), *([condition["not"]] if condition.get("not") else ())):
            yield from self.edges(each)
        if condition.get("segment"):
            yield from _later(self.edges(self.definitions.segments[condition["segment"]]), condition.get("for"))
        if condition.get("has_been"):
            yield from _later(frozenset(self._edges_of_test(condition["has_been"])), condition["has_been"]["for"])
        if condition.get("trait"):
            yield from self._edges_of_test(condition)
        happened = frozenset(each.millis for each in self.person.events)
        yield from _later(happened, condition.get("within") if "performed" in condition else None)
        if condition.get("near"):
            yield from (each.millis + NEAR_FOR for each in self.person.events)
        if condition.get("sequence") and condition["sequence"].get("within"):
            yield from (each.millis + milliseconds(condition["sequence"]["within"]) for each in self.person.events)
        yield from (each.millis for each in self.person.decisions)

    def _edges_of_test(self, test: Json) -> Iterator[int]:
        name = test["trait"].partition(".")[0]
        changing = set(self.computing.edges(name)) if self.computing.knows(name) else {each.millis for each in self.person.events}
        yield from changing
        held = {repr(value): value for edge in changing for near in (edge, edge + 1) for value in self.values(test["trait"], near)}
        spans = [milliseconds(test[each]) for each in ("within", "older_than", "within_next") if test.get(each)]
        moments = [moment for value in held.values() if (moment := instant(value)) is not None]
        yield from (moment + shift for moment in moments for span in spans for shift in (-span, 0, span))
        if test.get("anniversary") is not None:
            yield from (edge for value in held.values() for edge in self._days(value, test["anniversary"]))

    def _days(self, value: Json, asked: Json) -> Iterator[int]:
        day = day_of(value, self.person.time_zone)
        if day is None:
            return
        shift = milliseconds(asked["offset"]) // DAY if asked.get("offset") else 0
        for year in range(2020, 2032):
            for more in (0, 1):
                yield midnight(in_year(day, year), shift + more, self.person.time_zone)

    def changes(self, condition: Json) -> list[tuple[int, bool]]:
        """Every instant at which it turns true or false."""
        found: list[tuple[int, bool]] = []
        edges = sorted({near for edge in self.edges(condition) for near in (edge - 1, edge, edge + 1)})
        standing = self.holds(condition, edges[0] - DAY) if edges else False
        for edge in edges:
            if self.holds(condition, edge) is not standing:
                standing = not standing
                found.append((edge, standing))
        return found


def is_named(pattern: str, event: Happening) -> bool:
    if event.name is None:
        return False
    return event.name.startswith(pattern[:-1]) if pattern.endswith("*") else event.name == pattern


def matches(tests: Sequence[Json], event: Happening, time_zone: str) -> bool:
    """Operators that look at the clock look from the event's own instant."""
    return all(passes(test, list(found_at(event.properties, test["property"])), event.millis, time_zone) for test in tests)


def _order(decision: Decision) -> tuple[int, bool]:
    """The latest stands, of equals in time the withdrawal."""
    return decision.millis, not decision.is_granted


def _aggregate(name: str, values: Sequence[Json]) -> Decimal | int | None:
    if name == "distinct":
        return len({value_key(value) for value in values})
    numbers = [found for value in values if (found := number(value)) is not None]
    if name == "sum":
        return sum(numbers, Decimal(0))
    return None if not numbers else min(numbers) if name == "min" else max(numbers)


def kilometres(one: tuple[float, float] | None, other: tuple[float, float]) -> float:
    """Great circle, haversine."""
    assert one is not None
    north, south = math.radians(one[0]), math.radians(other[0])
    half = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(math.radians(other[1] - one[1]) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def _later(edges: frozenset[int], duration: str | None) -> Iterator[int]:
    yield from edges
    if duration:
        yield from (edge + milliseconds(duration) for edge in edges)
