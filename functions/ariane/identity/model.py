"""Heads, assertions and transitions: how identifiers hang together. docs/reference/data-model.md says how they are stored."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ariane.identity.rules import Identifier
from ariane.instants import format_instant


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
    children: int = 0
    """Direct members: spares readers a query under each leaf."""


def set_digest(identifiers: Iterable[Identifier], *, is_trusted: bool) -> str:
    texts = sorted(str(identifier) for identifier in identifiers)
    return hashlib.sha256("\x00".join([str(is_trusted), *texts]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """ "This event says that these identifiers are one person." ``at`` is the event's clamped time."""

    identifiers: tuple[Identifier, ...]
    """By (priority, value); the first is the anchor, under whose id the assertion lies."""
    at: datetime
    is_trusted: bool
    source: str
    message_id: str
    body_digest: str

    @property
    def digest(self) -> str:
        """The same for every assertion of this set by sources of this trust: only the earliest of them is stored."""
        return set_digest(self.identifiers, is_trusted=self.is_trusted)

    @property
    def order(self) -> tuple[str, str, str, str]:
        """Within one digest, the smallest stands."""
        return format_instant(self.at), self.source, self.message_id, self.body_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The roots ``absorbed`` now point to ``into``. ``cause`` is ``{pk}/{sk}/{place}`` of the event in the log."""

    into: str
    absorbed: tuple[str, ...]
    cause: str
    at: datetime
