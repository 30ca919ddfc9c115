"""Splits of more than can be gone through at once: laid down and lifted in few calls, obeyed by the background, as the reference has it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.identities import MemoryIdentities
from ariane.identity.background import resolve_cluster
from ariane.identity.commits import MOST_ACTIONS
from ariane.identity.linking import Linker
from ariane.identity.model import Assertion, Head, Side, Split
from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from tests.builders.identity_worlds import says
from tests.builders.profiles import KEY, NOON, prs
from tests.faults.shim import Call, Killed, Perform, Shim

USER, EMAIL, PHONE = "user_id:u1", "email:jeanne@shop.example", "phone:+33612345678"
BOUND = 30


@dataclass
class World:
    bound: int = BOUND
    rules: Rules = field(default_factory=lambda: Rules.from_document({}))
    store: Any = field(default_factory=MemoryIdentities)

    def learn(self, *assertions: Assertion) -> None:
        linker = Linker(self.store, KEY, bound=self.bound)
        for each in assertions:
            linker.take(each, rules=self.rules, cause=f"log/{each.message_id}")
        self.settle()

    def devices(self, count: int, *, of: str = USER) -> None:
        self.learn(*(says(of, f"anonymous_id:a{number}", minute=number / 100, order_by=self.rules) for number in range(count)))

    def split(self, *texts: str, events_to: Side | None = None) -> Split:
        named = [Identifier.parse(each) for each in texts]
        split, _ = self.operator().split(named, rules=self.rules, by="lea", why="two", at=NOON, events_to=events_to)
        self.settle()
        return split

    def lift(self, split: Split, *, store: Any = None) -> None:
        at = NOON + timedelta(hours=1)
        transition = Operator(store or self.store, KEY, bound=self.bound).lift(split.id, rules=self.rules, by="lea", why="one", at=at)
        assert transition is not None

    def operator(self) -> Operator:
        return Operator(self.store, KEY, bound=self.bound)

    def settle(self) -> None:
        """The background, over whatever waits."""
        waiting = [each for each in self.store.everything() if getattr(each, "quarantine", None) is not None]
        for row in waiting:
            resolve_cluster(self.store, KEY, row.id, self.rules, at=NOON)

    def root(self, text: str) -> str:
        return climb(self.store, [prs(text)]).root_of(prs(text)).person_id


@pytest.fixture
def world() -> World:
    return World()


def hub(world: World, count: int = 21) -> None:
    """So many accounts give the address that it is nobody's."""
    world.learn(*(says(f"user_id:other{number}", EMAIL, minute=60 + number, order_by=world.rules) for number in range(count)))


@pytest.mark.parametrize("devices", [4, 60])
def test_whom_a_split_kept_apart_by_whose_events_they_were_comes_back_when_it_is_lifted(world: World, devices: int) -> None:
    """The telephone's event was the address's while the split stood, and the address links nobody. Small or large, it is the account's
    after the lift."""
    world.devices(devices)
    world.learn(says(USER, EMAIL, minute=10, order_by=world.rules))
    split = world.split(EMAIL, events_to=Side.RIGHT)
    hub(world)
    world.learn(says(USER, EMAIL, PHONE, minute=90, order_by=world.rules))
    assert world.root(PHONE) == prs(PHONE)

    world.lift(split)
    world.settle()

    assert world.root(PHONE) == prs(USER)
    assert world.root(EMAIL) != prs(USER)


def test_lifting_a_split_of_very_many_reads_no_evidence_of_each(world: World) -> None:
    world.devices(200)
    split = world.split("anonymous_id:a7")
    calls: Counter[str] = Counter()

    def count(call: Call, perform: Perform) -> Any:
        calls[call.method] += 1
        return perform()

    world.lift(split, store=Shim(count).wrap("identities", world.store))

    assert calls["assertions_under"] == 0
    assert calls.total() <= 15, calls
    world.settle()
    assert world.root("anonymous_id:a7") == prs(USER)


@pytest.mark.parametrize("parts", [60, 100])
def test_a_split_whose_parts_fell_asunder_is_lifted_in_several_commits(world: World, parts: int) -> None:
    """Each device had been the account's alone: taken out together they are so many people."""
    world = World(bound=500)
    world.devices(parts + 5)
    taken = [f"anonymous_id:a{number}" for number in range(parts)]
    split = world.split(*taken)
    assert {world.root(each) for each in taken} == {prs(each) for each in taken}

    world.lift(split)
    world.settle()

    assert {world.root(each) for each in taken} == {prs(USER)}
    assert parts * 2 > MOST_ACTIONS


def asunder(taken: Sequence[str]) -> tuple[World, Split]:
    """Nothing connects them any more, as a change of rules may leave it; their heads remember the split, and none lies in a cluster."""
    world = World(bound=500)
    world.devices(len(taken) + 10)
    split = world.split(*taken)
    for head in [each for each in world.store.everything() if isinstance(each, Head)]:
        world.store._heads[head.person_id] = replace(head, cluster=None)
    for theirs in world.store._assertions.values():
        for digest in [each for each, said in theirs.items() if {*taken} & {*map(str, said.identifiers)}]:
            del theirs[digest]
    return world, split


def test_a_split_of_people_whom_nothing_connects_any_more_is_lifted_in_several_commits() -> None:
    taken = [f"anonymous_id:a{number}" for number in range(120)]
    world, split = asunder(taken)

    world.lift(split)
    world.settle()

    assert world.store.splits([split.id])[split.id].is_lifted
    assert {world.root(each) for each in taken} == {prs(each) for each in taken}
    assert not any(split.id in each.summary.right for each in world.store.heads([*map(prs, taken)]).values() if each.summary)


@pytest.mark.parametrize("dies_after", [1, 2, 3])
def test_a_lift_that_dies_between_its_commits_leaves_nobody_in_quarantine_and_nobody_elsewhere(dies_after: int) -> None:
    """Each commit has its follower, put before it: the cluster that was begun to be gathered is resolved, the split stands or is lifted."""
    taken = [f"anonymous_id:a{number}" for number in range(120)]
    world, split = asunder(taken)
    expected: list[tuple[str, str]] = []
    commits = 0

    def kill(call: Call, perform: Perform) -> Any:
        nonlocal commits
        commits += call.method == "commit"
        result = perform()
        if commits == dies_after and call.method == "commit":
            raise Killed
        return result

    operator = Operator(Shim(kill).wrap("identities", world.store), KEY, bound=500, expect=lambda *each: expected.append(each))
    with pytest.raises(Killed):
        operator.lift(split.id, rules=world.rules, by="lea", why="one", at=NOON)
    told = [found for each in expected if (found := world.store.transition(*each)) is not None]
    assert len(told) == len(expected) == dies_after
    for each in told:
        assert each.quarantined is not None
        resolve_cluster(world.store, KEY, each.quarantined, world.rules, at=NOON)

    is_lifted = world.store.splits([split.id])[split.id].is_lifted
    assert is_lifted is (dies_after == 3)
    assert {world.root(each) for each in taken} == {prs(each) for each in taken}
    assert not any(getattr(each, "quarantine", None) for each in world.store.everything())
    world.lift(split)
    world.settle()
    assert world.store.splits([split.id])[split.id].is_lifted
