"""Applying a change of rules: in the end what is stored is what the new rules say of the log, whatever happened on the way."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ariane.events.model import Message
from ariane.identity import rule_renewal, rule_work
from ariane.identity.commits import MOST_ACTIONS
from ariane.identity.model import OPERATOR, Split
from ariane.identity.model import Side as SplitSide
from ariane.identity.operating import Operator
from ariane.identity.rule_replay import Outcome
from ariane.identity.rules import Rules
from tests.builders.identity_worlds import ids
from tests.builders.profiles import KEY, NOON, identify, prs
from tests.builders.rule_changes import RuleWorld, a_document, a_message, a_world

PLAIN: Mapping[str, Any] = {
    "namespaces": {
        "user_id": {"priority": 1, "unique": True},
        "email": {"priority": 2, "limit": 5, "normalise": "email"},
        "card": {"priority": 4, "limit": 3},
        "anonymous_id": {"priority": 9, "limit": "none", "device": True},
    }
}


def plain(**namespaces: Any) -> dict[str, Any]:
    return {"namespaces": {**PLAIN["namespaces"], **namespaces}}


@pytest.mark.parametrize("seed", range(30))
def test_what_is_stored_becomes_what_the_new_rules_say_of_the_log_and_another_run_changes_nothing(seed: int) -> None:
    random = Random(seed)
    world = a_world(random, events=random.randint(1, 14))
    for step in range(2):
        document = a_document(random)
        assert world.change(document).is_settled
        world.check()
        again = world.replay()
        assert again.run(again.begin(document, document, [])) == Outcome(rounds=1, renewed=0, refolded=0, is_settled=True)
        for number in range(4):
            world.happen(*a_message(random, 100 * (step + 1) + number))
        world.check()


@pytest.mark.parametrize("seed", [*range(16), 34, 110, 150, 165])
def test_what_is_too_much_for_one_commit_goes_through_quarantine(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_renewal, "MOST_ACTIONS", 4)
    monkeypatch.setattr(rule_renewal, "_AT_ONCE", 2)
    random = Random(seed)
    world = a_world(random, events=random.randint(1, 14))
    assert world.change(a_document(random)).is_settled
    world.check()


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """Ports whose calls are counted together; one of them is the last, before it does anything or after it did."""

    def __init__(self, last: int | None, *, is_after: bool) -> None:
        self.calls = 0
        self._last = last
        self._is_after = is_after

    def wrap(self, _: str, port: Any) -> Any:
        return _Port(self, port)

    def call(self, act: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls != self._last:
            return act()
        if self._is_after:
            act()
        raise Killed


class _Port:
    def __init__(self, life: Mortal, port: Any) -> None:
        self._life = life
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *given, **named: self._life.call(lambda: method(*given, **named))


def interrupted(seed: int, last: int | None, *, is_after: bool) -> tuple[RuleWorld, int]:
    """A change of rules with one attempt that ends at a call, and another that goes on."""
    random = Random(seed)
    world = a_world(random, events=7)
    document = a_document(random)
    before, world.document = world.document, document
    _, partitions = world.replay().forecast(Rules.from_document(before), world.rules)
    state = world.replay().begin(before, document, partitions)
    life = Mortal(last, is_after=is_after)
    try:
        world.replay(wrap=life.wrap).run(state)
    except Killed:
        found = world.states.latest()
        assert world.replay().run(found).is_settled
    return world, life.calls


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.parametrize("is_after", [False, True])
def test_it_may_be_killed_at_any_call_and_goes_on(seed: int, is_after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_work, "_BATCH", 2)
    sound, calls = interrupted(seed, None, is_after=False)
    told = {fact for each in sound.consequences.announced for fact in (*each.merged, *each.parted)}
    for last in range(1, calls + 1):
        world, _ = interrupted(seed, last, is_after=is_after)
        world.check()
        assert told <= {fact for each in world.consequences.announced for fact in (*each.merged, *each.parted)}
        assert set(sound.consequences.refolded) <= set(world.consequences.refolded)
        assert world.states.applied() == world.document


@pytest.mark.parametrize("is_after", [False, True])
def test_it_may_be_killed_at_any_call_of_a_quarantine(is_after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_renewal, "MOST_ACTIONS", 4)
    monkeypatch.setattr(rule_renewal, "_AT_ONCE", 2)
    _, calls = interrupted(5, None, is_after=False)
    for last in range(1, calls + 1):
        world, _ = interrupted(5, last, is_after=is_after)
        world.check()
        assert world.states.applied() == world.document


@pytest.mark.parametrize("seed", range(12))
def test_events_that_come_meanwhile_are_as_if_they_had_come_before(seed: int) -> None:
    random = Random(seed)
    world = a_world(random, events=8)
    number = 1_000
    document = a_document(random)

    class Busy:
        def at(self, phase: str, done: int, total: int | None) -> None:
            nonlocal number
            if phase != "refolding" and number < 1_015 and random.random() < 0.5:
                number += 1
                world.happen(*a_message(random, number))

    before, world.document = world.document, document
    replay = world.replay(course=Busy())
    _, partitions = replay.forecast(Rules.from_document(before), world.rules)
    assert replay.run(replay.begin(before, document, partitions)).is_settled
    world.check()


# cases


def told(world: RuleWorld, number: int, source: str = "backend", **fields: Any) -> None:
    message: Message = identify(message_id=f"m{number}", minute=number, **fields)
    world.happen(message, source)


def till() -> RuleWorld:
    world = RuleWorld(document=PLAIN)
    told(world, 1, anonymousId="a1", traits={"email": "till@shop.fr"})
    told(world, 2, anonymousId="a2", traits={"email": "till@shop.fr"})
    told(world, 3, userId="u1", anonymousId="a1")
    return world


def test_a_blocked_value_parts_those_whom_it_linked_and_only_their_partition_is_folded_again() -> None:
    world = till()
    outcome = world.change({**PLAIN, "blocked": {"values": ["till@shop.fr"]}})
    assert (outcome.rounds, outcome.renewed, outcome.refolded) == (2, 1, 1)
    assert world.people(ids("user_id:u1", "anonymous_id:a1", "anonymous_id:a2", "email:till@shop.fr")) == {
        frozenset(ids("user_id:u1", "anonymous_id:a1")),
        frozenset(ids("anonymous_id:a2")),
        frozenset(ids("email:till@shop.fr")),
    }
    assert world.consequences.refolded == [prs("email:till@shop.fr")]
    (transition,) = world.consequences.announced
    assert transition.cause.startswith(f"rules/{world.rules.digest}/")


def test_what_expired_from_the_log_is_read_from_its_assertions() -> None:
    world = till()
    world.log = type(world.log)()
    assert world.change(plain(email={"priority": 2, "normalise": "lower"})).renewed == 0
    world.change(plain(email={"priority": 9}, anonymous_id={"priority": 2, "limit": "none", "device": True}))
    rows = {(each.identifiers[0].namespace, len(each.identifiers)) for each in world.rows().values()}
    assert rows == {("anonymous_id", 2), ("user_id", 2)}
    assert len(world.people(ids("user_id:u1", "anonymous_id:a1", "anonymous_id:a2", "email:till@shop.fr"))) == 1


def test_what_expired_from_the_log_is_remembered_as_it_was_when_rules_come_back() -> None:
    world = till()
    Operator(world.identities, KEY).link(ids("card:k9", "user_id:u1"), rules=world.rules, by="lea", why="asked", at=NOON)
    rows = world.rows()
    world.log = type(world.log)()
    world.change({**plain(card={"priority": 4, "traits": []}), "blocked": {"values": ["till@shop.fr", "k9"]}})
    assert {len(each.identifiers) for each in world.rows().values()} == {2}
    assert len(world.rows()) == 1
    world.change(PLAIN)
    assert world.rows() == rows
    assert len(world.people(ids("user_id:u1", "anonymous_id:a1", "anonymous_id:a2", "email:till@shop.fr", "card:k9"))) == 1


def of_both_sides(world: RuleWorld) -> Split:
    """A split that waits for the background: by it an event of another account, whom nobody was joined with, is not theirs any more."""
    told(world, 1, userId="u2", traits={"email": "e1@shop.fr"})
    told(world, 2, anonymousId="a1", traits={"email": "e1@shop.fr"})
    told(world, 3, userId="u1", anonymousId="a1", traits={"email": "e1@shop.fr"})
    operator = Operator(world.identities, KEY, bound=1)
    split, transition = operator.split(ids("anonymous_id:a1"), rules=world.rules, by="lea", why="two", at=NOON, events_to=SplitSide.LEFT)
    assert prs("user_id:u1") not in transition.refold
    return split


def test_a_split_that_waits_for_the_background_is_obeyed_with_all_whose_events_it_moves() -> None:
    world = RuleWorld(document=PLAIN)
    of_both_sides(world)
    world.change({**PLAIN, "component_limit": 40})
    world.check()
    assert prs("user_id:u1") in world.consequences.refolded


@pytest.mark.parametrize("most", [MOST_ACTIONS, 1])
def test_the_lift_of_a_split_that_waits_for_the_background_is_obeyed_likewise(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = RuleWorld(document=PLAIN)
    split = of_both_sides(world)
    world.change({**PLAIN, "component_limit": 40})
    world.consequences.refolded.clear()
    Operator(world.identities, KEY, bound=1).lift(split.id, rules=world.rules, by="lea", why="one", at=NOON)
    monkeypatch.setattr(rule_renewal, "MOST_ACTIONS", most)
    world.change(PLAIN)
    world.check()
    assert prs("user_id:u1") in world.consequences.refolded


def test_a_split_stands_under_another_spelling_and_may_still_be_lifted() -> None:
    world = RuleWorld(document=PLAIN)
    told(world, 1, userId="u1", traits={"card": "K1"})
    told(world, 2, userId="u1", traits={"card": "K2"})
    operator = Operator(world.identities, KEY)
    split, _ = operator.split(ids("card:K2"), rules=world.rules, by="lea", why="another's", at=NOON)
    world.change(plain(card={"priority": 4, "normalise": "lower"}))
    world.check()
    people = ids("user_id:u1", "card:k1", "card:k2")
    assert world.people(people) == {frozenset(people[:2]), frozenset(people[2:])}
    operator.lift(split.id, rules=world.rules, by="lea", why="hers after all", at=NOON)
    assert world.people(people) == {frozenset(people)}


def test_an_operators_link_is_kept_under_other_rules() -> None:
    world = till()
    Operator(world.identities, KEY).link(ids("card:k9", "user_id:u1"), rules=world.rules, by="lea", why="asked", at=NOON)
    world.change(plain(card={"priority": 3, "limit": 1}))
    world.check()
    assert any(each.source == OPERATOR for each in world.rows().values())
    assert frozenset(ids("card:k9", "user_id:u1")) <= next(iter(world.people(ids("card:k9", "user_id:u1"))))


def test_folding_again_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_work, "PARTITIONS", 3)
    monkeypatch.setattr(rule_work, "_BATCH", 2)
    world = till()
    state = world.replay().begin(PLAIN, PLAIN, [f"prs_{number}" for number in range(7)])
    world.states.save(replace(state, refolded=4))
    outcome = world.replay().run(world.states.latest())
    assert outcome.refolded == 3
    assert world.consequences.refolded == ["prs_4", "prs_5", "prs_6"]
    assert world.states.latest().refolded == 7


def test_rules_may_go_there_and_back() -> None:
    world = till()
    rows, people = world.rows(), ids("user_id:u1", "anonymous_id:a1", "anonymous_id:a2", "email:till@shop.fr")
    world.change({**PLAIN, "blocked": {"values": ["till@shop.fr"]}})
    world.change(PLAIN)
    assert world.rows() == rows
    assert world.people(people) == {frozenset(people)}


def test_a_split_that_no_rule_writes_otherwise_is_left_alone() -> None:
    world = till()
    Operator(world.identities, KEY).split(ids("anonymous_id:a2"), rules=world.rules, by="lea", why="two", at=NOON)
    before = [row for row in world.identities.everything() if isinstance(row, Split)]
    world.change({**PLAIN, "component_limit": 40})
    assert [row for row in world.identities.everything() if isinstance(row, Split)] == before
