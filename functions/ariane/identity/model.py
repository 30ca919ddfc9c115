"""Heads, assertions, splits and transitions: how identifiers hang together. docs/reference/data-model.md says how they are stored."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ariane.events.timestamps import is_clamped
from ariane.identity.rules import Identifier
from ariane.instants import format_instant

OPERATOR = "operator"
"""Source of the assertions that people make by hand (``link``)."""
LATE = timedelta(minutes=5)
"""What a public source says later than this after its own time is worth telling: it may stand before what was said meanwhile."""

type Standing = tuple[bool, str, str, str, str, str]
"""Where an assertion stands among all: (public, time, source, message id, body digest, set digest). Trusted ones come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the assertions that name one identifier say beyond linking it (``facts``)."""

    accounts: Mapping[str, datetime] = field(default_factory=dict)
    """Mark of a unique value that was named beside it -> when first. Of a device the two earliest; otherwise up to one over ``spread``."""
    names: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Of a device, what those marks stand for, ``namespace:value``: for people to read, never compared."""
    is_protected: bool = False
    """A trusted source named it, and its namespace is protected."""
    seen_at: datetime | None = None
    """First sighting, where its namespace has a limit over a window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a component is, as far as the rules ask: enough to decide whether two may join without reading their members."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """Namespace -> how many values."""
    sightings: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Namespace with a windowed limit -> first sightings of its values, milliseconds, ascending."""
    is_identified: bool = False
    left: frozenset[str] = frozenset()
    """Ids of standing splits that name one of its identifiers on their left …"""
    right: frozenset[str] = frozenset()
    """… and on their right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One identifier's node in the tree of its identity. One that was never seen with another has no stored head: version 0."""

    person_id: str
    identifier: Identifier | None = None
    """None where only a consent decision has touched the head so far."""
    parent: str | None = None
    """None: a root."""
    version: int = 0
    first_at: datetime | None = None
    """When this identifier was first asserted together with another, as known when its head was last written."""
    is_identified: bool = False
    """Its own: of a unique namespace, or a protected contact."""
    children: int = 0
    """Direct members: spares readers a query under each leaf."""
    evidence: Evidence = field(default_factory=Evidence)
    """About this identifier, whether it is a root or not."""
    summary: Summary | None = None
    """Of a root: its component's. None where nothing has joined it yet: its own identifier's then."""
    last: Standing | None = None
    """Of a root in a clean cluster: the latest in order of the cluster's assertions."""
    cluster: str | None = None
    """Of a root: the id of the cluster in conflict that it belongs to. None: its cluster is clean, and is its tree."""
    reshaped: int = 0
    """Another number whenever its tree, being a root's, has lost somebody or been turned about (``shapes``)."""
    newest: tuple[str, ...] = ()
    """Of a root with many members: the last person ids that joined it directly since it was reshaped, the latest last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What assertions connect, accepted or refused, where one was refused. ``entries`` of its people are read apart (``ClusterStore``)."""

    id: str
    version: int = 0
    last: Standing | None = None
    parent: str | None = None
    """Another cluster that took it in."""
    quarantine: str | None = None
    """Why its evidence waits for the background; None: what its trees say is what the reference says."""
    shut_until: datetime | None = None
    """Of one in quarantine: until then nothing new is taken in, as the background would otherwise never have read it to the end."""


def set_digest(identifiers: Iterable[Identifier], *, is_trusted: bool) -> str:
    texts = sorted(str(identifier) for identifier in identifiers)
    return hashlib.sha256("\x00".join([str(is_trusted), *texts]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """ "This event says that these identifiers are one person." ``at`` is the event's clamped time."""

    identifiers: tuple[Identifier, ...]
    """As the event named them, by (priority, value); the first is the one under whose id the event lies in the log."""
    at: datetime
    is_trusted: bool
    source: str
    message_id: str
    body_digest: str
    by: str | None = None
    """The operator who linked them by hand."""
    why: str | None = None
    received_at: datetime | None = field(default=None, compare=False)
    """When a public source's event came in, where it says that it happened more than ``LATE`` before. Told, never compared: who is one
    person does not depend on it."""
    signature: str | None = field(default=None, compare=False)
    """``VERIFIED``, or why the signature of a public source's event did not hold. None: it has none, or needs none."""

    @property
    def is_clamped(self) -> bool:
        """The source's clock reached further back than what it says may count."""
        return self.received_at is not None and is_clamped(self.at, received_at=self.received_at)

    @property
    def digest(self) -> str:
        """The same for every assertion of this set by sources of this trust: only the earliest of them is stored."""
        return set_digest(self.identifiers, is_trusted=self.is_trusted)

    @property
    def order(self) -> tuple[str, str, str, str]:
        """Within one digest, the smallest stands."""
        return format_instant(self.at), self.source, self.message_id, self.body_digest

    @property
    def precedence(self) -> tuple[str, str, str, str, str]:
        """Which row stands: the smallest by ``order``; of copies of one event the one that was received first."""
        return *self.order, format_instant(self.received_at) if self.received_at else ""

    @property
    def sequence(self) -> Standing:
        return (not self.is_trusted, *self.order, self.digest)


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """An operator's word that no identifier of ``left`` is the person of any of ``right``. It stands against all evidence until lifted."""

    id: str
    left: frozenset[Identifier]
    right: frozenset[Identifier]
    at: datetime
    by: str
    why: str
    events_to: Side | None = None
    """Whose the events are that carry identifiers of both sides. None: their strongest identifier's."""
    lifted: Lifted | None = None

    @property
    def is_lifted(self) -> bool:
        return self.lifted is not None

    def side_of(self, identifier: Identifier) -> Side | None:
        if identifier in self.left:
            return Side.LEFT
        return Side.RIGHT if identifier in self.right else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The roots ``absorbed`` now point to ``into``. ``cause`` is ``{pk}/{sk}/{place}`` of the event in the log."""

    into: str
    absorbed: tuple[str, ...]
    cause: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """``parts`` are roots of their own now; they were ``origin``'s."""

    origin: str
    parts: tuple[str, ...]
    cause: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """All that one cause changed. Stored with the change itself, under the strongest identifier of the cause, and read again whenever the
    cause comes again: what follows from it (announcing, refolding, resolving in the background) is done at least once."""

    cause: str
    at: datetime
    merged: tuple[Merged, ...] = ()
    parted: tuple[Parted, ...] = ()
    refold: tuple[str, ...] = ()
    """Person ids whose events in the log may have become another person's."""
    quarantined: str | None = None
    """The cluster that waits for the background."""
    sealing: tuple[str, ...] = ()
    """Roots of people of very many identifiers, whose devices at rest are to be summed up anew."""

    @property
    def is_nothing(self) -> bool:
        return not (self.merged or self.parted or self.refold or self.quarantined or self.sealing)
