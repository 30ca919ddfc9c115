"""What conditions may name: computed traits and segments; and what all of it asks of a person's events."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ariane.conditions.computed import BUILT_IN, LIFECYCLE, ComputedTrait
from ariane.conditions.computed_steps import computed_needs, lifecycle_needs
from ariane.conditions.durations import parse_duration
from ariane.conditions.event_tests import edge_needs, near_needs, performed_needs, sequence_needs
from ariane.conditions.model import (
    Condition,
    ConsentTest,
    FirstEvent,
    HasBeen,
    InSegment,
    LastEvent,
    Near,
    Performed,
    Sequence,
    TraitTest,
    leaves_of,
)
from ariane.conditions.series import MOST_ENTRIES, Keep, Needs, Series

_FEW = 2
"""Entries that are kept beside a sum of all time, to tell when it last changed."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    computed: Mapping[str, ComputedTrait] = field(default_factory=lambda: BUILT_IN)
    segments: Mapping[str, Condition] = field(default_factory=dict)

    def is_computed(self, trait: str) -> bool:
        return trait == LIFECYCLE or trait in self.computed


def needs(conditions: Iterable[Condition], catalogue: Catalogue, *, traits: Iterable[str] = ()) -> Needs:
    """Of all conditions together, of the segments that they name, and of the computed ``traits``."""
    series: dict[Series, Keep] = {}
    plain, consents = set[str](), False
    for found in [*(_trait_needs(name, catalogue) for name in traits), *_needs_of_leaves(conditions, catalogue)]:
        for each, keep in found.series.items():
            series[each] = series[each].plus(keep) if each in series else keep
        plain |= found.traits
        consents = consents or found.consents
    return Needs(series, frozenset(plain), consents)


def _needs_of_leaves(conditions: Iterable[Condition], catalogue: Catalogue) -> Iterator[Needs]:
    """A segment is looked into again where somebody asks further back than all before."""
    seen: dict[str, int] = {}
    waiting = [(condition, 0) for condition in conditions]
    while waiting:
        condition, before = waiting.pop()
        for leaf in leaves_of(condition):
            back = before + lookback(leaf)
            yield _ever_since(_leaf_needs(leaf, catalogue), back)
            if isinstance(leaf, InSegment) and leaf.segment in catalogue.segments and seen.get(leaf.segment, -1) < back:
                seen[leaf.segment] = back
                waiting.append((catalogue.segments[leaf.segment], back))


def lookback(leaf: Any) -> int:
    """For how many seconds something must have been so."""
    length = leaf.has_been.for_ if isinstance(leaf, HasBeen) else leaf.for_ if isinstance(leaf, InSegment) else None
    return int(parse_duration(length).total_seconds()) if length else 0


def _ever_since(found: Needs, seconds: int) -> Needs:
    """Enough to tell not only what is so, but what was so for so long."""
    return Needs({each: _further_back(keep, seconds) for each, keep in found.series.items()}, found.traits, found.consents)


def _further_back(keep: Keep, seconds: int) -> Keep:
    if not seconds or not keep.entries:
        return keep
    few = keep.seconds is None and keep.entries <= _FEW
    return Keep(MOST_ENTRIES, seconds if few else None if keep.seconds is None else keep.seconds + seconds, keep.values)


def segments_named(condition: Condition) -> frozenset[str]:
    return frozenset(leaf.segment for leaf in leaves_of(condition) if isinstance(leaf, InSegment))


def asks_for_days(condition: Condition) -> bool:
    """Whether it matters in which time zone the person's days begin."""
    return any(isinstance(leaf, TraitTest) and leaf.anniversary is not None for leaf in leaves_of(condition))


def traits_named(condition: Condition) -> frozenset[str]:
    """Top-level names."""
    tests = (leaf.has_been if isinstance(leaf, HasBeen) else leaf for leaf in leaves_of(condition))
    return frozenset(test.trait.partition(".")[0] for test in tests if hasattr(test, "trait"))


def _leaf_needs(leaf: Any, catalogue: Catalogue) -> Needs:
    match leaf:
        case TraitTest():
            return _trait_needs(leaf.trait.partition(".")[0], catalogue)
        case HasBeen():
            return _trait_needs(leaf.has_been.trait.partition(".")[0], catalogue)
        case Performed():
            return Needs(performed_needs(leaf))
        case FirstEvent() | LastEvent():
            return Needs(edge_needs(leaf))
        case Sequence():
            return Needs(sequence_needs(leaf))
        case Near():
            return Needs(near_needs())
        case ConsentTest():
            return Needs(consents=True)
        case _:
            return Needs()


def _trait_needs(name: str, catalogue: Catalogue) -> Needs:
    if name in catalogue.computed:
        return Needs(computed_needs(catalogue.computed[name]))
    if name == LIFECYCLE:
        return Needs(lifecycle_needs())
    return Needs(traits=frozenset({name}))
