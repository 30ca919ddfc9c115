"""``make prove``: many seeds of the simulator on all cores, with progress; of what fails, the trace and the smallest run that fails alike.

python -m tests.faults.prove [--seeds 200] [--first 0] [--profile consents]
python -m tests.faults.prove --case "Case(seed=7, schedule=2)"      one run, its whole trace
"""

import gc
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from os import process_cpu_count
from time import monotonic

from tests.faults.simulator import Case, Report, run
from tests.faults.simulator_profiles import PROFILES
from tests.faults.simulator_shrinking import shrink
from tests.faults.simulator_trace import trace_of

_PROGRESS_SECONDS = 5
_MOST_SHRUNK = 3
_COLLECT_EVERY = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    case: Case
    problems: Sequence[str]
    steps: int
    calls: int
    faults: Counter[str]
    messages: Counter[str]
    runs: Counter[str]


@dataclass
class Tally:
    seeds: int = 0
    steps: int = 0
    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.steps += outcome.steps
        self.calls += outcome.calls
        self.faults.update(outcome.faults)
        self.messages.update(outcome.messages)
        self.runs.update(outcome.runs)
        if outcome.problems:
            self.failed.append(outcome)


def outcome_of(report: Report) -> Outcome:
    world, seen = report.world, report.summary
    return Outcome(
        report.case, report.problems, world.scheduler.steps, len(world.shim.calls), report.faults, seen["statuses"], seen["runs"]
    )


def one_seed(profile: str, seed: int) -> Outcome:
    """In a process of the pool. Runs are full of cycles: collected now and then, not while they grow."""
    gc.disable()
    found = outcome_of(run(Case(seed=seed, profile=profile)))
    if seed % _COLLECT_EVERY == 0:
        gc.collect()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if options.case:
        return _show(run(eval(options.case, {"Case": Case, "frozenset": frozenset})))
    cores = process_cpu_count() or 1
    begun = monotonic()
    tally = _proved(options, cores, begun)
    _summary(tally, monotonic() - begun, cores)
    for outcome in tally.failed[:_MOST_SHRUNK]:
        _explain(outcome)
    return 1 if tally.failed else 0


def _options(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="prove", description="Many seeds of the simulator.")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--profile", default="", choices=["", *sorted(PROFILES)])
    parser.add_argument("--case", default="", help="one run, as a failure prints it")
    return parser.parse_args(arguments)


def _proved(options: Namespace, cores: int, begun: float) -> Tally:
    tally = Tally()
    told = begun
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        for outcome in pool.map(partial(one_seed, options.profile), seeds, chunksize=4):
            tally.add(outcome)
            if monotonic() - told >= _PROGRESS_SECONDS:
                told = monotonic()
                _say(f"{tally.seeds:,} of {len(seeds):,} seeds, {len(tally.failed)} failed, {tally.seeds / (told - begun):.1f} a second")
    return tally


def _summary(tally: Tally, seconds: float, cores: int) -> None:
    rate = tally.seeds / seconds / cores
    _say(f"{tally.seeds:,} seeds in {seconds:,.1f} s: {rate:.1f} a second and core; {tally.steps:,} steps, {tally.calls:,} calls of ports")
    _say(f"faults  {_counts(tally.faults)}")
    _say(f"messages  {_counts(tally.messages)}")
    _say(f"runs  {_counts(tally.runs)}")
    _say(f"{len(tally.failed)} seeds failed" if tally.failed else "every invariant held in every seed")


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counter.most_common()) or "none"


def _explain(outcome: Outcome) -> None:
    _say("")
    _say(f"{outcome.case} ({outcome.case.options.name}) missed:")
    for problem in outcome.problems:
        _say(f"  {problem}")
    report = run(outcome.case)
    smallest = run(shrink(report))
    _say(f"the smallest run found that fails alike; to keep it, put it into FOUND of tests/faults/test_found_seeds.py: {smallest.case}")
    _show(smallest)


def _show(report: Report) -> int:
    for line in _lines(report):
        _say(line)
    return 1 if report.problems else 0


def _lines(report: Report) -> Iterator[str]:
    yield from trace_of(report)
    yield f"faults  {_counts(report.faults)}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
