"""What is asked of a person's events: the series that it takes, and the answer over time."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from ariane.conditions.durations import parse_duration
from ariane.conditions.model import FirstEvent, LastEvent, Near, Performed, Sequence
from ariane.conditions.moments import millis_of
from ariane.conditions.operators import passes
from ariane.conditions.places import kilometres
from ariane.conditions.series import LOCATION, MOST_ENTRIES, MOST_VALUES, Entry, Keep, Observed, Series
from ariane.conditions.steps import MAX, MIN, Steps, joined
from ariane.conditions.values import NumberTest, TimesTest, period_of
from ariane.conditions.view import View
from ariane.conditions.windows import Sums, Window, counts, known_since, sums
from ariane.instants import from_millis, to_millis

type Kept = Mapping[Series, Keep]

NEAR_FOR = timedelta(minutes=30) // timedelta(milliseconds=1)
_EPOCH = from_millis(0)


# performed


def performed_needs(asked: Performed) -> Kept:
    kind, test = asked.aggregate
    seconds = int(parse_duration(asked.within).total_seconds()) if asked.within else None
    if isinstance(test, TimesTest):
        keep = _keep_of_times(asked, enough_of(test), seconds)
    elif _is_ever(asked):
        keep = Keep(1, None, MOST_VALUES if kind == "distinct" else 0)
    else:
        keep = Keep(MOST_ENTRIES, seconds)
    return {_series_of(asked): keep}


def _keep_of_times(asked: Performed, enough: int, seconds: int | None) -> Keep:
    if _is_ever(asked):
        return Keep() if enough == 1 else Keep(1, None)
    return Keep(MOST_ENTRIES if asked.between else min(enough, MOST_ENTRIES), seconds)


def performed_steps(asked: Performed, view: View) -> Steps[bool]:
    window = _window_of(asked, view)
    observed = view.observed(_series_of(asked))
    kind, test = asked.aggregate
    if isinstance(test, TimesTest):
        enough = enough_of(test)
        if window.is_all and enough == 1:
            return _at_all(observed, test)
        return counts(observed, window, enough=enough).map(lambda times: is_passed(test, times))
    values = sums(observed, window, with_values=kind == "distinct")
    return values.map(lambda found: is_passed(test, _SUMS[kind](found)))


def _at_all(observed: Observed, test: NumberTest) -> Steps[bool]:
    """The first time is known for ever."""
    first = first_of(observed)
    changes = [] if first is None else [(first, is_passed(test, 1))]
    return Steps.of(is_passed(test, 0), changes, known_since=MIN if observed.is_complete else MAX)


def _window_of(asked: Performed, view: View) -> Window:
    """Without an enrolment since which to look nothing counts."""
    if asked.within:
        return Window(length=millis_of(asked.within))
    if asked.between:
        first, last = period_of(asked.between)
        return Window(first=to_millis(first), last=to_millis(last))
    if asked.since:
        enrolled = view.facts.enrolled_at
        return Window(first=MAX if enrolled is None else enrolled)
    return Window()


def _is_ever(asked: Performed) -> bool:
    return asked.within is None and asked.between is None and asked.since is None


def _series_of(asked: Performed) -> Series:
    _, test = asked.aggregate
    return Series(asked.performed, asked.where, getattr(test, "property", None))


_SUMS: Mapping[str, Callable[[Sums], object]] = {
    "sum": lambda found: found.total,
    "min": lambda found: found.low,
    "max": lambda found: found.high,
    "distinct": lambda found: found.distinct,
}


def is_passed(test: NumberTest, number: object) -> bool:
    """None: there is no number, as for a missing trait."""
    values = [] if number is None else [number]
    return passes(test, iter(values), _EPOCH)


def enough_of(test: TimesTest) -> int:
    """A number of times from which on more of them change nothing."""
    operand: Any = test.operand
    highest = operand[1] if test.operator == "between" else operand
    return max(1, int(highest) if test.operator in ("gte", "lt") else int(highest) + 1)


# the first, the last


def edge_needs(asked: FirstEvent | LastEvent) -> Kept:
    name = asked.first if isinstance(asked, FirstEvent) else asked.last
    keep = Keep() if isinstance(asked, FirstEvent) else Keep(1, None)
    return {Series(name): keep, Series(name, asked.where): keep}


def first_steps(asked: FirstEvent, view: View) -> Steps[bool]:
    """The first of all, and the first that passes, are known for ever."""
    every, passing = view.observed(Series(asked.first)), view.observed(Series(asked.first, asked.where))
    first = first_of(every)
    known = MIN if every.is_complete and passing.is_complete else MAX
    is_met = first is not None and first_of(passing) == first
    return Steps.of(False, [(first, True)] if is_met and first is not None else [], known_since=known)


def last_steps(asked: LastEvent, view: View) -> Steps[bool]:
    every, passing = last_instants(view.observed(Series(asked.last))), last_instants(view.observed(Series(asked.last, asked.where)))
    return joined([every, passing], lambda pair: pair[0] is not None and pair[0] == pair[1])


def last_instants(observed: Observed) -> Steps[int | None]:
    """When it last happened; of what was summed up that is known of the very last only."""
    instants = [*([] if observed.base.last is None else [observed.base.last]), *(entry.millis for entry in observed.entries)]
    return Steps.of(None, [(millis, millis) for millis in instants], known_since=known_since(observed, Window()))


def first_of(observed: Observed) -> int | None:
    return observed.base.first if observed.base.first is not None else next((entry.millis for entry in observed.entries), None)


def last_of(observed: Observed) -> int | None:
    return observed.entries[-1].millis if observed.entries else observed.base.last


# a sequence


def sequence_needs(asked: Sequence) -> Kept:
    return {Series(step.event, step.where): Keep(MOST_ENTRIES, None) for step in asked.sequence.steps}


def sequence_steps(asked: Sequence, view: View) -> Steps[bool]:
    """Each later than the one before it, by a millisecond at least: of events of one instant nobody knows which came first."""
    steps = asked.sequence.steps
    series = [view.observed(Series(step.event, step.where)) for step in steps]
    if not all(each.is_complete for each in series):
        return Steps.of(False, (), known_since=MAX)
    done = _completed([[entry.millis for entry in each.entries] for each in series], _length(asked))
    is_whole = all(each.watermark is None for each in series) or any(last_of(each) is None for each in series)
    if done is None:
        return Steps.of(False, (), known_since=MIN if is_whole else MAX)
    return Steps.of(False, [(done, True)], known_since=MIN if is_whole else done)


def _length(asked: Sequence) -> int:
    return millis_of(asked.sequence.within) if asked.sequence.within else MAX


def _completed(instants: list[list[int]], length: int) -> int | None:
    """The earliest instant at which the last has followed all the others in time. Of chains that reach a step at the same time the one
    that began last is the best: so from each step's instants to the latest beginning of a chain that ends there."""
    begun = {millis: millis for millis in instants[0]}
    for following in instants[1:]:
        reached: dict[int, int] = {}
        waiting, best = sorted(begun.items()), MIN
        place = 0
        for millis in sorted(set(following)):
            while place < len(waiting) and waiting[place][0] < millis:
                best = max(best, waiting[place][1])
                place += 1
            if best != MIN:
                reached[millis] = best
        begun = reached
    return min((millis for millis, first in begun.items() if millis - first <= length), default=None)


# places

PLACES = Series("*", (), LOCATION)


def near_needs() -> Kept:
    return {PLACES: Keep(1, None)}


def near_steps(asked: Near, view: View) -> Steps[bool]:
    observed, place = view.observed(PLACES), asked.near
    changes: list[tuple[int, bool]] = []
    for millis, entries in groupby(observed.entries, key=lambda entry: entry.millis):
        is_near = any(_is_near(entry, (place.lat, place.lon), place.km) for entry in entries)
        if changes and changes[-1][0] >= millis:
            changes.pop()
        changes += [(millis, is_near), (millis + NEAR_FOR + 1, False)]
    known = MIN if observed.watermark is None else observed.watermark + NEAR_FOR + 1
    if observed.watermark is not None and observed.entries:
        known = min(known, observed.entries[0].millis)
    return Steps.of(False, changes, known_since=known if observed.is_complete else MAX)


def _is_near(entry: Entry, place: tuple[float, float], km: float) -> bool:
    found = [value for value in entry.values if isinstance(value, int | float)]
    return len(found) == 2 and kilometres((found[0], found[1]), place) <= km
