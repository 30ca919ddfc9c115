"""A profile: the fold of the fragments of one identity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ariane.conditions.series import Observed, Settings
from ariane.identity.epochs import plain
from ariane.identity.rules import Identifier, Rules
from ariane.profiles.completeness import Covered


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often one event name happened, first and last (by the events' own, clamped time)."""

    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class LogPart:
    """A partition of the log that holds events of a profile."""

    partition: str
    """A person id."""
    is_mixed: bool = False
    """It holds events of others too: whose each is has to be asked (``homes``)."""
    first: datetime | None = None
    """Of a mixed one: when the profile's own events in it begin …"""
    last: datetime | None = None
    """… and end, by their corrected time."""


@dataclass(frozen=True, slots=True)
class AtRest:
    """Devices of a person of very many, none of which has been heard of lately: what is known through them was read as one sum."""

    devices: int
    last_seen: datetime | None
    """None of them has an event after this; None: none has any."""
    holders: tuple[str, ...] = ()
    """Person ids among them that runs, messages or person-wide consents may lie under."""


class Shape(NamedTuple):
    """Who is of a person: two readings of equal shape have the same identifiers."""

    root: str
    reshaped: int
    children: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one person. ``id`` is the root person id; reading changes nothing."""

    id: str
    identifiers: Mapping[str, str]
    """person id of each identifier -> ``namespace:value``; the root's own is among them. These ids are also the partition keys of the
    person's enrolments and messages; where the events lie, ``logs`` says. A device that others have used before ends in a mark of its epoch
    (``identity.epochs``), which is not for people to see."""
    traits: Mapping[str, Any]
    occurrences: Mapping[str, Occurrences]
    """By event name: a track's ``event``; pages and screens count as ``$page`` and ``$screen``."""
    first_seen: datetime | None
    last_seen: datetime | None
    version: int
    """The root's head version: merges and consent decisions raise it, claims check it. 0: the root has no head yet."""

    groups: Mapping[str, datetime] = field(default_factory=dict)
    """Accounts (``groupId``) that the person's ``group`` events named, and when first."""
    removed_traits: frozenset[str] = frozenset()
    """Traits whose latest word is a removal: neither here nor never said."""
    logs: tuple[LogPart, ...] = ()
    """Without those of devices at rest."""
    at_rest: AtRest | None = None
    """Devices that are neither among ``identifiers`` nor in ``logs``, though all else has what is known through them. None: there are
    none, the reading is whole."""
    shape: Shape | None = None
    """None: nothing is linked here."""
    observed: Mapping[str, Observed] = field(default_factory=dict)
    """Key of a series that conditions ask for -> what was recorded of it, which may not be all (``coverage``; ``person_view``)."""
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Likewise what traits were over time."""
    coverage: tuple[Covered, ...] = ()
    """What was recorded in the person's fragments, by plan: tells what is missing."""
    seen_through: Mapping[str, datetime] = field(default_factory=dict)
    """Namespace -> the first event through one of its identifiers."""

    def identified_at(self, rules: Rules) -> datetime | None:
        """Since when the person has an identifier that identifies (of a ``unique`` namespace). None: it has none. Of one that no event came
        through alone nothing better is known than when the person was first seen."""
        spaces = {text.partition(":")[0] for text in self.identifiers.values()}
        unique = {name for name in spaces if rules.is_identified(Identifier(name, ""))}
        moments = [moment for name, moment in self.seen_through.items() if name in unique]
        return min(moments, default=self.first_seen if unique else None)

    @property
    def member_ids(self) -> tuple[str, ...]:
        """Of a whole reading all of the person's."""
        return tuple(self.identifiers)

    @property
    def holder_ids(self) -> tuple[str, ...]:
        """Every person id under which runs, messages or person-wide consents of the person may lie."""
        return (*self.identifiers, *(self.at_rest.holders if self.at_rest else ()))

    def values_of(self, namespace: str) -> tuple[str, ...]:
        prefix = namespace + ":"
        named = (Identifier.parse(text) for text in self.identifiers.values() if text.startswith(prefix))
        return tuple(plain(each).value for each in named)
