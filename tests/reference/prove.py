"""``make prove``: many random histories and conditions, on all cores: the evaluator against the naive reference.

python -m tests.reference.prove [--cases 10000] [--first 0]
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from os import process_cpu_count
from random import Random
from time import monotonic

from tests.reference.agreement import Case, problems

_AT_ONCE = 100
_MOST_SHOWN = 5


def some(first: int) -> tuple[Counter[str], dict[int, list[str]]]:
    """In a process of the pool."""
    told: Counter[str] = Counter()
    found = {seed: problems(Case.drawn(Random(seed)), told) for seed in range(first, first + _AT_ONCE)}
    return told, {seed: wrong for seed, wrong in found.items() if wrong}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = ArgumentParser(prog="prove", description="Conditions by the evaluator and by the naive reference.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args(arguments)
    begun, told, wrong = monotonic(), Counter[str](), dict[int, list[str]]()
    with ProcessPoolExecutor(process_cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        for counts, found in pool.map(some, range(options.first, options.first + options.cases, _AT_ONCE)):
            told.update(counts)
            wrong |= found
    _say(f"{', '.join(f'{name} {number:,}' for name, number in told.items())}; in {monotonic() - begun:,.1f} s")
    _say(
        f"{len(wrong)} conditions answered otherwise than by the reference"
        if wrong
        else "the evaluator agrees with the reference everywhere"
    )
    for seed, problem in [*wrong.items()][:_MOST_SHOWN]:
        _say(f"Random({seed}): {Case.drawn(Random(seed)).condition}\n  " + "\n  ".join(problem[:_MOST_SHOWN]))
    return 1 if wrong else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
