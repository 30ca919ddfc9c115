"""Fragments: memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.errors import Conflict
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, StoredFragment, Tally, Trait, Unreadable, encode
from ariane.profiles.once import Recent, Trace
from ariane.profiles.routed_rows import MOST_ROUTED
from ariane.profiles.stitching import Fragments
from tests.builders.moto_endpoint import REGION, make_table

FULL = Fragment(
    person_id="prs_a",
    identifier="user_id:u1",
    traits={"firstName": Trait("Ada", 5), "gone": Trait(None, 6), "address": Trait({"city": "Évry", "n": 1.5}, 7)},
    tallies={"$page": Tally(3, 1, 9)},
    groups={"g1": 4},
    first_seen=1,
    last_seen=9,
    recent=Recent(ring=(Trace(2**48 - 1, 2**48 - 1), Trace(0, 0)), late=(Trace(7, 8),), watermark=0, span=86_400_000),
    known=(Trace(2**64 - 1, 10),),
    overflow={"trait_size": 2},
)


def damage(store: Fragments, person_id: str, state: bytes) -> None:
    if isinstance(store, MemoryFragments):
        store._rows[person_id] = (state, 1, None, None)
        return
    row: dict[str, Any] = {"pk": {"S": person_id}, "sk": {"S": "F"}, "v": {"N": "1"}, "b": {"B": state}}
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="profiles", Item=row)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Fragments]:
    if request.param == "memory":
        yield MemoryFragments()
        return
    with mock_aws():
        make_table("profiles")
        yield DynamoFragments(boto3.client("dynamodb", region_name=REGION), table="profiles")


def test_a_fragment_comes_back_as_it_was_saved(store: Fragments) -> None:
    store.save(StoredFragment(fragment=FULL, sequence="49590338271490256608559692538361571095921575989136588898"))
    store.save(StoredFragment(fragment=Fragment(person_id="prs_b")))
    assert store.load(["prs_a", "prs_b", "prs_c"]) == {
        "prs_a": StoredFragment(fragment=FULL, version=1, sequence="49590338271490256608559692538361571095921575989136588898"),
        "prs_b": StoredFragment(fragment=Fragment(person_id="prs_b"), version=1),
    }


def test_a_save_over_another_version_is_a_conflict_and_changes_nothing(store: Fragments) -> None:
    store.save(StoredFragment(fragment=FULL))
    first = store.load(["prs_a"])["prs_a"]
    store.save(replace(first, sequence="2"))
    for stale in (StoredFragment(fragment=FULL), first, replace(first, version=7)):
        with pytest.raises(Conflict):
            store.save(stale)
    assert store.load(["prs_a"])["prs_a"] == replace(first, version=2, sequence="2")


def test_loading_nothing_or_very_many_works(store: Fragments) -> None:
    for number in range(110):
        store.save(StoredFragment(fragment=Fragment(person_id=f"prs_{number}")))
    assert store.load([]) == {}
    assert len(store.load([f"prs_{number}" for number in range(110)])) == 110


@pytest.mark.parametrize("state", [b"\xff no fragment", b"\x01", b"\x02" + encode(FULL)[1:], b"\x03" + encode(FULL)[1:], encode(FULL)[:-9]])
def test_a_fragment_that_cannot_be_decoded_is_told_and_others_are_read_without_it(store: Fragments, state: bytes) -> None:
    store.save(StoredFragment(fragment=Fragment(person_id="prs_b")))
    damage(store, "prs_a", state)
    with pytest.raises(Unreadable):
        store.load(["prs_a", "prs_b"])
    assert list(store.load(["prs_b"])) == ["prs_b"]


ROUTED = replace(FULL, routing=3, generation=2**40, feeds=("prs_feed", "prs_other"))


def row(home: str, partition: str, times: int) -> RoutedFragment:
    return RoutedFragment(partition=partition, fragment=Fragment(person_id=home, tallies={"$page": Tally(times, 1, 9)}, last_seen=9))


def test_where_its_events_are_and_whose_comes_back_too(store: Fragments) -> None:
    store.save(StoredFragment(fragment=ROUTED))
    assert store.load(["prs_a"])["prs_a"].fragment == ROUTED


def test_rows_of_other_homes_are_written_with_the_fragment_or_not_at_all(store: Fragments) -> None:
    store.save(StoredFragment(fragment=FULL), routed=[row("prs_h", "prs_a", 1), row("prs_i", "prs_a", 2)])
    stale = StoredFragment(fragment=FULL)
    with pytest.raises(Conflict):
        store.save(stale, routed=[row("prs_h", "prs_a", 7)])
    routes = [Route("prs_h", "prs_a"), Route("prs_i", "prs_a"), Route("prs_h", "prs_b")]
    found = store.load_routed(routes)
    assert {route: fragment.tallies["$page"].times for route, fragment in found.items()} == {routes[0]: 1, routes[1]: 2}
    store.save(replace(stale, version=1), routed=[row("prs_h", "prs_a", 7)])
    assert store.load_routed(routes)[routes[0]] == row("prs_h", "prs_a", 7).fragment
    assert store.load(["prs_a"])["prs_a"].version == 2
    assert store.load(["prs_h"]) == {}
    assert store.load_routed([]) == {}


def test_as_many_rows_as_a_refold_writes_at_once_fit_one_write(store: Fragments) -> None:
    rows = [row(f"prs_{number}", "prs_a", number) for number in range(MOST_ROUTED)]
    store.save(StoredFragment(fragment=FULL), routed=rows)
    assert len(store.load_routed([each.route for each in rows])) == MOST_ROUTED


def test_the_homes_of_a_partition_are_remembered_once_each(store: Fragments) -> None:
    for home in ("prs_h", "prs_i", "prs_h"):
        store.add_home(Route(home, "prs_a"))
    assert set(store.homes_of("prs_a")) == {"prs_h", "prs_i"}
    assert set(store.homes_of("prs_h")) == set()
