"""Computed traits that look at the values themselves: the one met most often, the latest ones, a basket. Each event is looked at once."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby

import orjson

from ariane.conditions.event_tests import last_instants
from ariane.conditions.series import Entry, Observed, Scalar
from ariane.conditions.steps import MAX, MIN, Steps
from ariane.conditions.windows import Window, key_of, known_since, moves

type Value = Scalar | Decimal | list[Scalar] | None
"""None: missing."""
type _Key = tuple[str, object]
type _Mark = tuple[int, bytes]
"""When a value was met, and its JSON text: of equals in time the larger one stands."""

MOST_RECENT = 5


def text_of(value: Scalar) -> bytes:
    return orjson.dumps(value)


def by_instant(entries: Sequence[Entry]) -> list[tuple[int, list[Scalar]]]:
    """Of those that have values."""
    found: dict[int, list[Scalar]] = {}
    for entry in entries:
        if entry.values:
            found.setdefault(entry.millis, []).extend(entry.values)
    return list(found.items())


# the one met most often


def most_frequent(observed: Observed, window: Window) -> Steps[Value]:
    """Of equals the one met latest."""
    meetings = _Meetings()
    if window.is_all:
        for value, tally in observed.base.values.items():
            meetings.begin(value, times=tally.times, last=tally.last)
    start, changes = meetings.top, list[tuple[int, Value]]()
    for millis, moving in groupby(moves(observed.entries, window), key=lambda move: move[0]):
        for _, sign, entry in moving:
            meetings.move(entry, sign)
        changes.append((millis, meetings.top))
    is_lost = window.is_all and observed.base.is_partial
    return Steps.of(start, changes, known_since=MAX if is_lost else known_since(observed, window))


class _Meetings:
    def __init__(self) -> None:
        self._times: dict[_Key, int] = {}
        self._latest: dict[_Key, tuple[_Mark, Scalar]] = {}
        self._best: _Key | None = None

    def begin(self, value: Scalar, *, times: int, last: int) -> None:
        self._meet(value, last, times)

    def move(self, entry: Entry, sign: int) -> None:
        for value in entry.values:
            if sign > 0:
                self._meet(value, entry.millis, 1)
            else:
                self._leave(key_of(value))

    @property
    def top(self) -> Value:
        if self._best is None and self._times:
            self._best = max(self._times, key=self._order)
        return None if self._best is None else self._latest[self._best][1]

    def _meet(self, value: Scalar, millis: int, times: int) -> None:
        key, mark = key_of(value), (millis, text_of(value))
        self._times[key] = self._times.get(key, 0) + times
        known = self._latest.get(key)
        if known is None or mark > known[0]:
            self._latest[key] = (mark, value)
        if self._best is not None and self._order(key) > self._order(self._best):
            self._best = key

    def _leave(self, key: _Key) -> None:
        """The latest of a value is the last of it to leave."""
        self._times[key] -= 1
        if not self._times[key]:
            del self._times[key], self._latest[key]
        if key == self._best:
            self._best = None

    def _order(self, key: _Key) -> tuple[int, _Mark]:
        return self._times[key], self._latest[key][0]


# the latest ones


def recent(observed: Observed) -> Steps[Value]:
    """The last ``MOST_RECENT`` that differ, newest first."""
    changes: list[tuple[int, Value]] = []
    newest: dict[_Key, tuple[_Mark, Scalar]] = {}
    for millis, values in by_instant(observed.entries):
        for value in values:
            mark = (millis, text_of(value))
            newest[key_of(value)] = max(newest.get(key_of(value), (mark, value)), (mark, value), key=lambda each: each[0])
        ranked = sorted(newest.items(), key=lambda each: each[1][0], reverse=True)[:MOST_RECENT]
        newest = dict(ranked)
        changes.append((millis, [value for _, (_, value) in ranked]))
    known = known_since(observed, Window())
    if observed.watermark is not None:
        full = (millis for millis, value in changes if isinstance(value, list) and len(value) == MOST_RECENT)
        known = max(known, next(full, MAX))
    return Steps.of(None, changes, known_since=known)


# a basket


def basket(added: Observed, removed: Observed, cleared: Observed, length: int | None) -> Steps[Value]:
    """What was added, and neither removed nor cleared since, at most ``length`` ago, newest first. What is taken out at the instant at
    which it was put in is out."""
    orders = [begun for begun, _ in last_instants(cleared).pieces[1:]]
    standing: dict[_Key, tuple[_Mark, Scalar]] = {}
    changes: list[tuple[int, Value]] = []
    for millis, happening in groupby(_happenings(added, removed, orders, length), key=lambda each: each[0]):
        for _, kind, values in happening:
            _KINDS[kind](standing, millis if length is None else millis - length, millis, values)
        newest = sorted(standing.values(), key=lambda each: each[0], reverse=True)
        changes.append((millis, [value for _, value in newest] or None))
    return Steps.of(None, changes, known_since=_basket_known(added, removed, cleared, orders, length))


def _happenings(
    added: Observed, removed: Observed, orders: Iterable[int], length: int | None
) -> Iterator[tuple[int, int, Sequence[Scalar]]]:
    """(instant, kind, values): in the order in which they count within an instant."""
    found: list[tuple[int, int, Sequence[Scalar]]] = [(entry.millis, _ADD, entry.values) for entry in added.entries]
    found += [(entry.millis, _REMOVE, entry.values) for entry in removed.entries]
    found += [(millis, _CLEAR, ()) for millis in orders]
    if length is not None:
        found += [(entry.millis + length + 1, _EXPIRE, entry.values) for entry in added.entries]
    yield from sorted(found, key=lambda each: each[:2])


_EXPIRE, _ADD, _REMOVE, _CLEAR = range(4)

type _Standing = dict[_Key, tuple[_Mark, Scalar]]


def _expire(standing: _Standing, since: int, _millis: int, values: Iterable[Scalar]) -> None:
    for key in map(key_of, values):
        if key in standing and standing[key][0][0] < since:
            del standing[key]


def _add(standing: _Standing, _since: int, millis: int, values: Iterable[Scalar]) -> None:
    for value in values:
        mark = (millis, text_of(value))
        standing[key_of(value)] = max(standing.get(key_of(value), (mark, value)), (mark, value), key=lambda each: each[0])


def _remove(standing: _Standing, _since: int, _millis: int, values: Iterable[Scalar]) -> None:
    for value in values:
        standing.pop(key_of(value), None)


def _clear(standing: _Standing, _since: int, _millis: int, _values: Iterable[Scalar]) -> None:
    standing.clear()


_KINDS = {_EXPIRE: _expire, _ADD: _add, _REMOVE: _remove, _CLEAR: _clear}


def _basket_known(added: Observed, removed: Observed, cleared: Observed, orders: Iterable[int], length: int | None) -> int:
    """What was put in before all that is known is out of it by age, or with an order after that."""
    ever = Window()
    known = max(known_since(added, ever), known_since(removed, ever))
    if MIN < known < MAX:
        emptied = min((millis for millis in orders if millis >= known), default=MAX)
        known = min(emptied, MAX if length is None else known + length + 1)
    return max(known, known_since(cleared, ever))
