"""The product's evaluator against the naive one: over the log, and over fragments recorded in random order, at every instant at which
anything may change."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Any

import orjson
from pydantic import TypeAdapter

from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.computed import BUILT_IN, ComputedTrait
from ariane.conditions.computed_steps import computed_steps, lifecycle_steps
from ariane.conditions.evaluate import steps
from ariane.conditions.model import Condition
from ariane.conditions.observing import Asked, Observer, Observing
from ariane.conditions.series import Consent
from ariane.conditions.steps import MAX, MIN, Steps
from ariane.conditions.view import View
from ariane.events.model import Event, LogItem, event_of
from ariane.identity.rules import Rules
from ariane.profiles.applying import apply, happened_of
from ariane.profiles.fold import fold
from ariane.profiles.fragments import Fragment, decode, encode
from ariane.profiles.person_view import LogView, PersonFacts, ProfileView
from tests.reference import random_conditions
from tests.reference.conditions import Naive
from tests.reference.histories import DAY, HOUR, NOON, history
from tests.reference.person import Decision, Definitions, Person, happening

type Json = Any
_READ: TypeAdapter[Any] = TypeAdapter(Condition)
PRECEDENCE: Mapping[str, tuple[str, ...]] = {"plan": ("till", "server"), "points": ("web",)}
ALL_RUNS = 2**62
RULES = Rules.from_document({})


def read(document: Json) -> Condition:
    condition: Condition = _READ.validate_json(orjson.dumps(document))
    return condition


@dataclass(frozen=True)
class Case:
    """One person, and what is asked of them."""

    random: Random
    items: Sequence[LogItem]
    definitions: Definitions
    condition: Json
    decisions: Sequence[Decision]
    enrolled_at: int | None
    identified_at: int | None

    @classmethod
    def drawn(cls, random: Random, *, most: int = 16, depth: int = 3) -> "Case":
        items = history(random, most)
        definitions = random_conditions.definitions(random)
        decisions = [_decision(random) for _ in range(random.randint(0, 4))]
        condition = random_conditions.condition(random, random.choice((0, 0, 1, 2, depth)))
        moments = [None, NOON - random.randint(0, 20) * DAY]
        return cls(random, items, definitions, condition, decisions, random.choice(moments), random.choice(moments))

    @cached_property
    def events(self) -> list[Event]:
        return [event_of(item, message) for item in self.items for message in item.messages]

    @cached_property
    def naive(self) -> Naive:
        happened = tuple(happening(event, ranks(event.source)) for event in self.events)
        person = Person(happened, self.decisions, identified_at=self.identified_at, enrolled_at=self.enrolled_at)
        return Naive(person, self.definitions)

    @cached_property
    def catalogue(self) -> Catalogue:
        computed = {name: ComputedTrait.model_validate_json(orjson.dumps(each)) for name, each in self.definitions.computed.items()}
        return Catalogue({**BUILT_IN, **computed}, {name: read(each) for name, each in self.definitions.segments.items()})

    @cached_property
    def model(self) -> Condition:
        return read(self.condition)

    @property
    def facts(self) -> PersonFacts:
        person = self.naive.person
        return PersonFacts(person.first_seen, self.identified_at, person.plain_identifier, person.time_zone, self.enrolled_at)

    @property
    def consents(self) -> list[Consent]:
        return [Consent(*each) for each in self.decisions]

    # what is asked

    @property
    def log(self) -> LogView:
        everything = Observing.everything(needs([self.model], self.catalogue, traits=self.traits), PRECEDENCE)
        observer = Observer(everything, most_runs=ALL_RUNS)
        for event in self.random.sample(self.events, len(self.events)):
            observer.add(happened_of(event))
        return LogView(observer, everything, self.facts, consents=lambda: self.consents)

    @property
    def traits(self) -> tuple[str, ...]:
        """Computed traits that are looked at by themselves."""
        return (*self.catalogue.computed, "lifecycle")

    @cached_property
    def observing(self) -> Observing:
        asked = needs([self.model], self.catalogue, traits=self.traits)
        series = tuple(Asked(each, keep, 1) for each, keep in asked.series.items())
        return Observing(1, series, dict.fromkeys(asked.traits, 1), PRECEDENCE)

    def recorded(self, *, unplanned: int = 0, most: int = 3) -> ProfileView:
        """In fragments: the events in any order, a few at a time, each fragment written and read again between. ``unplanned``: so many
        came before anything asked for them; ``most``: fragments."""
        fragments = {f"prs_{number}": Fragment(person_id=f"prs_{number}") for number in range(self.random.randint(1, most))}
        waiting = self.random.sample(self.events, len(self.events))
        begun = len(waiting)
        while waiting:
            own = self.random.choice(sorted(fragments))
            plan = Observing() if begun - len(waiting) < unplanned else self.observing
            some = [waiting.pop() for _ in range(min(len(waiting), self.random.randint(1, 4)))]
            fragments[own] = decode(own, encode(apply(fragments[own], some, plan)))
        profile = fold("prs_0", dict.fromkeys(fragments, "user_id:u1"), fragments.values(), version=1)
        view = ProfileView(profile, self.observing, rules=RULES, consents=lambda: self.consents)
        view.facts = self.facts
        return view


def _decision(random: Random) -> Decision:
    is_granted = random.random() < 0.6
    topic, channel = random.choice(("offers", "news", "offers" if is_granted else "*")), random.choice(("email", "sms"))
    return Decision(topic, channel, is_granted, NOON - random.randint(0, 9) * DAY, random.choice("ab"))


def ranks(source: str) -> dict[str, int]:
    return {trait: len(sources) - sources.index(source) for trait, sources in PRECEDENCE.items() if source in sources}


def problems(case: Case, told: Counter[str] | None = None) -> list[str]:
    """Where the product says otherwise than the naive reference."""
    told = Counter() if told is None else told
    naive, now = case.naive, NOON + case.random.choice((0, 0, 1, HOUR, DAY, 40 * DAY))
    edges = sorted({near for edge in naive.edges(case.condition) for near in (edge - 1, edge, edge + 1)} | {now})
    changes = naive.changes(case.condition)
    told["conditions"] += 1
    told["that change"] += bool(changes)
    told["instants"] += len(edges)
    found = []
    late = case.random.randint(1, 8)
    for name, view in (("log", case.log), ("fragments", case.recorded()), ("late", case.recorded(unplanned=late))):
        given = steps(case.model, view, case.catalogue, now=now)
        told[f"{name}: unknown now"] += given.known_since > now
        if name == "log" and given.known_since > MIN:
            found.append(f"{name}: known only since {given.known_since}")
        found += [f"{name}: {each}" for each in _unlike(given, naive, case.condition, edges, changes)]
        found += [f"{name}: {each}" for each in _unlike_computed(case, view, now, told, name)]
    return found


def _unlike(given: Steps[bool], naive: Naive, condition: Json, edges: Sequence[int], changes: Sequence[tuple[int, bool]]) -> Iterator[str]:
    for edge in edges:
        if given.known_since <= edge <= given.until and given.at(edge) is not naive.holds(condition, edge):
            yield f"{given.at(edge)} at {edge - NOON:+,}, not {naive.holds(condition, edge)}"
    last = min(given.until, edges[-1])
    expected = [each for each in changes if given.known_since < each[0] <= last]
    if given.until == MAX and [*given.changes(MIN, last)] != expected:
        yield f"changes {[*given.changes(MIN, last)]}, not {expected}"
    if given.until == MAX and given.next_change(edges[-1]) is not None and given.known_since < MAX:
        yield f"changes at {given.next_change(edges[-1])}, where nothing happens"
    for edge in edges:
        if given.known_since <= edge < last:
            yield from _unlike_around(given, edge, changes, last)


def _unlike_around(given: Steps[bool], at: int, changes: Sequence[tuple[int, bool]], last: int) -> Iterator[str]:
    """When it began to be so, and when it ends."""
    begun = max((instant for instant, _ in changes if instant <= at), default=None)
    if given.since(at) != (begun if begun is not None and begun > given.known_since else None):
        yield f"at {at - NOON:+,} so since {given.since(at)}, not {begun} (known since {given.known_since})"
    following = min((instant for instant, _ in changes if instant > at), default=None)
    found = given.next_change(at)
    if found != following and not (following is None and found == given.until) and not (following or 0) > last:
        yield f"after {at - NOON:+,} the next change is at {found}, not {following}"


def _unlike_computed(case: Case, view: View, now: int, told: Counter[str], where: str) -> Iterator[str]:
    name = case.random.choice(case.traits)
    found: Steps[Any]
    found = lifecycle_steps(view) if name == "lifecycle" else computed_steps(case.catalogue.computed[name], view, now=now)
    computing = case.naive.computing
    near = {around for edge in computing.edges(name) for around in (edge - 1, edge, edge + 1)} | {now}
    told[f"{where}: computed unknown now"] += found.known_since > now
    told["computed values"] += len(near)
    for at in sorted(near)[:200]:
        if found.known_since <= at <= found.until and not same(found.at(at), computing.value(name, at)):
            yield f"{name} is {found.at(at)!r} at {at - NOON:+,}, not {computing.value(name, at)!r}"


def same(value: Json, other: Json) -> bool:
    if isinstance(value, Decimal | int | float) and isinstance(other, Decimal | int | float) and not isinstance(value, bool):
        return Decimal(str(value)).quantize(Decimal("1e-9")) == Decimal(str(other)).quantize(Decimal("1e-9"))
    return type(value) is type(other) and bool(value == other)
