"""Sets of assertions drawn from a seed, small and dense: everybody meets everybody, and every rule is touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from ariane.events.model import Event, SourceKind
from ariane.identity.facts import is_noted
from ariane.identity.ids import person_id
from ariane.identity.linking import assertion_of
from ariane.identity.model import Assertion
from ariane.identity.rules import Identifier, Rules

KEY = b"test-person-key"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SOURCES: Mapping[str, SourceKind] = {"site": SourceKind.BROWSER, "app": SourceKind.APP, "backend": SourceKind.SERVER}

_NAMESPACES: dict[str, Mapping[str, Any]] = {
    "user_id": {"priority": 1, "limit": 1, "unique": True},
    "email": {"priority": 2, "limit": 2},
    "phone": {"priority": 3, "limit": {"count": 1, "within": "10 minutes"}},
    "card": {"priority": 4, "limit": 3},
    "browser": {"priority": 9, "limit": "none", "device": True},
}


@dataclass(frozen=True, slots=True)
class Style:
    """What a set of assertions is mostly about: how many values there are of each namespace, and which rules are tight."""

    values: Mapping[str, int]
    rules: Mapping[str, Any]
    namespaces: Mapping[str, Mapping[str, Any]]
    trusted: float = 0.3

    @property
    def universe(self) -> list[Identifier]:
        return [
            Identifier(namespace, f"{namespace[0]}{number}") for namespace, count in self.values.items() for number in range(1, count + 1)
        ]


def _style(values: str, *, trusted: float = 0.3, namespaces: Mapping[str, Mapping[str, Any]] | None = None, **rules: Any) -> Style:
    """``values``: how many user ids, e-mails, phones, cards and browsers."""
    counts = dict(zip(_NAMESPACES, map(int, values.split()), strict=True))
    return Style(counts, {"spread": 20, "component_limit": 50, **rules}, {**_NAMESPACES, **(namespaces or {})}, trusted)


STYLES: Mapping[str, Style] = {
    "mixed": _style("3 3 2 2 2", spread=2, component_limit=6, protect=["email"]),
    "accounts": _style("3 2 0 0 3"),
    "devices": _style("3 1 1 0 3"),
    "limits": _style("1 4 1 4 1"),
    "windows": _style("2 1 5 1 0"),
    "hubs": _style("4 2 1 0 1", spread=2),
    "large people": _style("2 3 3 3 1", component_limit=4, namespaces={"email": {"priority": 2, "limit": "none"}}),
    "protected": _style("2 3 2 0 2", protect=["email", "phone"], trusted=0.5),
    "two uniques": _style("2 2 2 3 2", namespaces={"card": {"priority": 4, "limit": 1, "unique": True}}),
    "strong devices": _style(
        "3 3 1 0 2",
        namespaces={"browser": {"priority": 1, "limit": 2, "device": True}, "user_id": {"priority": 5, "limit": 1, "unique": True}},
    ),
    "no limits": _style("2 4 4 2 2", namespaces={"phone": {"priority": 3, "limit": "none"}, "email": {"priority": 2, "limit": "none"}}),
}


@cache
def rules_of(style: str) -> Rules:
    chosen = STYLES[style]
    return Rules.from_document({"namespaces": chosen.namespaces, **chosen.rules})


@dataclass(frozen=True, slots=True)
class Told:
    """One event, as far as identity is concerned. ``number`` names it for ever."""

    number: int
    identifiers: tuple[Identifier, ...]
    minute: float
    source: str

    def __str__(self) -> str:
        return f"[{self.number}] {self.source} at {self.minute}: {' '.join(map(str, self.identifiers))}"

    @property
    def event(self) -> Event:
        at = NOON + timedelta(minutes=self.minute)
        return Event(
            type="identify",
            message_id=f"m{self.number}",
            timestamp=at,
            received_at=at,
            source=self.source,
            kind=_SOURCES[self.source],
            person_id=person_id(self.identifiers[0], KEY),
            name=None,
            message={"type": "identify", "messageId": f"m{self.number}"},
            original=at,
        )

    @property
    def cause(self) -> str:
        return f"{person_id(self.identifiers[0], KEY)}/{self.number}/0"

    @property
    def assertion(self) -> Assertion:
        return assertion_of(self.event, self.identifiers)

    def is_asserted(self, rules: Rules) -> bool:
        """An event that names nobody else says nothing, unless a rule makes its time or its trust count."""
        trusted = _SOURCES[self.source].is_trusted
        return len(self.identifiers) > 1 or is_noted(self.identifiers[0], rules, is_trusted=trusted)


def told_in(seed: int, style: str) -> list[Told]:
    """A set of events, some of them said again: at another time, by another source, with one identifier more or less."""
    random = Random(f"{seed}/{style}/told")
    chosen = STYLES[style]
    rules = rules_of(style)
    told: list[Told] = []
    for number in range(random.randint(2, random.choice((5, 9, 16)))):
        if told and random.random() < 0.25:
            told.append(_again(random, random.choice(told), number, chosen, rules))
        else:
            size = random.choice((1, 2, 2, 2, 3, 3, 4))
            some = random.sample(chosen.universe, size)
            told.append(Told(number, ordered(some, rules), _minute(random), _source(random, chosen)))
    return told


def _again(random: Random, told: Told, number: int, style: Style, rules: Rules) -> Told:
    change = random.choice(("time", "source", "more", "less"))
    if change == "source":
        return replace(told, number=number, source=_source(random, style), minute=random.choice((told.minute, _minute(random))))
    if change == "more":
        return replace(told, number=number, identifiers=ordered({*told.identifiers, random.choice(style.universe)}, rules))
    if change == "less" and len(told.identifiers) > 1:
        return replace(told, number=number, identifiers=told.identifiers[1:], minute=_minute(random))
    return replace(told, number=number, minute=_minute(random))


def _minute(random: Random) -> float:
    return random.choice((random.randrange(30), random.randrange(30), random.randrange(4), random.randrange(500)))


def _source(random: Random, style: Style) -> str:
    return "backend" if random.random() < style.trusted else random.choice(("site", "app"))


def ordered(identifiers: Iterable[Identifier], rules: Rules) -> tuple[Identifier, ...]:
    return tuple(sorted(set(identifiers), key=lambda each: (rules.priority_of(each), each.value, each.namespace)))
