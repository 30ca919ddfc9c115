"""What applying a change of rules works with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ariane.events.model import LogItem
from ariane.identity.background import BackgroundStore
from ariane.identity.model import Assertion, Split, Transition
from ariane.identity.rule_snapshot import IdentityScan
from ariane.identity.rules import Rules

type Published = Callable[[], Mapping[str, Any] | None]
"""The document of the rules that are published now."""


class LogScan(Protocol):
    def items(self) -> Iterator[LogItem]:
        """The whole log, in any order; what is written meanwhile may be in it. What cannot be read is left out. Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayState:
    """Of one change of rules, from its beginning to its end."""

    digest: str
    """Of the new rules."""
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    """The documents of both."""
    began_at: datetime
    told: tuple[str, ...] = ()
    """Where transitions may lie that were not announced: ``{person id} {cause}``, or a cluster's id."""
    partitions: int = 0
    """How many rows of partitions to be folded again there are."""
    rows: str = ""
    """The name that they lie under: no two changes share it."""
    refolded: int = 0
    """How many partitions were."""
    ended_at: datetime | None = None
    held_by: str = ""
    """Who carries it out at the moment, in words …"""
    held_until: datetime | None = None
    """… unless it is heard of no more until then."""
    version: int = 0
    """As which it was read. 0: there was none."""


class ReplayStates(Protocol):
    def latest(self) -> ReplayState | None:
        """What was saved last, of whichever change."""
        ...

    def save(self, state: ReplayState) -> None:
        """As the version after the one at which it was read. Raises Conflict where it was changed since."""
        ...

    def partitions(self, rows: str, number: int) -> Sequence[str]: ...

    def save_partitions(self, rows: str, number: int, partitions: Sequence[str]) -> None: ...

    def applied(self) -> Mapping[str, Any] | None:
        """The rules that what is stored follows, as far as a replay said so at its end."""
        ...

    def save_applied(self, document: Mapping[str, Any]) -> None: ...


class Originals(Protocol):
    """Assertions of no event in the log, as they were before any rules said them otherwise: rules may come back."""

    def kept(self) -> Sequence[Assertion]: ...

    def keep(self, assertion: Assertion) -> None:
        """Idempotent."""
        ...


class SplitWriter(Protocol):
    def rewrite(self, split: Split) -> None:
        """Its two sides, where it is still there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPorts:
    identities: BackgroundStore
    scan: IdentityScan
    splits: SplitWriter
    log: LogScan
    states: ReplayStates
    originals: Originals
    published: Published


class Consequences(Protocol):
    """What follows from a change of identities. Both are done at least once. Raise Retryable."""

    def announce(self, transitions: Sequence[Transition]) -> None: ...

    def refold(self, partition: str, rules: Rules) -> None:
        """Folds the events of one partition of the log again, each into whose it is now."""
        ...


class Course(Protocol):
    """How far a replay is, and how fast it may go."""

    def at(self, phase: str, done: int, total: int | None) -> None:
        """After every step; may sleep."""
        ...
