"""What the online resolution, the stored evidence and the promises about splits rest on."""

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from itertools import combinations
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ariane.identity.components import joined, summary_of, violation
from ariane.identity.epochs import Facts, is_later
from ariane.identity.facts import Witness, evidence_of, facts_of, learn, witness_of
from ariane.identity.model import Assertion, Evidence, Split
from ariane.identity.reference import Resolution, resolve
from ariane.identity.rules import Identifier, Rules
from tests.builders.identity_worlds import IdentityWorld, parts, worlds

EXAMPLES = int(os.environ.get("SEEDS", "150"))
type Person = frozenset[Identifier]
type Groups = set[Person]


def solved(world: IdentityWorld, *, without: Assertion | None = None, split: Split | None = None) -> Resolution:
    said = [each for each in world.assertions if each != without]
    return resolve(said, [*world.splits, *([split] if split else [])], world.rules)


def groups(resolution: Resolution) -> Groups:
    return set(resolution.components)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_repetition_of_what_is_said_matters(world: IdentityWorld, chance: Random) -> None:
    said = [*world.assertions, *chance.choices(world.assertions, k=5)]
    chance.shuffle(said)
    one, other = solved(world), resolve(said, world.splits[::-1], world.rules)

    assert groups(one) == groups(other)
    assert set(one.clusters) == set(other.clusters)
    assert one.refusals == other.refusals
    assert one.assertions == other.assertions
    assert one.facts == other.facts


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_whom_an_assertion_failed_to_join_stays_apart_from_its_person_for_good(world: IdentityWorld) -> None:
    resolution = solved(world)
    person_of = resolution.component_of()

    for each in resolution.refusals:
        reading = resolution.mapped(each.assertion.identifiers, each.assertion.at)
        if each.identifier not in reading.dropped:
            assert each.identifier not in person_of[reading.anchor]


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(), st.data())
def test_every_part_of_a_legal_person_is_legal(world: IdentityWorld, data: st.DataObject) -> None:
    """Over any set of identifiers, not only those that the reference makes."""
    facts = facts_of(evidence_of(world.assertions, world.rules), world.rules)
    known = sorted({identifier for each in world.assertions for identifier in each.identifiers})
    person = data.draw(st.lists(st.sampled_from(known), min_size=1, unique=True))
    part = data.draw(st.lists(st.sampled_from(person), min_size=1, unique=True))

    if is_legal(person, world, facts):
        assert is_legal(part, world, facts)


def is_legal(members: Iterable[Identifier], world: IdentityWorld, facts: Facts) -> bool:
    return violation(joined(summary_of(each, facts, world.splits, world.rules) for each in members), world.rules) is None


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(), st.data())
def test_a_person_is_summed_up_the_same_in_whatever_order_it_grew(world: IdentityWorld, data: st.DataObject) -> None:
    facts = facts_of(evidence_of(world.assertions, world.rules), world.rules)
    known = sorted({identifier for each in world.assertions for identifier in each.identifiers})
    alone = [summary_of(each, facts, world.splits, world.rules) for each in known]
    cut = data.draw(st.integers(0, len(alone)))
    shuffled = data.draw(st.permutations(alone))
    halves = [joined(half) for half in (shuffled[:cut], shuffled[cut:]) if half]

    assert joined(halves) == joined(alone)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(splits=0), st.data())
def test_what_is_learned_of_an_identifier_depends_neither_on_order_nor_on_repetition(world: IdentityWorld, data: st.DataObject) -> None:
    """Commutative and idempotent by one assertion at a time; so it cannot matter either which were learned together."""
    said = data.draw(st.permutations([*world.assertions, *data.draw(st.lists(st.sampled_from(world.assertions), max_size=5))]))
    learned = evidence_of(world.assertions, world.rules)

    for identifier, known in learned.items():
        witnesses = [witness_of(each, world.rules) for each in said if identifier in each.identifiers]
        assert with_all(Evidence(), identifier, witnesses, world.rules) == known
        assert with_all(known, identifier, witnesses, world.rules) == known


