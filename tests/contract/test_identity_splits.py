"""Splits in the identities' store: memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Conflict, Rejected
from ariane.identity.commits import Commit, IdentityStore
from ariane.identity.model import Lifted, Side, Split
from ariane.identity.rules import Identifier
from tests.builders.identity import head
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON, prs

A, B = Identifier("user_id", "a"), Identifier("email", "b@x.fr")
SPLIT = Split(id="spl_1", left=frozenset({A}), right=frozenset({B}), at=NOON, by="léa", why="a shared mailbox")
LIFTED = replace(SPLIT, lifted=Lifted(at=NOON + timedelta(days=1), by="noé", why="they are one after all"))


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[IdentityStore]:
    if request.param == "memory":
        yield MemoryIdentities()
        return
    with mock_aws():
        make_table("identities")
        yield DynamoIdentities(boto3.client("dynamodb", region_name=REGION), table="identities")


@pytest.mark.parametrize("events_to", [None, Side.LEFT, Side.RIGHT])
def test_a_split_is_found_by_its_id(store: IdentityStore, events_to: Side | None) -> None:
    split = replace(SPLIT, events_to=events_to)
    store.commit(Commit(split=split))
    assert store.splits(["spl_1", "spl_2"]) == {"spl_1": split}


def test_a_lifted_split_is_still_found(store: IdentityStore) -> None:
    store.commit(Commit(split=SPLIT))
    store.commit(Commit(split=LIFTED, heads=(head("user_id:a"),)))
    assert store.splits(["spl_1"]) == {"spl_1": LIFTED}


@pytest.mark.parametrize(("written", "late"), [(SPLIT, SPLIT), (LIFTED, LIFTED), (LIFTED, SPLIT)], ids=["written", "lifted", "reopened"])
def test_a_split_is_written_once_and_lifted_once(store: IdentityStore, written: Split, late: Split) -> None:
    store.commit(Commit(split=SPLIT))
    if written.is_lifted:
        store.commit(Commit(split=written))
    for commit in (Commit(split=late), Commit(split=late, heads=(head("user_id:a"),))):
        with pytest.raises(Conflict):
            store.commit(commit)
    assert store.splits(["spl_1"]) == {"spl_1": written}
    assert store.heads([prs("user_id:a")]) == {}


def test_a_split_that_was_never_written_cannot_be_lifted(store: IdentityStore) -> None:
    with pytest.raises(Conflict):
        store.commit(Commit(split=LIFTED))
    assert store.splits(["spl_1"]) == {}


def _browsers(number: int) -> frozenset[Identifier]:
    random = Random(7)
    return frozenset(Identifier("anonymous_id", f"{random.getrandbits(128):032x}") for _ in range(number))


def test_a_split_of_thousands_of_browsers_fits(store: IdentityStore) -> None:
    split = replace(SPLIT, right=_browsers(10_000))
    store.commit(Commit(split=split))
    assert store.splits(["spl_1"]) == {"spl_1": split}


def test_a_split_that_no_row_can_hold_is_refused_and_says_so(store: IdentityStore) -> None:
    with pytest.raises(Rejected, match="separate fewer") as refused:
        store.commit(Commit(split=replace(SPLIT, right=_browsers(25_000)), heads=(head("user_id:a"),)))
    assert refused.value.code == "split_too_large"
    assert store.heads([prs("user_id:a")]) == {}
