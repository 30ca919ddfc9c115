"""A person as the naive reference sees them: every event of theirs, plainly, and nothing summed up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from ariane.events.model import Event
from ariane.instants import to_millis

type Json = Any
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Happening:
    """One event. ``name`` as it is counted: ``$page`` and ``$screen`` for these, None for what is not counted."""

    millis: int
    name: str | None
    properties: Mapping[str, Json] = field(default_factory=dict)
    traits: Mapping[str, Json] = field(default_factory=dict)
    place: tuple[float, float] | None = None
    rank: int = 0
    """Of the source, for every trait; a higher one is believed."""
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Where it differs from trait to trait."""

    def rank_of(self, trait: str) -> int:
        return self.ranks.get(trait, self.rank)


class Decision(NamedTuple):
    """Of one address. Granted for one of several addresses is granted."""

    topic: str
    channel: str
    is_granted: bool
    millis: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    events: Sequence[Happening] = ()
    decisions: Sequence[Decision] = ()
    identified_at: int | None = None
    plain_identifier: str = "user_id:u1"
    time_zone: str = "Europe/Paris"
    enrolled_at: int | None = None

    @property
    def first_seen(self) -> int | None:
        return min((each.millis for each in self.events), default=None)


@dataclass(frozen=True, slots=True)
class Definitions:
    """As documents: computed traits and the conditions of segments by name."""

    computed: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    segments: Mapping[str, Json] = field(default_factory=dict)


def happening(event: Event, ranks: Mapping[str, int] | None = None) -> Happening:
    """From an event of the log."""
    return Happening(
        millis=to_millis(event.timestamp),
        name=_counted(event),
        properties=event.properties,
        traits=event.traits,
        place=_place(event.message),
        ranks=ranks or {},
    )


def _counted(event: Event) -> str | None:
    if event.type in ("page", "screen"):
        return "$" + event.type
    return event.name if event.type == "track" else None


def _place(message: Mapping[str, Json]) -> tuple[float, float] | None:
    context = message.get("context")
    location = context.get("location") if isinstance(context, Mapping) else None
    if not isinstance(location, Mapping):
        return None
    latitude, longitude = _degrees(location.get("latitude"), 90), _degrees(location.get("longitude"), 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(value: Json, most: int) -> float | None:
    return value if is_plain_number(value) and -most <= value <= most else None


def is_plain_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_of(value: Json) -> bytes:
    """Canonical: of equals in time, the larger one stands."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def traits_at(events: Iterable[Happening], at: int) -> dict[str, Json]:
    """What every trait is at an instant; removed ones are not there."""
    standing: dict[str, tuple[tuple[int, int, bytes], Json]] = {}
    for event in events:
        if event.millis > at:
            continue
        for name, value in event.traits.items():
            order = (event.rank_of(name), event.millis, text_of(value))
            if name not in standing or order > standing[name][0]:
                standing[name] = (order, value)
    return {name: value for name, (_, value) in standing.items() if value is not None}
