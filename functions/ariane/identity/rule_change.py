"""What other rules would change: the reference under the present ones against the reference under the new ones, over the same events."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ariane.events.model import Event
from ariane.identity.epochs import Facts, mapped, plain
from ariane.identity.identifiers import normalise
from ariane.identity.model import Split
from ariane.identity.reference import Refusal, Resolution, resolve
from ariane.identity.rule_blocking import Blocked
from ariane.identity.rule_evidence import BothWays, Events, Stored, Turn, heard
from ariane.identity.rules import Identifier, Rules


@dataclass(frozen=True, slots=True)
class Turned:
    identifier: Identifier
    turn: Turn
    events: int
    becomes: Identifier | None = None
    """How the new rules write it."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """Several people who become one, or one who becomes several: the identifiers of each of the several."""

    parts: tuple[tuple[Identifier, ...], ...]


@dataclass(frozen=True, slots=True)
class Rehomed:
    """Events that were one person's and become another's. None: they name nobody, and stay with whom the log has them under."""

    before: Identifier | None
    after: Identifier | None
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """All lists are sorted: the largest first, else by name."""

    events: int
    assertions: int
    people_before: int
    """Of those whom any event names; of a shared device one for each of its selves that an event is of."""
    people_after: int
    merges: Sequence[Regrouped]
    splits: Sequence[Regrouped]
    demoted: Sequence[Refusal]
    """Refused under the new rules, and not under the present ones."""
    accepted: Sequence[Refusal]
    """The other way round."""
    shared_devices: Sequence[Identifier]
    """Devices that link from now on no more, from some moment on."""
    hubs: Sequence[Identifier]
    quarantined: Sequence[tuple[Identifier, ...]]
    """Clusters in conflict, too large to be resolved while an event waits, that are not so under the present rules."""
    rehomed: Sequence[Rehomed]
    stopped: Sequence[Turned]
    begun: Sequence[Turned]
    blocked: Blocked

    @property
    def counts(self) -> Mapping[str, int]:
        return {
            "events": self.events,
            "assertions": self.assertions,
            "people_before": self.people_before,
            "people_after": self.people_after,
            "merges": len(self.merges),
            "splits": len(self.splits),
            "demoted": len(self.demoted),
            "no_longer_demoted": len(self.accepted),
            "newly_shared_devices": len(self.shared_devices),
            "new_hubs": len(self.hubs),
            "quarantined": len(self.quarantined),
            "events_rehomed": sum(each.events for each in self.rehomed),
            "identifiers_stopped": len(self.stopped),
            "identifiers_begun": len(self.begun),
            "blocked_identifiers": self.blocked.identifiers,
            "blocked_events": self.blocked.events,
            "blocked_people": self.blocked.people,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Both resolutions, and what they are of."""

    both: BothWays
    before: Resolution
    after: Resolution

    def homes(self, old: Sequence[Identifier], new: Sequence[Identifier], at: datetime) -> tuple[Identifier | None, Identifier | None]:
        return home_of(old, at, self.before.facts, self.before.splits), home_of(new, at, self.after.facts, self.after.splits)


def home_of(identifiers: Sequence[Identifier], at: datetime, facts: Facts, splits: Sequence[Split]) -> Identifier | None:
    """Whose an event of these identifiers is. None: it names nobody, and stays with whom the log has it under."""
    return mapped(identifiers, at, facts, splits).anchor if identifiers else None


def compared(events: Events, *, before: Rules, after: Rules, stored: Stored, splits: Iterable[Split] = ()) -> Compared:
    """Reads the events once."""
    laid = list(splits)
    both = heard(events, stored, before=before, after=after)
    return Compared(
        both=both,
        before=resolve(both.before.earliest.values(), laid, before),
        after=resolve(both.after.earliest.values(), [rewritten(each, after) for each in laid], after),
    )


def rewritten(split: Split, rules: Rules) -> Split:
    """With what ``rules`` write otherwise in both spellings; but what becomes one and the same on both sides cannot be kept apart."""
    left, right = ({_written(each, rules) for each in side} for side in (split.left, split.right))
    return replace(split, left=split.left | (left - right), right=split.right | (right - left))


def _written(identifier: Identifier, rules: Rules) -> Identifier:
    return normalise(identifier.namespace, identifier.value, rules) or identifier


def homes_in(events: Events, found: Compared) -> Iterator[tuple[Event, Identifier | None, Identifier | None]]:
    """Whose each event is, and whose it will be. Reads them once more: it depends on what all of them say."""
    for event in events():
        old, new = found.both.before.names(event), found.both.after.names(event)
        yield event, *found.homes(old, new, event.timestamp)


@dataclass(slots=True)
class Moves:
    """Whose the events were and will be, counted."""

    counts: Counter[tuple[Identifier | None, Identifier | None]] = field(default_factory=Counter)
    selves_before: set[Identifier] = field(default_factory=set)
    """Of shared devices: those of their selves whose at least one event is."""
    selves_after: set[Identifier] = field(default_factory=set)

    def take(self, old: Identifier | None, new: Identifier | None, found: Compared) -> None:
        if old != new:
            self.counts[old, new] += 1
        if old is not None and plain(old) in found.before.facts.shared_since:
            self.selves_before.add(old)
        if new is not None and plain(new) in found.after.facts.shared_since:
            self.selves_after.add(new)

    @property
    def rehomed(self) -> Sequence[Rehomed]:
        rows = (Rehomed(before, after, count) for (before, after), count in self.counts.items())
        return sorted(rows, key=lambda each: (-each.events, str(each.before), str(each.after)))


def moves(events: Events, found: Compared) -> Moves:
    """Reads the events once more."""
    counted = Moves()
    for _, old, new in homes_in(events, found):
        counted.take(old, new, found)
    return counted
