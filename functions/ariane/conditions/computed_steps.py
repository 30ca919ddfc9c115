"""The values of computed traits over time, and the life cycle."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise

from ariane.conditions.computed import BUILT_IN, ORDER, STAGES, ComputedTrait
from ariane.conditions.event_tests import first_of, last_instants
from ariane.conditions.moments import millis_of
from ariane.conditions.series import MOST_ENTRIES, MOST_VALUES, Keep, Observed, Series
from ariane.conditions.steps import MAX, MIN, Steps, joined
from ariane.conditions.tallied import Value, basket, by_instant, most_frequent, recent, text_of
from ariane.conditions.values import PropertyTest
from ariane.conditions.view import View
from ariane.conditions.windows import Sums, Window, counts, known_since, sums
from ariane.instants import format_instant, from_millis

__all__ = ["Value", "computed_needs", "computed_steps", "lifecycle_needs", "lifecycle_steps"]

_DAY = timedelta(days=1) // timedelta(milliseconds=1)
_RECENT_ENTRIES = 6
"""Of these ``MOST_RECENT`` that differ are looked for; where they do not have them the log is read."""
_BASKET_ENTRIES = 6
_AHEAD = 3_660
"""Days for which ``days_since`` is told."""


def computed_needs(trait: ComputedTrait) -> Mapping[Series, Keep]:
    found = {_series_of(trait): _keep_of(trait)}
    if trait.minus:
        found[Series(trait.minus.sum, trait.minus.where, trait.minus.property)] = Keep(1, None)
    if trait.basket:
        found[Series(trait.basket.removed, (), trait.basket.property)] = _keep_of(trait)
        found[Series(trait.basket.cleared)] = Keep(1, None)
    return found


def lifecycle_needs() -> Mapping[Series, Keep]:
    """The series that the built-in traits share: two of its entries tell when a customer came back."""
    return {Series(ORDER, (), "total"): Keep(2, None)}


def _series_of(trait: ComputedTrait) -> Series:
    if trait.basket:
        return Series(trait.basket.added, (), trait.basket.property)
    is_builtin_count = trait == BUILT_IN.get("order_count") or (trait.property is None and trait.event == ORDER and not trait.where)
    has_value = (PropertyTest(property=trait.property, exists=True),) if trait.kind in ("first", "last") and trait.property else ()
    return Series(trait.event, (*trait.where, *has_value), "total" if is_builtin_count else trait.property)


def _keep_of(trait: ComputedTrait) -> Keep:
    seconds = millis_of(trait.within) // 1000 if trait.within else None
    match trait.kind:
        case "recent":
            return Keep(_RECENT_ENTRIES, None)
        case "basket":
            return Keep(_BASKET_ENTRIES, seconds)
        case "distinct" | "most_frequent" | "first" if trait.property and not trait.within:
            return Keep(1, None, MOST_VALUES)
        case _:
            return Keep(MOST_ENTRIES if trait.within else 1, seconds)


def computed_steps(trait: ComputedTrait, view: View, *, now: int) -> Steps[Value]:
    """``now`` bounds what would be told for ever."""
    observed = view.observed(_series_of(trait))
    window = Window(length=millis_of(trait.within)) if trait.within else Window()
    return _KINDS[trait.kind](trait, observed, window, view, now)


def lifecycle_steps(view: View) -> Steps[str]:
    """``reach`` until identified, then ``acquisition``; with the first order ``conversion``, from the second on ``retention``."""
    orders = view.observed(Series(ORDER, (), "total"))
    times = counts(orders, Window(), enough=2)
    if orders.is_complete and orders.base.times <= 1:
        moments = [*([orders.base.first] if orders.base.first is not None else []), *(entry.millis for entry in orders.entries)]
        times = Steps.of(0, [(millis, min(number, 2)) for number, millis in enumerate(moments, start=1)])
    identified = view.facts.identified_at
    named = Steps.of(False, [] if identified is None else [(identified, True)])
    return joined([times.map(int), named.map(int)], lambda pair: _stage(pair[0], is_identified=bool(pair[1])))


def _stage(orders: int, *, is_identified: bool) -> str:
    if orders:
        return STAGES[3] if orders > 1 else STAGES[2]
    return STAGES[1] if is_identified else STAGES[0]


# kinds


def _basket(trait: ComputedTrait, observed: Observed, window: Window, view: View, _now: int) -> Steps[Value]:
    if trait.basket is None:
        raise AssertionError("a trait of this kind has a basket")
    removed = view.observed(Series(trait.basket.removed, (), trait.basket.property))
    return basket(observed, removed, view.observed(Series(trait.basket.cleared)), window.length)


def _sum(trait: ComputedTrait, observed: Observed, window: Window, view: View, _now: int) -> Steps[Value]:
    whole = sums(observed, window).map(lambda found: found.total)
    if trait.minus is None:
        return whole.map(lambda total: total)
    taken = sums(view.observed(Series(trait.minus.sum, trait.minus.where, trait.minus.property)), window).map(lambda found: found.total)
    return joined([whole, taken], lambda pair: pair[0] - pair[1])


def _of_sums(value: Callable[[Sums], Value], *, with_values: bool = False) -> "_Kind":
    def steps(_trait: ComputedTrait, observed: Observed, window: Window, _view: View, _now: int) -> Steps[Value]:
        return sums(observed, window, with_values=with_values).map(value)

    return steps


def _average(found: Sums) -> Value:
    return None if found.low is None or not found.times else found.total / found.times


def _edge(trait: ComputedTrait, observed: Observed, _window: Window, _view: View, _now: int) -> Steps[Value]:
    if trait.property is not None:
        return _first_value(observed) if trait.kind == "first" else _last_value(observed)
    if trait.kind == "last":
        return last_instants(observed).map(lambda millis: None if millis is None else _instant(millis))
    first = first_of(observed)
    changes = [] if first is None else [(first, _instant(first))]
    return Steps.of(None, changes, known_since=MIN if observed.is_complete else MAX)


def _first_value(observed: Observed) -> Steps[Value]:
    """The value of the first event that has one; of several the one with the largest JSON text."""
    firsts = [(tally.first, value) for value, tally in observed.base.values.items()]
    firsts += [(entry.millis, value) for entry in observed.entries for value in entry.values]
    earliest = min((millis for millis, _ in firsts), default=None)
    is_known = observed.is_complete and not observed.base.is_partial
    changes = [] if earliest is None else [(earliest, max((value for millis, value in firsts if millis == earliest), key=text_of))]
    return Steps.of(None, changes, known_since=MIN if is_known else MAX)


def _last_value(observed: Observed) -> Steps[Value]:
    changes: list[tuple[int, Value]] = []
    for millis, values in by_instant(observed.entries):
        changes.append((millis, max(values, key=text_of)))
    known = known_since(observed, Window())
    if observed.watermark is not None:
        known = max(known, changes[0][0]) if changes else MAX
    return Steps.of(None, changes, known_since=known)


def _days_since(_trait: ComputedTrait, observed: Observed, _window: Window, _view: View, now: int) -> Steps[Value]:
    last = last_instants(observed)
    horizon = now + _AHEAD * _DAY
    moments = [begun for begun, _ in last.pieces[1:]]
    changes: list[tuple[int, Value]] = []
    for begun, ends in pairwise([*moments, horizon]):
        changes += [(day, (day - begun) // _DAY) for day in range(begun, ends, _DAY)]
    return Steps.of(None, changes, known_since=last.known_since, until=horizon if moments else MAX)


def _instant(millis: int) -> str:
    return format_instant(from_millis(millis))


type _Kind = Callable[[ComputedTrait, Observed, Window, View, int], Steps[Value]]

_KINDS: Mapping[str, _Kind] = {
    "count": lambda _trait, observed, window, _view, _now: counts(observed, window).map(lambda times: times),
    "sum": _sum,
    "min": _of_sums(lambda found: found.low),
    "max": _of_sums(lambda found: found.high),
    "average": _of_sums(_average),
    "distinct": _of_sums(lambda found: found.distinct, with_values=True),
    "first": _edge,
    "last": _edge,
    "most_frequent": lambda _trait, observed, window, _view, _now: most_frequent(observed, window),
    "days_since": _days_since,
    "recent": lambda _trait, observed, _window, _view, _now: recent(observed),
    "basket": _basket,
}
