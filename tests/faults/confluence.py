"""In whatever order assertions arrive, however often, and whatever happens between any two calls: the reference's result.

A set of events is played in many orders over the stores in memory, with splits and lifts by an operator in between, other events linked in
the middle of one, processes that die, and a bound so low that much is left to the background. Then everything that is stored is compared.

python -m tests.faults.confluence [--sets 1000] [--orders 20] [--first 0] [--style hubs]
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from os import process_cpu_count
from time import monotonic
from typing import Any

from tests.faults.confluence_runs import Case, Run, case_of
from tests.faults.identity_cases import STYLES


def shrunk(case: Case) -> Case:
    """The shortest list of operations found that fails alike, in the calmest circumstances."""
    kinds = Run(case).play().kinds

    def fails(candidate: Case) -> bool:
        return bool(Run(candidate).play().kinds & kinds)

    for calmer in (replace(case, racing=0.0, killing=0.0), replace(case, racing=0.0), replace(case, killing=0.0)):
        if fails(calmer):
            case = calmer
            break
    if case.bound != 500 and fails(replace(case, bound=500)):
        case = replace(case, bound=500)
    return _with_fewer(case, fails)


def _with_fewer(case: Case, fails: Callable[[Case], bool]) -> Case:
    size = max(1, len(case.operations) // 2)
    while True:
        place, is_smaller = 0, False
        while place < len(case.operations):
            fewer = replace(case, operations=[*case.operations[:place], *case.operations[place + size :]])
            if fails(fewer):
                case, is_smaller = fewer, True
            else:
                place += size
        if size == 1 and not is_smaller:
            return case
        size = max(1, size // 2)


def report_of(case: Case) -> Iterator[str]:
    small = shrunk(case)
    run = Run(small).play()
    yield f"{small.style}, bound {small.bound}, racing {small.racing}, killing {small.killing}, order {small.order}"
    yield from (f"  {line}" for line in run.said)
    yield from (f"MISSED {problem}" for problem in run.problems)


@dataclass
class Tally:
    runs: int = 0
    conflicts: int = 0
    """Runs at whose end something is refused."""
    quarantined: int = 0
    splits: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[int, Case]] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.runs += other.runs
        self.conflicts += other.conflicts
        self.quarantined += other.quarantined
        self.splits += other.splits
        self.refusals += other.refusals
        self.failed += other.failed


def played(seed: int, orders: int, style: str = "") -> Tally:
    """One set, in so many orders. Where no operator takes part each order ends in the same people."""
    tally = Tally()
    ends: set[Any] = set()
    for order in range(orders):
        case = case_of(seed, order, style, operators=0.0 if seed % 2 else 0.8)
        run = Run(case).play()
        tally.runs += 1
        tally.conflicts += any(head.cluster for head in run.store.real._heads.values())
        tally.quarantined += any(each.quarantined for each in run.store.committed)
        tally.splits += len(run.splits)
        tally.refusals += run.refusals
        if seed % 2:
            ends.add(run.partition)
        if run.problems or len(ends) > 1:
            tally.failed.append((seed, case))
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    parser = ArgumentParser(prog="confluence", description="Many sets of assertions, each in many orders.")
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--style", default="", choices=["", *STYLES])
    parser.add_argument("--explain", type=int, default=3)
    options = parser.parse_args(arguments)
    begun, total = monotonic(), Tally()
    seeds = range(options.first, options.first + options.sets)
    with ProcessPoolExecutor(process_cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        for tally in pool.map(partial(played, orders=options.orders, style=options.style), seeds, chunksize=8):
            total.add(tally)
    _say(f"{len(seeds):,} sets in {options.orders} orders: {total.runs:,} runs in {monotonic() - begun:,.1f} s; {_facts(total)}")
    for seed, case in total.failed[: options.explain]:
        _say(f"\nset {seed}, order {case.order}, {case.style}:")
        for line in report_of(case):
            _say(line)
    return 1 if total.failed else 0


def _facts(total: Tally) -> str:
    said: Mapping[str, int] = {
        "in conflict": total.conflicts,
        "quarantined": total.quarantined,
        **total.refusals,
        "failed": len(total.failed),
    }
    return ", ".join(f"{name} {number:,}" for name, number in said.items())


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
