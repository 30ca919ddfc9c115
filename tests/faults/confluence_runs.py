"""One run of a set of events over the stores in memory: an order of them, splits and lifts and what may happen between calls."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import PurePath
from random import Random
from traceback import walk_tb
from typing import Any

from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Conflict, Rejected, Retryable
from ariane.identity.background import resolve_cluster
from ariane.identity.commits import Commit
from ariane.identity.linking import Linker
from ariane.identity.model import Assertion, Side, Split, Transition
from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier, Rules
from tests.faults.identity_cases import KEY, NOON, STYLES, Told, rules_of, told_in
from tests.faults.identity_mirror import Mirror
from tests.faults.shim import Killed

_MOST_TRIES = 60
_MOST_NESTED = 2
_BOUNDS = (500, 500, 500, 3, 6)


@dataclass(frozen=True, slots=True)
class Operation:
    """``what``: ``told`` with its event, or ``split``, ``lift``, ``link``, ``settle``, which choose by ``draw`` from what is then there."""

    what: str
    told: Told | None = None
    draw: int = 0

    def __str__(self) -> str:
        return str(self.told) if self.told else f"{self.what} ({self.draw})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that a run is made of."""

    style: str
    operations: Sequence[Operation]
    bound: int = 500
    order: int = 0
    """Seeds what happens between the calls."""
    racing: float = 0.0
    """Share of calls in the middle of which the next operation is done."""
    killing: float = 0.0
    checks_each: bool = False
    """Compares after every operation, and not at the end alone."""


