"""People for conditions: their events recorded as the log is read, or as fragments keep them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import TypeAdapter

from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.model import Condition
from ariane.conditions.observing import Asked, Happened, Observer, Observing
from ariane.conditions.series import Consent, Needs
from ariane.conditions.view import View
from ariane.instants import from_millis
from ariane.profiles.person_view import LogView, PersonFacts

NOON = 1_795_348_800_000
"""22 November 2026, 12:00 UTC."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
_READ: TypeAdapter[Condition] = TypeAdapter(Condition)


def read(document: object) -> Condition:
    return _READ.validate_json(orjson.dumps(document))


def did(name: str, at: int, properties: Mapping[str, Any] | None = None, **fields: Any) -> Happened:
    """``at``: milliseconds after noon, mostly negative."""
    return Happened(name, from_millis(NOON + at), properties or {}, **fields)


def said(at: int, **traits: Any) -> Happened:
    return Happened(None, from_millis(NOON + at), {}, traits=traits)


@dataclass(frozen=True)
class Person:
    events: Sequence[Happened] = ()
    consents: Sequence[Consent] = ()
    facts: PersonFacts = field(default_factory=lambda: PersonFacts(None, None, "user_id:u1", "Europe/Paris"))

    def log(self, conditions: Iterable[Condition], catalogue: Catalogue | None = None, *, traits: Sequence[str] = ()) -> View:
        """Everything that these ask for."""
        return self._view(Observing.everything(needs(conditions, catalogue or Catalogue(), traits=traits)))

    def kept(self, conditions: Iterable[Condition], catalogue: Catalogue | None = None, *, traits: Sequence[str] = ()) -> View:
        """Only as much as a fragment keeps for these."""
        return self._view(plan(needs(conditions, catalogue or Catalogue(), traits=traits)))

    def _view(self, observing: Observing) -> View:
        observer = Observer(observing)
        for event in self.events:
            observer.add(event)
        return LogView(observer, observing, self.facts, consents=lambda: self.consents)


def plan(asked: Needs) -> Observing:
    series = tuple(Asked(each, keep, 1) for each, keep in asked.series.items())
    return Observing(1, series, dict.fromkeys(asked.traits, 1))