def with_all(evidence: Evidence, identifier: Identifier, witnesses: Iterable[Witness], rules: Rules) -> Evidence:
    return reduce(lambda so_far, witness: learn(so_far, identifier, witness, rules), witnesses, evidence)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(splits=0), st.data())
def test_what_was_learned_in_two_places_says_together_what_one_place_would_say(world: IdentityWorld, data: st.DataObject) -> None:
    """Dropping what cannot matter any more (a third account's first appearance) never drops what may matter later."""
    cut = data.draw(st.integers(0, len(world.assertions)))
    first, rest = world.assertions[:cut], world.assertions[cut:]
    found = evidence_of(first, world.rules)
    for said in rest:
        for identifier in said.identifiers:
            found[identifier] = learn(found.get(identifier, Evidence()), identifier, witness_of(said, world.rules), world.rules)

    assert facts_of(found, world.rules) == facts_of(evidence_of(world.assertions, world.rules), world.rules)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(most=8), st.data())
def test_splitting_what_one_link_alone_joined_gives_what_the_history_without_it_gives(world: IdentityWorld, data: st.DataObject) -> None:
    """Where the link changed nothing but who is linked: it made no device shared, no contact a hub, no sighting earlier."""
    before = solved(world)
    one, other = data.draw(two_of(world, before))
    link = data.draw(links(world, one, other, most=1))

    after = unmerged(world, before, link, one, other)

    assert groups(after) == groups(before)
    others = [each for each in after.refusals if each.assertion != link]
    assert [(each.assertion, each.identifier) for each in others] == [(each.assertion, each.identifier) for each in before.refusals]


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(most=8), st.data())
def test_the_link_may_name_any_number_on_each_side_where_nothing_else_was_refused(world: IdentityWorld, data: st.DataObject) -> None:
    world, before = without_refusals(world)
    one, other = data.draw(two_of(world, before))
    link = data.draw(links(world, one, other, most=3))

    assert groups(unmerged(world, before, link, one, other)) == groups(before)


def unmerged(world: IdentityWorld, before: Resolution, link: Assertion, one: Person, other: Person) -> Resolution:
    linked = world.with_assertions(link)
    with_link = solved(linked)
    assume(with_link.facts == before.facts)
    assume(any(one | other <= each for each in with_link.components))
    return solved(linked, split=parts(sorted(map(str, one)), sorted(map(str, other)), name="spl_own"))


def without_refusals(world: IdentityWorld) -> tuple[IdentityWorld, Resolution]:
    """Without the assertions that are refused anything: later ones may be refused by then for what those said first."""
    while (resolution := solved(world)).refusals:
        gone = {each.assertion.digest for each in resolution.refusals}
        world = replace(world, assertions=[each for each in world.assertions if each.digest not in gone])
    return world, resolution


@st.composite
def two_of(draw: st.DrawFn, world: IdentityWorld, resolution: Resolution) -> tuple[Person, Person]:
    """That the rules let be one."""
    found = sorted(
        (each for each in resolution.components if each.isdisjoint(resolution.facts.hubs) and not any(map(is_later, each))), key=sorted
    )
    pairs = [(one, other) for one, other in combinations(found, 2) if is_legal(one | other, world, resolution.facts)]
    assume(pairs)
    return draw(st.sampled_from(pairs))


@st.composite
def links(draw: st.DrawFn, world: IdentityWorld, one: Person, other: Person, *, most: int) -> Assertion:
    """In the middle of everything else, more often than not of a trusted source, of at most so many identifiers on each side."""
    like = draw(st.sampled_from(world.assertions))
    named = [
        each for side in (one, other) for each in draw(st.lists(st.sampled_from(sorted(side)), min_size=1, max_size=most, unique=True))
    ]
    named.sort(key=lambda each: (world.rules.priority_of(each), each.value))
    source = "web" if draw(st.integers(0, 3)) == 0 else "backend"
    is_trusted = source == "backend"
    return Assertion(identifiers=tuple(named), at=like.at, is_trusted=is_trusted, source=source, message_id="link", body_digest="d")
