"""What the events of a series come to, over time, within a window that moves with the clock or stands still."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from ariane.conditions.entries import added, amount_of
from ariane.conditions.series import Base, Entry, Observed, Scalar
from ariane.conditions.steps import MAX, MIN, Steps


class Window(NamedTuple):
    """Which entries count at an instant t: those in [t - length, t], and in [first, last] anyway."""

    length: int | None = None
    first: int = MIN
    last: int = MAX

    @property
    def is_all(self) -> bool:
        return self.length is None and self.first == MIN and self.last == MAX


class Sums(NamedTuple):
    """At one instant."""

    times: int
    total: Decimal
    low: Decimal | None
    high: Decimal | None
    distinct: int


def known_since(observed: Observed, window: Window) -> int:
    """From when on all entries that count are there."""
    if not observed.is_complete:
        return MAX
    if observed.watermark is None or observed.watermark < window.first:
        return MIN
    if observed.base.first is not None and window.last < observed.base.first:
        return MIN
    if window.is_all:
        return observed.watermark
    if window.length is not None:
        return observed.watermark + window.length + 1
    return MAX


def sums(observed: Observed, window: Window, *, with_values: bool = False) -> Steps[Sums]:
    """``with_values``: ``distinct`` is counted, too. Distinct values of all time are known only where all were kept."""
    counting = _Counting(with_values=with_values)
    if window.is_all:
        counting.begin(observed.base)
    start = counting.now
    changes: list[tuple[int, Sums]] = []
    for millis, sign, entry in moves(observed.entries, window):
        counting.move(entry, sign)
        if changes and changes[-1][0] == millis:
            changes.pop()
        changes.append((millis, counting.now))
    known = MAX if with_values and window.is_all and observed.base.is_partial else known_since(observed, window)
    return Steps.of(start, changes, known_since=known)


def counts(observed: Observed, window: Window, *, enough: int | None = None) -> Steps[int]:
    """How many. ``enough``: so many and any more are the same to whoever asks: then it is known from the instant on at which the entries
    that are there are so many, though others may have been before."""
    if enough == 1 and window.length is not None and observed.base.last is not None:
        return _any_within(observed, window)
    number = observed.base.times if window.is_all else 0
    start, changes = number, list[tuple[int, int]]()
    for millis, sign, _ in moves(observed.entries, window):
        number += sign
        if changes and changes[-1][0] == millis:
            changes.pop()
        changes.append((millis, number))
    known = known_since(observed, window)
    if enough is not None and observed.is_complete and known > MIN:
        known = min(known, _enough_since(observed, window, enough, known))
    return Steps.of(start, changes, known_since=known)


def _any_within(observed: Observed, window: Window) -> Steps[int]:
    """Of whom it only matters whether there is any, the latest that was summed up is as good as one that is there: it leaves last."""
    base = observed.base
    if base.last is None or not observed.is_complete:
        return Steps.of(0, (), known_since=MAX)
    found = counts(replace(observed, entries=(Entry(base.last), *observed.entries), base=Base(), watermark=None), window)
    return Steps(found.pieces, base.last)


def _enough_since(observed: Observed, window: Window, enough: int, known: int) -> int:
    """Entries that are there leave the window no earlier than those that are not known."""
    counted = [entry.millis for entry in observed.entries if window.first <= entry.millis <= window.last]
    if not 0 < enough <= len(counted):
        return MAX
    return counted[enough - 1] if window.length is None or counted[enough - 1] < known else MAX


def moves(entries: Sequence[Entry], window: Window) -> Iterator[tuple[int, int, Entry]]:
    """(instant, +1 or -1, entry), ascending: when an entry begins to count and when it ends to."""
    counted = [entry for entry in entries if window.first <= entry.millis <= window.last]
    if window.length is None:
        yield from ((entry.millis, 1, entry) for entry in counted)
        return
    coming = [(entry.millis, 1, entry) for entry in counted]
    leaving = [(entry.millis + window.length + 1, -1, entry) for entry in counted]
    yield from sorted([*coming, *leaving], key=lambda move: move[0])


def key_of(value: Scalar) -> tuple[str, object]:
    """A number, and its text, and true and 1, are one value."""
    amount = Decimal(int(value)) if isinstance(value, bool) else amount_of(value)
    return ("text", value) if amount is None else ("number", amount)


@dataclass(slots=True)
class _Counting:
    with_values: bool
    times: int = 0
    total: Decimal = Decimal(0)
    amounts: list[Decimal] = field(default_factory=list)
    """In order."""
    ends: tuple[Decimal, ...] = ()
    """Least and most of what was summed up before."""
    values: Counter[tuple[str, object]] = field(default_factory=Counter)

    def begin(self, base: Base) -> None:
        self.times, self.total = base.times, base.total
        self.ends = tuple(each for each in (base.low, base.high) if each is not None)
        self.values.update({key_of(value): tally.times for value, tally in base.values.items()} if self.with_values else {})

    def move(self, entry: Entry, sign: int) -> None:
        self.times += sign
        for value in entry.values:
            amount = amount_of(value)
            if amount is not None:
                self._sum(amount, sign)
            if self.with_values:
                self._tally(value, sign)

    def _sum(self, amount: Decimal, sign: int) -> None:
        self.total = added(self.total, amount if sign > 0 else -amount)
        if sign > 0:
            insort(self.amounts, amount)
        else:
            del self.amounts[bisect_left(self.amounts, amount)]

    def _tally(self, value: Scalar, sign: int) -> None:
        key = key_of(value)
        self.values[key] += sign
        if not self.values[key]:
            del self.values[key]

    @property
    def now(self) -> Sums:
        ends = [*self.amounts[:1], *self.amounts[-1:], *self.ends]
        return Sums(self.times, self.total, min(ends, default=None), max(ends, default=None), len(self.values))
