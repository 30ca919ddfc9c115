"""Recording a series: its latest entries one by one, of all before them the exact sum. Everything here is the same for any order of the
same events, and for any division of them: the watermark is the latest instant that had to be summed up, and all of one instant go together.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Context, Decimal
from functools import reduce
from itertools import pairwise
from operator import itemgetter

from ariane.conditions.series import MOST_VALUES, Base, Entry, Keep, Observed, Scalar, ValueTally

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_LONGEST_NUMBER = 40
EXACT = Context(prec=800, Emin=-99_999, Emax=99_999)
"""Digits from the largest to the smallest number that JSON can say, and then some: sums of them are never rounded."""
MOST_EXACT = 2**53
"""The largest whole number up to which every JSON reader has them all."""
LONGEST_VALUE = 200
"""Characters of a text that is tallied, as ``MOST_VALUES`` are."""
_ALL_THERE_IS = 2**62


def amount_of(value: object) -> Decimal | None:
    """What a value adds to a sum; None for what is no number. A numeric text of fewer than 40 characters is its number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str) and len(value) < _LONGEST_NUMBER and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def added(one: Decimal, other: Decimal) -> Decimal:
    return EXACT.add(one, other)


class Recording:
    """Of one series, while events are added to it."""

    def __init__(self, observed: Observed | None = None) -> None:
        self._before = observed or Observed()
        self._new: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self._new.append(entry)

    def done(self, keep: Keep) -> Observed:
        """All of it, summed up as far as ``keep`` allows."""
        return kept(_with(self._before, self._new, keep.values), keep)


def kept(observed: Observed, keep: Keep) -> Observed:
    """Only what ``keep`` asks for, one by one."""
    cut = _cut(observed, keep)
    return observed if cut is None else until(observed, cut, most_values=keep.values)


def _cut(observed: Observed, keep: Keep) -> int | None:
    """The latest instant that is to be summed up; None: nothing is."""
    entries = observed.entries
    if not entries:
        return None
    cut = entries[-keep.entries - 1].millis if keep.entries < len(entries) else None
    if keep.seconds is not None:
        horizon = entries[-1].millis - keep.seconds * 1000
        old = [entry.millis for entry in entries if entry.millis < horizon]
        cut = max([*old[-1:], *([] if cut is None else [cut])], default=None)
    return cut


def until(observed: Observed, millis: int, *, most_values: int = MOST_VALUES) -> Observed:
    """With all entries at or before ``millis`` summed up, too."""
    if observed.watermark is not None and millis <= observed.watermark:
        return observed
    place = next((place for place, entry in enumerate(observed.entries) if entry.millis > millis), len(observed.entries))
    base = with_entries(observed.base, observed.entries[:place], most_values)
    return Observed(observed.entries[place:], base, millis, observed.is_complete)


def plus(one: Observed, other: Observed) -> Observed:
    """Of both. Whatever one of them has only as a sum is a sum in the whole."""
    marks = [each.watermark for each in (one, other) if each.watermark is not None]
    if marks:
        one, other = until(one, max(marks)), until(other, max(marks))
    return Observed(
        entries=_in_order([*one.entries, *other.entries]) if one.entries and other.entries else one.entries or other.entries,
        base=plus_base(one.base, other.base),
        watermark=max(marks, default=None),
        is_complete=one.is_complete and other.is_complete,
    )


def without(whole: Observed, part: Observed) -> Observed:
    """``whole`` less ``part``, which was added to it. When the sum began and ended, its least and its most stay: they are the person's."""
    whole, part = _alike(whole, part)
    return replace(whole, entries=_less_entries(whole.entries, part.entries), base=_less_base(whole.base, part.base))


def beyond(whole: Observed, part: Observed) -> Observed | None:
    """What ``part`` does not explain, None where it explains all. When the rest of a sum last happened nobody knows any more, but that it
    was not before it first did."""
    whole, part = _alike(whole, part)
    entries, base = _less_entries(whole.entries, part.entries), _less_base(whole.base, part.base)
    if base.times <= 0:
        return Observed(entries=entries) if entries else None
    return Observed(
        entries=entries,
        base=replace(
            base,
            last=base.first,
            low=base.low if base.low != part.base.low else None,
            high=base.high if base.high != part.base.high else None,
        ),
        watermark=whole.watermark,
    )


