"""Adding up what fragments know, and telling what a sum holds beyond a part of it. Nothing here has to do with once-only memory."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace

from ariane.conditions import entries, trait_runs
from ariane.conditions.observing import Observing
from ariane.conditions.series import Observed, Run, Settings
from ariane.conditions.trait_runs import MOST_RUNS
from ariane.profiles.fragments import Fragment, Tally, Trait
from ariane.profiles.observed_bounds import bounded


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
        observed=_united(one.observed, other.observed, entries.plus),
        settings=_united(one.settings, other.settings, trait_runs.plus),
        observes=_observes(one, other),
    )


def recorded(fragment: Fragment, observing: Observing) -> Fragment:
    """As a refold leaves it, which has read all that there is: nothing of the plan is missing."""
    observed = {key: entries.kept(each, observing.keeps[key]) for key, each in fragment.observed.items() if key in observing.keeps}
    settings = {name: trait_runs.limited(each, MOST_RUNS) for name, each in _settings_of(fragment, observing)}
    return bounded(replace(fragment, observed=observed, settings=settings, observes=observing.epoch))


def _settings_of(fragment: Fragment, observing: Observing) -> Iterator[tuple[str, Settings]]:
    """A trait that was said before the log begins is known by its last word alone."""
    for name in observing.traits:
        settings, trait = fragment.settings.get(name, Settings()), fragment.traits.get(name)
        if trait is not None and not _is_in(trait, settings):
            settings = trait_runs.plus(settings, Settings((Run(trait.millis, trait.millis, trait.value, trait.rank),)))
        if settings.runs:
            yield name, settings


def _is_in(trait: Trait, settings: Settings) -> bool:
    is_before = settings.watermark is not None and trait.millis <= settings.watermark
    return is_before or any(run.first <= trait.millis <= run.last for run in settings.runs)


def beyond(whole: Fragment, parts: Collection[Fragment]) -> Fragment:
    """What ``whole`` knows and all ``parts`` do not explain: the share of events that are no longer there to be counted."""
    part = total(parts)
    tallies = {name: _rest(tally, part.tallies.get(name)) for name, tally in whole.tallies.items()}
    rest = Fragment(
        person_id=whole.person_id,
        traits={name: trait for name, trait in whole.traits.items() if name not in part.traits or trait.order > part.traits[name].order},
        tallies={name: tally for name, tally in tallies.items() if tally.times > 0},
        groups={name: first for name, first in whole.groups.items() if name not in part.groups or first < part.groups[name]},
        observed={key: rest for key, each in whole.observed.items() if (rest := entries.beyond(each, part.observed.get(key, Observed())))},
        settings=_settings_before(whole, parts),
    )
    moments = [*_moments(rest), *_ends(whole, part)]
    return replace(rest, first_seen=min(moments, default=None), last_seen=max(moments, default=None))


def _settings_before(whole: Fragment, parts: Collection[Fragment]) -> dict[str, Settings]:
    """What traits were before the log begins. Of one whose beginning the parts do not know nothing can be told."""
    found: dict[str, Settings] = {}
    for name, settings in whole.settings.items():
        known = [part.settings[name] for part in parts if name in part.settings]
        rest = trait_runs.before(settings, min((each.runs[0].first for each in known if each.runs), default=None))
        if rest.runs and all(each.watermark is None for each in known):
            found[name] = rest
    return found


def _observes(one: Fragment, other: Fragment) -> int:
    """What nothing has happened in misses nothing."""
    if other.first_seen is None:
        return one.observes
    return other.observes if one.first_seen is None else min(one.observes, other.observes)


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
