"""How much a fragment keeps of what conditions ask for, whatever they ask: beyond, the oldest is summed up, and only the log can tell."""

from dataclasses import replace

from ariane.conditions.entries import until
from ariane.conditions.series import Entry, Observed, Settings
from ariane.conditions.trait_runs import limited
from ariane.profiles.fragments import Fragment, canonical

MAX_OBSERVED_BYTES = 16_384
"""Of all series and settings together, as they are stored."""
MAX_ENTRY_BYTES = 256
"""Of the values of one entry; a longer one, and what was before it, is summed up."""
_INSTANT_BYTES = 5
_BASE_BYTES = 24
_TALLY_BYTES = 8


def bounded(fragment: Fragment, *, most: int = MAX_OBSERVED_BYTES) -> Fragment:
    """The oldest entries of the largest series go first, then tallies of values, then the oldest settings."""
    if not fragment.observed and not fragment.settings:
        return fragment
    observed = {key: _without_long(each) for key, each in fragment.observed.items()}
    settings = fragment.settings
    sizes = {key: size_of(each) for key, each in observed.items()}
    spare = most - sum(map(settings_size, settings.values()))
    if spare < 0:
        settings = {name: limited(each, 1) for name, each in settings.items()}
        spare = most - sum(map(settings_size, settings.values()))
    while sum(sizes.values()) > spare and any(_can_shrink(each) for each in observed.values()):
        key = max((key for key in sizes if _can_shrink(observed[key])), key=lambda key: (sizes[key], key))
        observed[key] = _smaller(observed[key])
        sizes[key] = size_of(observed[key])
    return replace(fragment, observed=observed, settings=settings)


def size_of(observed: Observed) -> int:
    """Bytes, at most: an estimate that costs less than encoding."""
    entries = sum(_INSTANT_BYTES + _values_size(entry) if entry.values else _INSTANT_BYTES for entry in observed.entries)
    tallied = sum(_TALLY_BYTES + (len(value) if isinstance(value, str) else 4) for value in observed.base.values)
    return entries + tallied + (_BASE_BYTES if observed.watermark is not None else 6)


def settings_size(settings: Settings) -> int:
    return sum(2 * _INSTANT_BYTES + len(canonical(run.value)) for run in settings.runs)


def _values_size(entry: Entry) -> int:
    return sum(len(value.encode()) + 3 if isinstance(value, str) else 9 for value in entry.values)


def _without_long(observed: Observed) -> Observed:
    long = [entry.millis for entry in observed.entries if entry.values and _values_size(entry) > MAX_ENTRY_BYTES]
    return until(observed, max(long)) if long else observed


def _can_shrink(observed: Observed) -> bool:
    return bool(observed.entries or observed.base.values)


def _smaller(observed: Observed) -> Observed:
    """Of its entries the younger half; without any, no value is told any more."""
    if not observed.entries:
        return replace(observed, base=replace(observed.base, values={}, is_partial=True))
    return until(observed, observed.entries[(len(observed.entries) - 1) // 2].millis)