def with_entries(base: Base, entries: Sequence[Entry], most_values: int) -> Base:
    """With these in the sum, too. Beyond ``most_values`` values none is told, whatever the order in which they came."""
    if not entries:
        return base
    moments = [entry.millis for entry in entries]
    amounts = [amount for entry in entries for value in entry.values if (amount := amount_of(value)) is not None]
    values, is_partial = _tallied(base, entries, most_values)
    return Base(
        times=base.times + len(entries),
        first=_least(base.first, min(moments)),
        last=_most(base.last, max(moments)),
        total=reduce(added, amounts, base.total),
        low=_least(base.low, min(amounts)) if amounts else base.low,
        high=_most(base.high, max(amounts)) if amounts else base.high,
        values=values,
        is_partial=is_partial,
    )


def _tallied(base: Base, entries: Iterable[Entry], most: int) -> tuple[Mapping[Scalar, ValueTally], bool]:
    pairs = [(value, entry.millis) for entry in entries for value in entry.values] if not base.is_partial else []
    if not pairs:
        return base.values, base.is_partial
    if most == 0 or any(isinstance(value, str) and len(value) > LONGEST_VALUE for value, _ in pairs):
        return {}, True
    found = dict(base.values)
    for value, millis in pairs:
        _tally(found, value, ValueTally(1, millis, millis))
    return ({}, True) if len(found) > most else (found, False)


def _tally(found: dict[Scalar, ValueTally], value: Scalar, tally: ValueTally) -> None:
    """``true`` and 1 are one value, as they are equal; it is told as the number."""
    known = found.get(value)
    if known is None:
        found[value] = tally
        return
    if value == 1 and not isinstance(value, bool):
        del found[value]
    found[value] = ValueTally(known.times + tally.times, min(known.first, tally.first), max(known.last, tally.last))


def plus_base(one: Base, other: Base) -> Base:
    if not other.times and other.first is None:
        return one if not other.is_partial else replace(one, values={}, is_partial=True)
    if not one.times and one.first is None:
        return other if not one.is_partial else replace(other, values={}, is_partial=True)
    values, is_partial = _united(one, other)
    return Base(
        times=one.times + other.times,
        first=_least(one.first, other.first),
        last=_most(one.last, other.last),
        total=added(one.total, other.total),
        low=_least(one.low, other.low),
        high=_most(one.high, other.high),
        values=values,
        is_partial=is_partial,
    )


def _united(one: Base, other: Base) -> tuple[Mapping[Scalar, ValueTally], bool]:
    if one.is_partial or other.is_partial:
        return {}, True
    found = dict(one.values)
    for value, tally in other.values.items():
        _tally(found, value, tally)
    limit = MOST_VALUES if max(len(one.values), len(other.values)) <= MOST_VALUES else _ALL_THERE_IS
    return ({}, True) if len(found) > limit else (found, False)


def _alike(whole: Observed, part: Observed) -> tuple[Observed, Observed]:
    """Both summed up to the same instant."""
    marks = [each.watermark for each in (whole, part) if each.watermark is not None]
    return (until(whole, max(marks)), until(part, max(marks))) if marks else (whole, part)


def _less_entries(whole: tuple[Entry, ...], part: tuple[Entry, ...]) -> tuple[Entry, ...]:
    gone = Counter(part)
    left = []
    for entry in whole:
        if gone[entry] > 0:
            gone[entry] -= 1
        else:
            left.append(entry)
    return tuple(left)


def _less_base(whole: Base, part: Base) -> Base:
    values = {value: tally._replace(times=tally.times - _times(part, value)) for value, tally in whole.values.items()}
    return replace(
        whole,
        times=max(0, whole.times - part.times),
        total=EXACT.subtract(whole.total, part.total),
        values={value: tally for value, tally in values.items() if tally.times > 0},
    )


def _times(base: Base, value: Scalar) -> int:
    return base.values[value].times if value in base.values else 0


def _with(observed: Observed, new: Sequence[Entry], most_values: int) -> Observed:
    mark = observed.watermark
    late = [entry for entry in new if entry.millis <= mark] if mark is not None else []
    fresh = [entry for entry in new if mark is None or entry.millis > mark]
    base = with_entries(observed.base, late, most_values)
    entries = _in_order([*observed.entries, *fresh]) if fresh else observed.entries
    return Observed(entries, base, mark, observed.is_complete)


def _in_order(entries: list[Entry]) -> tuple[Entry, ...]:
    """Of one instant by their values, so that equal states look equal."""
    if len(entries) == 1:
        return (entries[0],)
    entries.sort(key=itemgetter(0))
    if any(one.millis == other.millis for one, other in pairwise(entries)):
        entries.sort(key=lambda entry: (entry.millis, repr(entry.values)))
    return tuple(entries)


def _least[T: (int, Decimal)](one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _most[T: (int, Decimal)](one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
