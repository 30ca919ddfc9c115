"""Values over time: piecewise constant, in whole milliseconds, with what is not known said."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

MIN = -(2**62)
MAX = 2**62


@dataclass(frozen=True, slots=True)
class Steps[T]:
    pieces: tuple[tuple[int, T], ...]
    """(from, value), ascending; neighbours differ. The first begins at ``MIN``."""
    known_since: int = MIN
    """Before it the pieces mean nothing: only the log can tell. ``MAX``: nothing is known at all."""
    until: int = MAX
    """The pieces are all up to here. ``MAX`` unless something repeats for ever."""

    @classmethod
    def constant(cls, value: T) -> Self:
        return cls(((MIN, value),))

    @classmethod
    def of(cls, start: T, changes: Iterable[tuple[int, T]], *, known_since: int = MIN, until: int = MAX) -> Self:
        """``changes`` ascending; of several at one instant the last counts."""
        pieces = [(MIN, start)]
        for millis, value in changes:
            if pieces[-1][0] == millis:
                pieces.pop()
            if not pieces or not _is_same(pieces[-1][1], value):
                pieces.append((millis if pieces else MIN, value))
        return cls(tuple(pieces), known_since, until)

    def at(self, millis: int) -> T:
        return self.pieces[self._place(millis)][1]

    def since(self, millis: int) -> int | None:
        """When the piece in force at ``millis`` began; None where that was before all that is known, or never."""
        begun = self.pieces[self._place(millis)][0]
        return begun if begun > self.known_since and begun != MIN else None

    def next_change(self, millis: int) -> int | None:
        """The first after ``millis``; ``until`` where that comes first, as nobody has looked beyond."""
        place = self._place(millis) + 1
        if place < len(self.pieces) and self.pieces[place][0] <= self.until:
            return self.pieces[place][0]
        return None if self.until == MAX else self.until

    def changes(self, after: int, upto: int) -> Sequence[tuple[int, T]]:
        """Those in (after, upto], as far as they are known."""
        first = max(after, self.known_since)
        return [(begun, value) for begun, value in self.pieces if first < begun <= upto]

    def map[U](self, function: Callable[[T], U]) -> "Steps[U]":
        changes = ((begun, function(value)) for begun, value in self.pieces[1:])
        return Steps.of(function(self.pieces[0][1]), changes, known_since=self.known_since, until=self.until)

    def _place(self, millis: int) -> int:
        return bisect_right(self.pieces, millis, key=lambda piece: piece[0]) - 1


def _is_same(one: object, other: object) -> bool:
    """True is not 1, and neither is a list of one a list of the other."""
    return one == other and ((type(one) is type(other) and not isinstance(one, list | dict)) or repr(one) == repr(other))


def joined[T, U](parts: Sequence[Steps[T]], combine: Callable[[Sequence[T]], U]) -> Steps[U]:
    """Of all parts together, at each instant. Known where all are."""
    instants = sorted({begun for part in parts for begun, _ in part.pieces[1:]})
    places, known = [0] * len(parts), max((part.known_since for part in parts), default=MIN)
    changes = []
    for instant in instants:
        for number, part in enumerate(parts):
            while places[number] + 1 < len(part.pieces) and part.pieces[places[number] + 1][0] <= instant:
                places[number] += 1
        changes.append((instant, combine([part.pieces[place][1] for part, place in zip(parts, places, strict=True)])))
    start = combine([part.pieces[0][1] for part in parts])
    return Steps.of(start, changes, known_since=known, until=min((part.until for part in parts), default=MAX))


def decided(parts: Sequence[Steps[bool]], by: bool) -> Steps[bool]:
    """``by`` where any part is: True for any(), False for all(). A part that is ``by`` from some instant on decides alone from there,
    whatever the others do not know."""
    if len(parts) == 1:
        return parts[0]
    whole = joined(parts, lambda values: by if by in values else not by)
    alone = [max(part.known_since, part.pieces[-1][0]) for part in parts if part.pieces[-1][1] is by and part.until == MAX]
    earliest = min(alone, default=MAX)
    if earliest >= whole.known_since:
        return whole
    kept = [(begun, value) for begun, value in whole.pieces[1:] if begun < earliest]
    return Steps.of(whole.pieces[0][1], [*kept, (earliest, by)], known_since=earliest)


def inverted(steps: Steps[bool]) -> Steps[bool]:
    return steps.map(lambda value: not value)
