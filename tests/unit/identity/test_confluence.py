"""Online resolution ends where the reference does, in whatever order assertions arrive, and whatever happens on the way."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from ariane.adapters.memory.identities import MemoryIdentities
from ariane.identity.linking import Linker
from ariane.identity.model import Assertion
from ariane.identity.operating import Operator
from ariane.identity.reference import resolve
from ariane.identity.rules import Identifier
from tests.faults.confluence import main, played, report_of
from tests.faults.confluence_runs import Case, Operation, Run, case_of
from tests.faults.identity_cases import KEY, NOON, STYLES, Told, ordered, rules_of, told_in
from tests.faults.identity_mirror import Mirror

SETS, ORDERS = 44, 8
FOUND = {
    "a path was read while it changed": (505, 2),
    "a lift was too much for now": (394, 2),
}
"""(set, order) that once ended otherwise; the draws may have changed since: then they are two more."""


@pytest.mark.parametrize("seed", range(SETS))
def test_every_order_ends_as_the_reference_does(seed: int) -> None:
    for _, case in played(seed, ORDERS).failed:
        pytest.fail("\n".join(report_of(case)), pytrace=False)


@pytest.mark.parametrize("found", FOUND)
def test_what_was_found_stays_mended(found: str) -> None:
    assert Run(case_of(*FOUND[found], operators=0.8)).play().problems == []


def test_the_sets_are_worth_their_orders() -> None:
    """They meet conflicts, quarantine and refused operators; the small bounds and the races are really there."""
    tallies = [played(seed, 4) for seed in range(20)]
    assert sum(each.conflicts for each in tallies) > 20
    assert sum(each.quarantined for each in tallies) > 5
    assert sum(each.splits for each in tallies) > 10
    cases = [case_of(seed, order) for seed in range(20) for order in range(4)]
    assert {case.style for case in cases} == {*STYLES}
    assert {case.racing > 0 for case in cases} == {case.killing > 0 for case in cases} == {True, False}


# reversal


def two_sides(seed: int, style: str) -> list[Told]:
    """Events about identifiers of odd numbers, others about even ones, and some about both."""
    rules = rules_of(style)
    every = [each for extra in range(4) for each in told_in(seed * 4 + extra, style)]
    odd, even = ([each for each in STYLES[style].universe if int(each.value[1:]) % 2 == rest] for rest in (1, 0))
    random = Random(seed)
    sides = [each for each in every if {*each.identifiers} <= {*odd} or {*each.identifiers} <= {*even}]
    both = [
        Told(
            900 + number,
            ordered((random.choice(odd), random.choice(even)), rules),
            random.randrange(60),
            random.choice(("backend", "site")),
        )
        for number in range(random.choice((1, 1, 2)))
    ]
    told = [replace(each, number=number) for number, each in enumerate((*random.sample(sides, min(len(sides), 6)), *both))]
    return [each for each in told if each.is_asserted(rules)]


def bridges(assertions: list[Assertion], style: str) -> list[Assertion]:
    """Those without which what they say is no longer one person, while nothing else is refused or lost."""
    rules = rules_of(style)
    whole = resolve(assertions, (), rules)
    found = []
    for bridge in assertions:
        without = resolve([each for each in assertions if each is not bridge], (), rules)
        apart = {each for each in without.components if each & {*bridge.identifiers}}
        together = [each for each in whole.components if each & {*bridge.identifiers}]
        is_alone = len(together) == 1 and len(apart) == 2 and frozenset().union(*apart) == together[0]
        if is_alone and whole.facts == without.facts and not whole.refusals and all(len(each) > 1 for each in apart):
            found.append(bridge)
    return found


@pytest.mark.parametrize("style", ["accounts", "no limits", "limits", "mixed"])
def test_splitting_what_one_assertion_linked_equals_a_history_without_it(style: str) -> None:
    rules, count = rules_of(style), 0
    for seed in range(200):
        told = two_sides(seed, style)
        for bridge in bridges([each.assertion for each in told], style):
            store = MemoryIdentities()
            for each in told:
                Linker(store, KEY).link(each.event, each.identifiers, rules=rules, cause=each.cause)
            rest = [each.assertion for each in told if each.assertion != bridge]
            without = resolve(rest, (), rules)
            right = next(each for each in without.components if bridge.identifiers[-1] in each)
            at = NOON + timedelta(days=1)
            split, _ = Operator(store, KEY).split(right, rules=rules, by="an operator", why="two people", at=at)
            mirror = Mirror(store=store, assertions=[*rest, bridge], splits=[split], rules=rules, key=KEY)
            assert [*mirror.problems()] == []
            assert {each for each in mirror.groups.values() if len(each) > 1} == {each for each in without.components if len(each) > 1}
            homes = resolve([*rest, bridge], [split], rules)
            assert [homes.mapped(each.identifiers, each.at) for each in rest] == [
                without.mapped(each.identifiers, each.at) for each in rest
            ]
            count += 1
    assert count > 10


# the report


def test_a_failure_is_made_small_and_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ariane.identity.linking.union", lambda touched, rules, id_of: None)
    monkeypatch.setattr("ariane.identity.joining._Draft.stands_last", lambda self, root: None)
    case = next(case for seed in range(60) if Run(case := case_of(seed, 0, operators=0)).play().problems)
    lines = list(report_of(case))
    assert "MISSED" in lines[-1]
    assert len(lines) <= 12


def test_an_operation_is_shown_with_what_it_says() -> None:
    told = Told(3, (Identifier("user_id", "u1"), Identifier("email", "e1")), 4.0, "site")
    run = Run(Case(style="mixed", operations=[Operation("told", told), Operation("split", draw=1)])).play()
    assert run.problems == []
    assert run.said[0] == "[3] site at 4.0: user_id:u1 email:e1"
    assert any("splits" in line for line in run.said)


def test_the_command_says_how_much_it_proved(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.confluence.process_cpu_count", lambda: 1)
    assert main(["--sets", "2", "--orders", "2", "--style", "hubs"]) == 0
    assert "2 sets in 2 orders: 4 runs" in capsys.readouterr().out
