"""A profile is the fold of its fragments: pure, and the same for any order of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from ariane.instants import from_millis
from ariane.profiles.completeness import covered_by
from ariane.profiles.fragment_sums import total
from ariane.profiles.fragments import Fragment, Tally, Trait
from ariane.profiles.model import LogPart, Occurrences, Profile


def fold(
    root_id: str, identifiers: Mapping[str, str], fragments: Iterable[Fragment], *, version: int, logs: Iterable[LogPart] = ()
) -> Profile:
    """Traits: the latest value over all fragments, unless it is a removal. Counters add up, first and last are those of all."""
    every = list(fragments)
    latest = _latest_traits(every)
    recorded = total(Fragment(person_id="", observed=each.observed, settings=each.settings) for each in every)
    return Profile(
        id=root_id,
        identifiers=identifiers,
        traits={name: latest[name].value for name in sorted(latest) if latest[name].value is not None},
        occurrences=_occurrences(every),
        first_seen=_instant(min((each.first_seen for each in every if each.first_seen is not None), default=None)),
        last_seen=_instant(max((each.last_seen for each in every if each.last_seen is not None), default=None)),
        version=version,
        groups=_groups(every),
        removed_traits=frozenset(name for name, trait in latest.items() if trait.value is None),
        logs=tuple(logs),
        observed=recorded.observed,
        settings=recorded.settings,
        coverage=covered_by(every),
        seen_through=_seen_through(identifiers, every),
    )


def _latest_traits(fragments: Iterable[Fragment]) -> dict[str, Trait]:
    latest: dict[str, Trait] = {}
    for fragment in fragments:
        for name, trait in fragment.traits.items():
            latest[name] = max(latest.get(name, trait), trait, key=lambda each: each.order)
    return latest


def _seen_through(identifiers: Mapping[str, str], fragments: Iterable[Fragment]) -> dict[str, datetime]:
    found: dict[str, int] = {}
    for fragment in fragments:
        namespace, colon, _ = identifiers.get(fragment.person_id, "").partition(":")
        if colon and fragment.first_seen is not None:
            found[namespace] = min(found.get(namespace, fragment.first_seen), fragment.first_seen)
    return {namespace: from_millis(found[namespace]) for namespace in sorted(found)}


def _occurrences(fragments: Iterable[Fragment]) -> dict[str, Occurrences]:
    total: dict[str, Tally] = {}
    for fragment in fragments:
        for name, tally in fragment.tallies.items():
            total[name] = total[name].plus(tally) if name in total else tally
    return {name: _occurrence(total[name]) for name in sorted(total)}


def _groups(fragments: Iterable[Fragment]) -> dict[str, datetime]:
    pairs = sorted((name, millis) for fragment in fragments for name, millis in fragment.groups.items())
    return {name: from_millis(millis) for name, millis in reversed(pairs)}


def _occurrence(tally: Tally) -> Occurrences:
    return Occurrences(count=tally.times, first=from_millis(tally.first), last=from_millis(tally.last))


def _instant(millis: int | None) -> datetime | None:
    return None if millis is None else from_millis(millis)
