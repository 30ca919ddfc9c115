"""The reference against a second implementation of the same words, over small worlds. ``SEEDS=20000 pytest …`` looks longer."""

import os

from hypothesis import given, settings

from ariane.identity.epochs import is_later, plain
from ariane.identity.reference import Resolution, resolve
from ariane.identity.rules import Identifier
from tests.builders.identity_worlds import IdentityWorld, worlds
from tests.unit.identity.brute_force import BruteForce, Demotion, Groups, Node

EXAMPLES = int(os.environ.get("SEEDS", "300"))


def node(identifier: Identifier) -> Node:
    return Node(plain(identifier), int(is_later(identifier)))


def groups(sets: object) -> Groups:
    assert isinstance(sets, list)
    return frozenset(frozenset(node(each) for each in group) for group in sets)


def solved(world: IdentityWorld) -> Resolution:
    return resolve(world.assertions, world.splits, world.rules)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_two_implementations_agree_on_people_clusters_refusals_and_whose_each_event_is(world: IdentityWorld) -> None:
    resolution, by_hand = solved(world), BruteForce(world)

    assert groups(resolution.components) == by_hand.partition
    assert groups(resolution.clusters) == by_hand.clusters
    refusals = {Demotion(each.assertion, each.identifier, each.reason.value) for each in resolution.refusals}
    assert refusals == set(by_hand.demotions)
    assert len(resolution.refusals) == len(by_hand.demotions)
    for said in world.assertions:
        assert node(resolution.mapped(said.identifiers, said.at).anchor) == by_hand.anchor(said)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_every_person_that_two_implementations_agree_on_keeps_every_rule(world: IdentityWorld) -> None:
    """By the second implementation's eyes: the first one's summaries are not asked."""
    by_hand = BruteForce(world)

    for person in groups(solved(world).components):
        assert list(by_hand._broken(person)) == []
