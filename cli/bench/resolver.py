"""The reference resolver over many assertions: against a batch union-find where no rule refuses anything, and where some closures are in
conflict. One process, no stack; CPU seconds."""

import gc
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from ariane.identity.model import Assertion
from ariane.identity.reference import Resolution, resolve
from ariane.identity.rules import Identifier, Rules
from cli.report import Progress

SHARES = (0.0, 0.01, 0.10)
"""Of closures in conflict."""
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR = 31_536_000
_PER_PERSON = 4
_SEED = 20_261_122


@dataclass(frozen=True, slots=True)
class Timed[T]:
    value: T
    seconds: float


def measure(progress: Progress, *, assertions: int) -> Mapping[str, Any]:
    rules = Rules.from_document({})
    found = _without_conflicts(progress, rules, assertions)
    with progress.step(f"{assertions // 10:,} assertions, three times, with more and more conflicts"):
        conflicts = [in_conflict(rules, share, people=assertions // 10 // _PER_PERSON) for share in SHARES]
    return {**found, "conflicts": conflicts}


def _without_conflicts(progress: Progress, rules: Rules, assertions: int) -> Mapping[str, Any]:
    with progress.step(f"Making up {assertions:,} assertions"):
        said = list(histories(random.Random(_SEED), people=assertions // _PER_PERSON))  # noqa: S311
    with progress.step("A batch union-find"):
        batch = timed(lambda: batch_components(said))
    with progress.step("The reference"):
        reference = timed(lambda: resolve(said, (), rules))
    return {
        "what": "the reference over assertions that no rule refuses, against networkx's union-find",
        "assertions": len(said),
        "stored": len(reference.value.assertions),
        "components": len(batch.value),
        "refused": len(reference.value.refusals),
        "is_equal": set(reference.value.components) == batch.value,
        "union_find_seconds": batch.seconds,
        "reference_seconds": reference.seconds,
    }


def in_conflict(rules: Rules, share: float, *, people: int) -> Mapping[str, Any]:
    """``share`` of the closures hold two people whom one e-mail connects, and no rule lets be one."""
    chance = random.Random(_SEED)  # noqa: S311
    said = [*histories(chance, people=people), *mistyped(chance, round(people * share / (1 + share)))]
    chance.shuffle(said)
    resolution = timed(lambda: resolve(said, (), rules))
    return {
        "share": share,
        "assertions": len(said),
        "clusters": len(resolution.value.clusters),
        "in_conflict": _conflicts(resolution.value),
        "seconds": resolution.seconds,
        "assertions_per_second": len(said) / resolution.seconds,
    }


def histories(chance: random.Random, *, people: int) -> Iterator[Assertion]:
    """Of each person four assertions of two or three of their own identifiers, the account among them."""
    for number in range(people):
        account, *others = own(number)
        for event in range(_PER_PERSON):
            named = [account, *sorted(chance.sample(others, k=chance.randint(1, 2)), key=others.index)]
            yield _assertion(named, f"m{number}-{event}", chance)


def own(number: int) -> list[Identifier]:
    """By priority."""
    return [
        Identifier("user_id", f"u{number}"),
        Identifier("email", f"p{number}@example.com"),
        Identifier("email", f"w{number}@example.com"),
        Identifier("phone", f"+336{number:08}"),
        Identifier("loyalty_card", f"c{number}"),
        *(Identifier("anonymous_id", f"a{number}-{device}") for device in range(4)),
    ]


def mistyped(chance: random.Random, pairs: int) -> Iterator[Assertion]:
    """The account of one person with the e-mail of another."""
    for pair in range(pairs):
        one, other = own(2 * pair), own(2 * pair + 1)
        yield _assertion([other[0], other[1]], f"own{pair}", chance)
        yield _assertion([one[0], other[1]], f"x{pair}", chance)


def _assertion(named: Sequence[Identifier], message_id: str, chance: random.Random) -> Assertion:
    at = _FIRST + timedelta(seconds=chance.randrange(_YEAR))
    return Assertion(identifiers=tuple(named), at=at, is_trusted=True, source="shop", message_id=message_id, body_digest="d")


def batch_components(said: Iterable[Assertion]) -> set[frozenset[Identifier]]:
    from networkx.utils import UnionFind  # type: ignore[import-untyped]  # no command but this one waits for it

    found = UnionFind()
    for assertion in said:
        for one, other in pairwise(assertion.identifiers):
            found.union(one, other)
    return {frozenset(each) for each in found.to_sets()}


def _conflicts(resolution: Resolution) -> int:
    cluster_of = {each: number for number, cluster in enumerate(resolution.clusters) for each in cluster}
    return len({cluster_of[each.identifier] for each in resolution.refusals})


def timed[T](work: Callable[[], T]) -> Timed[T]:
    """CPU of this process. What was made up before stays until the end: the collector is not to look through it again and again."""
    gc.collect()
    gc.freeze()
    began = time.process_time()
    value = work()
    return Timed(value, time.process_time() - began)
