"""The identities' store: memory and DynamoDB."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Protocol

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Conflict
from ariane.identity.linking import IdentityStore
from ariane.identity.model import Assertion, Head, Merged
from tests.builders.identity import assertion, head, plan
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import prs

A, B, C = "user_id:a", "email:b@x.fr", "anonymous_id:c"


class Identities(IdentityStore, Protocol):
    def members(self, person_id: str) -> Mapping[str, str]: ...
    def assertions_under(self, person_id: str) -> Sequence[Assertion]: ...
    def transitions_under(self, person_id: str) -> Sequence[Merged]: ...
    def transitions(self, cause: str, person_ids: Collection[str]) -> Sequence[Merged]: ...


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Identities]:
    if request.param == "memory":
        yield MemoryIdentities()
        return
    with mock_aws():
        make_table("identities")
        yield DynamoIdentities(boto3.client("dynamodb", region_name=REGION), table="identities")


def test_nothing_is_known_at_first(store: Identities) -> None:
    assert store.heads([prs(A)]) == {}
    assert store.members(prs(A)) == {}
    assert list(store.transitions("cause", [prs(A)])) == []


def test_a_merge_points_the_absorbed_to_the_winner_and_keeps_the_transition(store: Identities) -> None:
    merge = plan(head(A, is_identified=True), head(B, minute=1), head(C, minute=2), cause="p/s/0")
    store.merge(merge)
    heads = store.heads([prs(A), prs(B), prs(C), "prs_unknown"])
    assert heads[prs(A)] == head(A, version=1, children=2, is_identified=True)
    assert heads[prs(B)] == replace(head(B, version=1, minute=1), parent=prs(A))
    assert heads[prs(C)].parent == prs(A)
    assert store.members(prs(A)) == {prs(B): B, prs(C): C}
    assert list(store.transitions("p/s/0", [prs(A), prs(B)])) == [merge.transition]
    assert list(store.transitions("p/s/1", [prs(A)])) == []
    assert list(store.transitions_under(prs(A))) == [merge.transition]


def test_a_second_merge_counts_on_from_the_versions_that_it_read(store: Identities) -> None:
    store.merge(plan(head(A), head(B)))
    store.merge(plan(store.heads([prs(A)])[prs(A)], head(C), cause="p/s/1"))
    assert store.heads([prs(A)])[prs(A)].version == 2
    assert store.heads([prs(A)])[prs(A)].children == 2
    assert set(store.members(prs(A)).values()) == {B, C}


@pytest.mark.parametrize("stale", ["winner", "absorbed", "absorbed elsewhere"])
def test_a_merge_over_changed_heads_is_a_conflict_and_changes_nothing(store: Identities, stale: str) -> None:
    store.merge(plan(head(A), head(B)))
    before = store.heads([prs(A), prs(B), prs(C)])
    late = {
        "winner": plan(head(A), head(C)),
        "absorbed": plan(head(C), head(A)),
        "absorbed elsewhere": plan(head(C), before[prs(B)]),
    }[stale]
    with pytest.raises(Conflict):
        store.merge(late)
    assert store.heads([prs(A), prs(B), prs(C)]) == before
    assert store.members(prs(C)) == {}


def test_a_head_that_a_consent_touched_first_can_be_merged_under_its_version(store: Identities) -> None:
    store.merge(plan(head(A, version=0), head(B)))
    with pytest.raises(Conflict):
        store.merge(plan(head(A, version=0), head(C)))
    touched = Head(person_id=prs(C), version=0)
    store.merge(plan(store.heads([prs(A)])[prs(A)], replace(touched, identifier=head(C).identifier)))
    assert store.heads([prs(C)])[prs(C)].first_at is None


def test_of_the_assertions_of_one_set_the_earliest_stands_in_any_order(store: Identities) -> None:
    versions = [assertion(A, C, minute=2), assertion(C, A, minute=1, message_id="z"), assertion(A, C, minute=1, message_id="b")]
    for number, order in enumerate(permutations(versions)):
        anchor = f"prs_{number}"
        for each in order:
            store.add_assertion(anchor, each)
            store.add_assertion(anchor, each)
        assert [kept.order for kept in store.assertions_under(anchor)] == [versions[2].order]


def test_trusted_and_public_assertions_of_one_set_stand_beside_each_other(store: Identities) -> None:
    store.add_assertion(prs(A), assertion(A, B, minute=2, is_trusted=True))
    store.add_assertion(prs(A), assertion(A, B, minute=1))
    store.add_assertion(prs(A), assertion(A, C, minute=3))
    assert [each.is_trusted for each in store.assertions_under(prs(A))] == [False, True, False]
    assert store.assertions_under(prs(A))[0] == assertion(A, B, minute=1)


def test_a_hundred_and_more_heads_are_read_at_once(store: Identities) -> None:
    texts = [f"anonymous_id:{number}" for number in range(125)]
    for start in range(0, 125, 25):
        store.merge(plan(store.heads([prs(A)]).get(prs(A), head(A)), *(head(text) for text in texts[start : start + 25]), cause=str(start)))
    assert len(store.heads([prs(text) for text in texts])) == 125
