"""Whether what was recorded for conditions is all that happened. Events from before a series was asked for are not in it, unless the log
was folded again since; but what was never counted never happened."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ariane.conditions.observing import Observing
from ariane.conditions.operators import name_matches
from ariane.profiles.fragments import Fragment

_NAMES_MISSING = frozenset({"event_names"})
_TRAITS_MISSING = frozenset({"trait_size", "trait_count"})


@dataclass(frozen=True, slots=True)
class Covered:
    """Fragments that observe one and the same plan: what was counted in any of them."""

    observes: int
    names: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    overflow: frozenset[str] = frozenset()

    def has_all_events(self, pattern: str, epoch: int | None) -> bool:
        """``epoch``: of the plan that asked for it first; None: none does."""
        if epoch is not None and self.observes >= epoch:
            return True
        if self.overflow & _NAMES_MISSING:
            return False
        return pattern not in self.names if not pattern.endswith("*") else not any(name_matches(pattern, name) for name in self.names)

    def has_all_settings(self, trait: str, epoch: int | None) -> bool:
        if epoch is not None and self.observes >= epoch:
            return True
        return trait not in self.traits and not self.overflow & _TRAITS_MISSING

    def plus(self, other: "Covered") -> "Covered":
        """Of the same plan."""
        return Covered(self.observes, self.names | other.names, self.traits | other.traits, self.overflow | other.overflow)


def covered(fragment: Fragment) -> Covered:
    return Covered(fragment.observes, frozenset(fragment.tallies), frozenset(fragment.traits), frozenset(fragment.overflow))


def covered_by(fragments: Iterable[Fragment]) -> tuple[Covered, ...]:
    found: dict[int, Covered] = {}
    for each in (covered(fragment) for fragment in fragments if fragment.first_seen is not None):
        found[each.observes] = found[each.observes].plus(each) if each.observes in found else each
    return tuple(found[observes] for observes in sorted(found))


def is_complete(fragment: Fragment, observing: Observing) -> bool:
    """Whether nothing that the plan asks for is missing. What is not complete becomes so by a refold."""
    if fragment.observes >= observing.epoch:
        return True
    return not missing(covered(fragment), observing)


def missing(known: Covered, observing: Observing) -> Collection[str]:
    """Keys of series, and traits (``trait:NAME``), of which something may be missing."""
    series = [key for key, asked in observing.by_key.items() if not known.has_all_events(asked.series.event, asked.epoch)]
    traits = [f"trait:{name}" for name, epoch in observing.traits.items() if not known.has_all_settings(name, epoch)]
    return [*series, *traits]


def observes_after(fragment: Fragment, observing: Observing) -> int:
    """What the fragment observes once events are recorded in it by this plan."""
    if fragment.observes >= observing.epoch:
        return observing.epoch  # an older plan, for a moment after a publish, has just left out what the newer one asks for
    return observing.epoch if is_complete(fragment, observing) else fragment.observes
