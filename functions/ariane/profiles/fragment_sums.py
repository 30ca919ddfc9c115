"""Adding up what fragments know, and telling what a sum holds beyond a part of it. Nothing here has to do with once-only memory."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace

from ariane.profiles.fragments import Fragment, Tally, Trait


def total(fragments: Iterable[Fragment]) -> Fragment:
    found = Fragment(person_id="")
    for fragment in fragments:
        found = plus(found, fragment)
    return found


def plus(one: Fragment, other: Fragment) -> Fragment:
    """``one`` with what ``other`` knows."""
    return replace(
        one,
        traits=_united(one.traits, other.traits, _newer),
        tallies=_united(one.tallies, other.tallies, Tally.plus),
        groups=_united(one.groups, other.groups, min),
        first_seen=_chosen(min, one.first_seen, other.first_seen),
        last_seen=_chosen(max, one.last_seen, other.last_seen),
        overflow=_united(one.overflow, other.overflow, int.__add__),
    )


def beyond(whole: Fragment, part: Fragment) -> Fragment:
    """What ``whole`` knows and ``part`` does not explain: the share of events that are no longer there to be counted."""
    tallies = {name: _rest(tally, part.tallies.get(name)) for name, tally in whole.tallies.items()}
    rest = Fragment(
        person_id=whole.person_id,
        traits={name: trait for name, trait in whole.traits.items() if name not in part.traits or trait.order > part.traits[name].order},
        tallies={name: tally for name, tally in tallies.items() if tally.times > 0},
        groups={name: first for name, first in whole.groups.items() if name not in part.groups or first < part.groups[name]},
    )
    moments = [*_moments(rest), *_ends(whole, part)]
    return replace(rest, first_seen=min(moments, default=None), last_seen=max(moments, default=None))


def _ends(whole: Fragment, part: Fragment) -> Iterator[int]:
    if whole.first_seen is not None and (part.first_seen is None or whole.first_seen < part.first_seen):
        yield whole.first_seen
    if whole.last_seen is not None and (part.last_seen is None or whole.last_seen > part.last_seen):
        yield whole.last_seen


def _moments(fragment: Fragment) -> Iterator[int]:
    yield from (trait.millis for trait in fragment.traits.values())
    yield from fragment.groups.values()
    for tally in fragment.tallies.values():
        yield from (tally.first, tally.last)


def known_of(person_id: str, fragment: Fragment) -> Fragment:
    """What ``fragment`` knows, as another's and without its memory."""
    return plus(Fragment(person_id=person_id), fragment)


def _rest(whole: Tally, part: Tally | None) -> Tally:
    """When the rest last happened nobody knows any more, but that it was not before it first did."""
    if part is None:
        return whole
    return Tally(whole.times - part.times, whole.first, whole.first)


def _newer(one: Trait, other: Trait) -> Trait:
    return max(one, other, key=lambda trait: trait.order)


def _chosen(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)


def _united[K: Hashable, V](one: Mapping[K, V], other: Mapping[K, V], both: Callable[[V, V], V]) -> dict[K, V]:
    found = dict(one)
    for name, value in other.items():
        found[name] = both(found[name], value) if name in found else value
    return found
