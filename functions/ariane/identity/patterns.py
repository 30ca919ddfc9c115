"""Which regular expressions may run on what the public sends: those whose time is bounded, and that leave something unblocked.

Python's matcher backtracks, so the bound is on the paths that it can take through a value: a choice or a repetition multiplies them, and a
pattern that is not anchored begins anew at each character. What multiplies without end, a repetition of a repetition or of a choice, is
refused.
"""

import re
from importlib import import_module
from typing import Any, NamedTuple

op: Any = import_module("re._constants")
_parser: Any = import_module("re._parser")
"""What ``re`` reads patterns with; it has no public name."""

LONGEST_PATTERN = 200
LONGEST_VALUE = 512
"""Characters of an identifier."""
MOST_STEPS = 16 * LONGEST_VALUE**2
"""Of one pattern over the longest value: some five milliseconds, which requests are charged for (``Rules.blocking_effort``)."""

_MOST_CHOICES = 64
_FEW = 16
"""A repetition of so many characters is counted; of more, it counts as one over all of the value."""
_ORDINARY = (
    "u42",
    "10023",
    "customer_7",
    "ada@example.com",
    "jean-marc.o'neil+news@mail.example.fr",
    "+33612345678",
    "L-90017",
    "FR7731",
    "0b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00",
    "1790000000.1690000000",
    "QWxhZGRpbg==",
    "Zoé Müller",
)


class Cost(NamedTuple):
    """At most ``factor * length ** power`` steps."""

    factor: int
    power: int

    def times(self, other: "Cost") -> "Cost":
        return Cost(self.factor * other.factor, self.power + other.power)

    def plus(self, other: "Cost") -> "Cost":
        return Cost(self.factor + other.factor, max(self.power, other.power))

    @property
    def is_bounded(self) -> bool:
        return self.factor <= _MOST_CHOICES and self.factor * LONGEST_VALUE**self.power <= MOST_STEPS


_ONE = Cost(1, 0)


class _Unbounded(Exception):
    """Says why, as the end of a sentence about the pattern."""


def fault_of(text: str) -> str | None:
    """Why ``text`` is no pattern that may block identifiers; None: it is one."""
    fault = bound_fault_of(text)
    if fault is not None:
        return fault
    pattern = re.compile(text)
    if pattern.search(""):
        return "matches an empty text, and so everything or nothing that identifies"
    return "matches everything: no identifier would be left" if all(map(pattern.search, _ORDINARY)) else None


def bound_fault_of(text: str) -> str | None:
    """Why ``text`` is no pattern that may run on what the public sends, at most ``MOST_STEPS`` over ``LONGEST_VALUE``; None: it is one."""
    if len(text) > LONGEST_PATTERN:
        return f"has more than {LONGEST_PATTERN} characters"
    try:
        re.compile(text)
        cost_of(text)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is not a regular expression: {error}"
    except _Unbounded as error:
        return f"could take too long on what the public sends: {error}"
    return None


def cost_of(text: str) -> Cost:
    """Of searching a value for ``text``, which compiles."""
    parsed = _parser.parse(text)
    cost = _of_sequence(parsed)
    cost = cost if _is_anchored(parsed) else cost.times(Cost(1, 1))
    if not cost.is_bounded:
        raise _Unbounded("it has too many repetitions and choices; begin it with ^, or split it into several")
    return cost


def _of_sequence(parsed: Any) -> Cost:
    cost = _ONE
    for kind, argument in parsed:
        cost = cost.times(_of_part(kind, argument))
    return cost


def _of_part(kind: Any, argument: Any) -> Cost:
    if kind in (op.GROUPREF, op.GROUPREF_EXISTS):
        raise _Unbounded("it refers back to a group")
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _of_repetition(*argument)
    if kind is op.BRANCH:
        total = Cost(0, 0)
        for each in argument[1]:
            total = total.plus(_of_sequence(each))
        return total
    if kind is op.SUBPATTERN:
        return _of_sequence(argument[-1])
    if kind is op.ATOMIC_GROUP:
        return _of_sequence(argument)
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return _of_sequence(argument[1])
    return _ONE


def _of_repetition(least: int, most: int, body: Any) -> Cost:
    inner = _of_sequence(body)
    if most <= 1:
        return inner.plus(_ONE)
    if body.getwidth()[0] == 0:
        raise _Unbounded("it repeats what may be empty")
    if inner == _ONE:
        return Cost(most - least + 1, 0) if most * body.getwidth()[1] <= _FEW else Cost(1, 1)
    if inner.power or most > _FEW:
        raise _Unbounded("it repeats a repetition or a choice")
    return Cost(inner.factor**most * (most - least + 1), 0)


def _is_anchored(parsed: Any) -> bool:
    if not len(parsed):
        return False
    kind, argument = parsed[0]
    if kind is op.BRANCH:
        return all(_is_anchored(each) for each in argument[1])
    if kind is op.SUBPATTERN:
        return _is_anchored(argument[-1])
    return kind is op.AT and argument in (op.AT_BEGINNING, op.AT_BEGINNING_STRING)
