"""What is told on the bus: merges, and events that something listens to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import batched
from typing import Any, Protocol, Self

from ariane.errors import Permanent
from ariane.events.model import Event
from ariane.identity.model import Merged, Parted, Transition
from ariane.instants import format_instant
from ariane.profiles.admission import Placed
from ariane.profiles.fragments import counted_name

EVENT = "Event"
PROFILE_MERGED = "Profile Merged"
PROFILE_SPLIT = "Profile Split"
_MOST_NAMED = 1_000
"""Person ids in one fact: the bus takes 256 KB, the journey queue too."""


@dataclass(frozen=True, slots=True)
class Fact:
    kind: str
    """The bus's ``detail-type``."""
    detail: Mapping[str, Any]


class Unannounceable(Permanent):
    """Facts that can never pass; whoever asked sees that they are kept somewhere."""

    def __init__(self, facts: Sequence[Fact], message: str) -> None:
        super().__init__("fact_refused", message)
        self.facts = facts


class Announcer(Protocol):
    def publish(self, facts: Sequence[Fact]) -> None:
        """All of them, in any order, at least once. Raises Retryable; Unannounceable when all the others have passed."""
        ...


@dataclass(frozen=True, slots=True)
class Names:
    """Event names; one that ends in ``*`` stands for all that begin so."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[object]) -> Self:
        texts = [name for name in names if isinstance(name, str)]
        return cls(frozenset(texts), tuple(name[:-1] for name in texts if name.endswith("*")))

    def __contains__(self, name: str) -> bool:
        return name in self.exact or name.startswith(self.prefixes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What listens: entries of journeys, what enrolments await, what the brand forwards. The definitions' document ``interest``."""

    entry: Names = Names(frozenset(), ())
    awaited: Names = Names(frozenset(), ())
    forward: Names = Names(frozenset(), ())

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Self:
        lists = document or {}
        return cls(**{part: Names.of(lists.get(part) or ()) for part in ("entry", "awaited", "forward")})

    def covers(self, event: Event) -> bool:
        name = announced_name(event)
        return name in self.entry or name in self.awaited or name in self.forward

    def awaits(self, event: Event) -> bool:
        return announced_name(event) in self.awaited


def announced_name(event: Event) -> str:
    """As it is counted; ``$identify``, ``$group``, ``$alias`` for what is not."""
    return counted_name(event) or f"${event.type}"


def event_fact(placed: Placed, *, root_id: str, home_id: str, is_awaited: bool) -> Fact:
    """``home_id`` is whose the event is, ``root_id`` the root of that identity."""
    event = placed.event
    detail = {
        "type": event.type,
        "event": announced_name(event),
        "messageId": event.message_id,
        "timestamp": format_instant(event.timestamp),
        "receivedAt": format_instant(event.received_at),
        "source": event.source,
        "kind": str(event.kind),
        "profile": root_id,
        "fragment": home_id,
        "properties": event.properties,
        "cause": placed.cause,
    }
    return Fact(EVENT, detail | ({"awaited": True} if is_awaited else {}))


def merged_fact(merged: Merged) -> Fact:
    detail = {"into": merged.into, "from": list(merged.absorbed), "at": format_instant(merged.at), "cause": merged.cause}
    return Fact(PROFILE_MERGED, detail)


def split_fact(parted: Parted) -> Fact:
    detail = {"from": parted.origin, "into": list(parted.parts), "at": format_instant(parted.at), "cause": parted.cause}
    return Fact(PROFILE_SPLIT, detail)


def facts_of_transition(transition: Transition) -> list[Fact]:
    """What people became one, what one person became several, and whose events (by their partition in the log) may be another's now:
    nobody parts where a device turns out to be shared, but what it did since then is its own."""
    merged = (replace(each, absorbed=some) for each in transition.merged for some in batched(each.absorbed, _MOST_NAMED, strict=False))
    parted = (replace(each, parts=some) for each in transition.parted for some in batched(each.parts, _MOST_NAMED, strict=False))
    rehomed = (_rehomed_fact(transition, moved) for moved in batched(transition.refold, _MOST_NAMED, strict=False))
    return [*map(merged_fact, merged), *map(split_fact, parted), *rehomed]


def _rehomed_fact(transition: Transition, moved: Sequence[str]) -> Fact:
    detail = {"from": moved[0], "into": [], "rehomed": list(moved), "at": format_instant(transition.at), "cause": transition.cause}
    return Fact(PROFILE_SPLIT, detail)