def case_of(seed: int, order: int, style: str = "", operators: float = 0.5) -> Case:
    names = sorted(STYLES)
    style = style or names[seed % len(names)]
    random = Random(f"{seed}/{style}/{order}/case")
    told = [Operation("told", each) for each in told_in(seed, style)]
    played = [*told, *random.sample(told, random.randint(0, len(told) // 2))]
    if random.random() < operators:
        for number in range(random.choice((1, 1, 2, 3, 5))):
            played.append(Operation(random.choice(("split", "split", "split", "lift", "lift", "link")), draw=order * 100 + number))
    random.shuffle(played)
    return Case(
        style=style,
        operations=played,
        bound=random.choice(_BOUNDS),
        order=order,
        racing=random.choice((0.0, 0.0, 0.03, 0.15, 0.35)),
        killing=random.choice((0.0, 0.0, 0.05)),
        checks_each=order == 0,
    )


class _Store:
    """The store, with what may happen between any two of its calls."""

    def __init__(self, around: Callable[[str], None]) -> None:
        self.real = MemoryIdentities()
        self.committed: list[Transition] = []
        self.laid_down: set[str] = set()
        self._around = around

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._around("before")
            answer = method(*args, **kwargs)
            if name == "commit":
                self._note(args[0])
                self._around("after a commit")
            return answer

        return call

    def _note(self, commit: Commit) -> None:
        if commit.transition is not None:
            self.committed.append(commit.transition[1])
        if commit.split is not None:
            self.laid_down.add(commit.split.id)


@dataclass
class Run:
    case: Case
    said: list[str] = field(default_factory=list)
    """What happened, a line each."""
    assertions: list[Assertion] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    """Clusters that a transition left to the background."""
    refusals: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rules: Rules = rules_of(self.case.style)
        self.store: Any = _Store(self._meanwhile)
        self._random = Random(f"{self.case.order}/run")
        self._ahead = list(self.case.operations)
        self._depth = 0
        self._is_calm = False

    def play(self) -> "Run":
        try:
            while self._ahead and not self.problems:
                self._do(self._ahead.pop(0))
                if self.case.checks_each:
                    self._check()
            self._is_calm = True
            self._settle()
            self._check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            self.problems.append(f"raised: {type(error).__name__}: {error} at {_place(error)}")
        return self

    @property
    def splits(self) -> list[Split]:
        return list(self.store.real.splits(self.store.laid_down).values())

    @property
    def partition(self) -> frozenset[frozenset[Identifier]]:
        return frozenset(each for each in self._mirror().groups.values() if len(each) > 1)

    # what happens between the calls

    def _meanwhile(self, when: str) -> None:
        if self._is_calm:
            return
        if self._random.random() < self.case.killing / 5:
            self.said.append(f"{'  ' * self._depth}killed {when}")
            raise Killed(when)
        if self._ahead and self._depth <= _MOST_NESTED and self._random.random() < self.case.racing:
            self._do(self._ahead.pop(0))

    def _do(self, operation: Operation) -> None:
        self._depth += 1
        try:
            for _ in range(_MOST_TRIES):
                if self._is_done(operation):
                    return
            raise AssertionError(f"not done after {_MOST_TRIES} deliveries: {operation}")
        finally:
            self._depth -= 1

    def _is_done(self, operation: Operation) -> bool:
        self.said.append(f"{'  ' * (self._depth - 1)}{operation}")
        try:
            getattr(self, f"_{operation.what}")(operation)
        except (Killed, Retryable):
            return False
        except (Rejected, Conflict) as refused:
            self.refusals[refused.code] += 1
            self.said.append(f"{'  ' * self._depth}refused: {refused.code}")
        return True

    # operations

    def _told(self, operation: Operation) -> None:
        told = operation.told
        if told is None or not told.is_asserted(self.rules):
            return
        if told.assertion not in self.assertions:
            self.assertions.append(told.assertion)
        linker = Linker(self.store, KEY, bound=self.case.bound)
        self._heard(linker.link(told.event, told.identifiers, rules=self.rules, cause=told.cause))

    def _split(self, operation: Operation) -> None:
        random = Random(operation.draw)
        people = sorted((sorted(each) for each in self._mirror().groups.values() if len(each) > 1), key=str)
        if not people:
            return
        person = random.choice(people)
        some = random.sample(person, random.randint(1, len(person) - 1))
        side = random.choice((None, None, Side.LEFT, Side.RIGHT))
        self.said.append(f"{'  ' * self._depth}splits {' '.join(map(str, some))} from {' '.join(map(str, person))}, events to {side}")
        _, transition = Operator(self.store, KEY, bound=self.case.bound).split(
            some, rules=self.rules, by="an operator", why="two people", at=self._now(operation), events_to=side
        )
        self._heard(transition)

    def _lift(self, operation: Operation) -> None:
        standing = sorted(each.id for each in self.splits if not each.is_lifted)
        if not standing:
            return
        chosen = Random(operation.draw).choice(standing)
        operator = Operator(self.store, KEY, bound=self.case.bound)
        transition = operator.lift(chosen, rules=self.rules, by="an operator", why="one person", at=self._now(operation))
        self.said.append(f"{'  ' * self._depth}lifts {chosen}")
        self._heard(transition)

    def _link(self, operation: Operation) -> None:
        random = Random(operation.draw)
        some = random.sample(STYLES[self.case.style].universe, 2)
        self.said.append(f"{'  ' * self._depth}links {' '.join(map(str, some))}")
        transition = Operator(self.store, KEY, bound=self.case.bound).link(
            some, rules=self.rules, by="an operator", why="one person", at=self._now(operation)
        )
        self._heard(transition)

    def _now(self, operation: Operation) -> Any:
        return NOON + timedelta(minutes=600, seconds=operation.draw)

    def _heard(self, transition: Transition) -> None:
        if transition.quarantined is not None:
            self.waiting.add(transition.quarantined)

    def _settle(self) -> None:
        """The background works through what it was told of, and nothing else."""
        for _ in range(_MOST_TRIES):
            if not self.waiting:
                return
            for each in sorted(self.waiting):
                self.said.append(f"resolves {each}")
                transition = resolve_cluster(self.store, KEY, each, self.rules, at=NOON)
                self.waiting.discard(each)
                self._heard(transition)
        self.problems.append("quarantine: the background never ends")

    # what is found

    def _stored_links(self) -> list[Assertion]:
        """What operators asserted, as it is stored: they decide its text."""
        ids = [self._mirror().id_of(each) for each in STYLES[self.case.style].universe]
        found = {each for own in ids for each in self.store.real.assertions_under(own) if each.by is not None}
        return sorted(found, key=lambda each: each.sequence)

    def _mirror(self) -> Mirror:
        return Mirror(
            store=self.store.real,
            assertions=self.assertions,
            splits=self.splits,
            rules=self.rules,
            key=KEY,
            transitions=self.store.committed,
            universe=STYLES[self.case.style].universe,
        )

    def _check(self) -> None:
        if self.waiting:
            return
        mirror = replace(self._mirror(), assertions=[*self.assertions, *self._stored_links()])
        self.problems += [*mirror.problems()]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(problem.partition(":")[0] for problem in self.problems)


def _place(error: Exception) -> str:
    return " < ".join(f"{PurePath(frame.f_code.co_filename).name}:{line}" for frame, line in [*walk_tb(error.__traceback__)][:-6:-1])
