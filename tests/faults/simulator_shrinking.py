"""From a failing seed to the smallest run that still fails in the same way: fewer actions, fewer kinds of faults, fewer faults.

A run without one of its actions draws differently from there on, so each smaller script is tried under a few schedules."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tests.faults.clients_provoking import FIRST_NUMBER
from tests.faults.simulator import Case, Report, run

SCHEDULES = 6
"""Draws that a smaller script gets before it counts as sound."""


@dataclass
class _Search:
    case: Case
    kinds: frozenset[str]
    runs: int
    """How many more may be tried."""
    fails: Callable[[Case], Report]

    def try_each(self, candidates: Iterator[Case]) -> bool:
        """Goes on from the first that fails in the same way."""
        for candidate in candidates:
            if self.runs <= 0:
                return False
            self.runs -= 1
            if self.fails(candidate).kinds & self.kinds:
                self.case = candidate
                return True
        return False


def shrink(report: Report, *, runs: int = 400) -> Case:
    """Tries at most so many runs."""
    search = _Search(report.case, report.kinds, runs, run)
    _fewer_faults(search)
    _fewer_kinds(search, report)
    _fewer_provoked(search, report)
    _fewer_actions(search)
    _fewer_kinds(search, report)
    _fewer_faults(search)
    return search.case


def _fewer_kinds(search: _Search, report: Report) -> None:
    for kind in sorted(report.faults):
        if kind not in search.case.without:
            search.try_each(_scheduled(replace(search.case, without=search.case.without | {kind})))


def _fewer_faults(search: _Search) -> None:
    """The same draws up to the last fault: halves as long as the failure stays."""
    low, high = 0, len(run(search.case).world.faults.trace)
    while low < high:
        middle = (low + high) // 2
        if search.try_each(iter([replace(search.case, most_faults=middle)])):
            high = middle
        else:
            low = middle + 1


def _fewer_provoked(search: _Search, report: Report) -> None:
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + report.provoked)
    if not _without(search, numbers):
        for number in numbers:
            _without(search, [number])


def _fewer_actions(search: _Search) -> None:
    size = max(1, len(search.case.script()) // 2)
    while search.runs > 0:
        numbers = [sending.number for sending in search.case.script()]
        parts = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        shrunk = sum(_without(search, part) for part in parts) > 0
        if size == 1 and not shrunk:
            return
        size = size if shrunk and size == 1 else max(1, size // 2)


def _without(search: _Search, numbers: Sequence[int]) -> bool:
    return search.try_each(_scheduled(replace(search.case, skip=search.case.skip | set(numbers))))


def _scheduled(case: Case) -> Iterator[Case]:
    """Under its own schedule first; under others without a bound on faults, which would be another one there."""
    yield case
    for schedule in range(SCHEDULES):
        if schedule != case.schedule:
            yield replace(case, schedule=schedule)
