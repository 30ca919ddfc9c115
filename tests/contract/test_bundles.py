"""Bundles and the seals of fragments: memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.items.bundles import bundle_item
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.errors import Conflict, Rejected
from ariane.profiles.bundles import MOST_SEALED, Bundle, Moved
from ariane.profiles.fragments import Fragment, Seal, StoredFragment, Tally, Trait
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import prs

type Store = MemoryFragments | DynamoFragments

ROOT, OTHER, DEVICE = prs("user_id:u1"), prs("user_id:u2"), prs("anonymous_id:d1")
SUM = Fragment(
    person_id="", traits={"plan": Trait("gold", 5)}, tallies={"$page": Tally(3, 1, 9)}, first_seen=1, last_seen=9, groups={"g": 2}
)
BUNDLE = Bundle(
    holder=ROOT, generation=2**39, is_open=True, reshaped=7, children=30, total=SUM, count=2, awake=(OTHER, DEVICE), holders=(DEVICE,)
)
DEVICE_ROW = StoredFragment(fragment=Fragment(person_id=DEVICE, identifier="anonymous_id:d1", tallies={"$page": Tally(3, 1, 9)}))


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryFragments()
        return
    with mock_aws():
        make_table("profiles")
        yield DynamoFragments(boto3.client("dynamodb", region_name=REGION), table="profiles")


def test_a_bundle_comes_back_as_it_was_put(store: Store) -> None:
    rest = datetime(2026, 11, 22, 12, tzinfo=UTC)
    moved = Bundle(holder=OTHER, generation=3, moved=Moved(ROOT, 2**39), rest_until=rest)
    store.put(BUNDLE)
    store.put(moved)
    assert store.bundles([ROOT, OTHER, DEVICE]) == {ROOT: replace(BUNDLE, version=1), OTHER: replace(moved, version=1)}
    assert store.bundles([]) == {}


def test_fragments_are_sealed_with_their_bundle_and_woken_with_it(store: Store) -> None:
    store.put(BUNDLE, sealed=[replace(DEVICE_ROW, seal=BUNDLE.seal())])
    (sealed,) = store.load([DEVICE]).values()
    assert sealed == replace(DEVICE_ROW, version=1, seal=Seal(ROOT, 2**39, 1))
    (bundle,) = store.bundles([ROOT]).values()
    assert bundle.counts(sealed.seal)
    store.save(replace(sealed, seal=None), bundle=replace(bundle, count=1))
    assert store.load([DEVICE]) == {DEVICE: replace(DEVICE_ROW, version=2)}
    assert store.bundles([ROOT]) == {ROOT: replace(BUNDLE, version=2, count=1)}


def test_nothing_is_written_where_the_bundle_is_another(store: Store) -> None:
    store.save(DEVICE_ROW)
    store.put(BUNDLE)
    row = replace(DEVICE_ROW, version=1)
    for stale in (BUNDLE, replace(BUNDLE, version=2)):
        with pytest.raises(Conflict):
            store.put(stale, sealed=[replace(row, seal=stale.seal())])
        with pytest.raises(Conflict):
            store.save(row, bundle=stale)
    assert store.load([DEVICE]) == {DEVICE: row}


def test_nothing_is_written_where_a_fragment_or_an_absorbed_bundle_is_another(store: Store) -> None:
    store.put(Bundle(holder=OTHER, generation=3))
    known = replace(BUNDLE, version=0)
    with pytest.raises(Conflict):
        store.put(known, sealed=[replace(DEVICE_ROW, version=4, seal=known.seal())])
    with pytest.raises(Conflict):
        store.put(known, absorbed=[Bundle(holder=OTHER, generation=3, moved=Moved(ROOT, 2**39))])
    assert store.bundles([ROOT]) == {}
    store.put(known, absorbed=[Bundle(holder=OTHER, version=1, generation=3, moved=Moved(ROOT, 2**39))])
    assert store.bundles([OTHER])[OTHER].moved == Moved(ROOT, 2**39)


def test_a_dissolved_bundle_keeps_nothing_but_its_place(store: Store) -> None:
    rest = datetime(2026, 11, 22, 12, tzinfo=UTC)
    store.put(BUNDLE)
    (known,) = store.bundles([ROOT]).values()
    store.put(replace(known, count=3))
    store.dissolve(known, generation=11, rest_until=rest)
    assert store.bundles([ROOT]) == {ROOT: Bundle(holder=ROOT, version=3, generation=11, rest_until=rest)}
    with pytest.raises(Conflict):
        store.dissolve(known, generation=12)
    store.dissolve(replace(known, generation=11), generation=12)
    assert store.bundles([ROOT]) == {ROOT: Bundle(holder=ROOT, version=4, generation=12)}


def test_a_bundle_that_another_took_in_is_not_dissolved(store: Store) -> None:
    moved = Bundle(holder=OTHER, generation=3, moved=Moved(ROOT, 2**39))
    store.put(moved)
    with pytest.raises(Conflict):
        store.dissolve(moved, generation=4)


def test_a_sealed_fragment_is_never_written_by_itself(store: Store) -> None:
    with pytest.raises(AssertionError):
        store.save(replace(DEVICE_ROW, seal=BUNDLE.seal()))


def test_as_many_as_one_transaction_takes_are_sealed_at_once(store: Store) -> None:
    rows = [StoredFragment(fragment=Fragment(person_id=prs(f"anonymous_id:{number}")), seal=BUNDLE.seal()) for number in range(MOST_SEALED)]
    store.put(BUNDLE, sealed=rows)
    assert len(store.load([row.fragment.person_id for row in rows])) == MOST_SEALED


def test_a_bundle_that_cannot_be_decoded_is_as_if_dissolved() -> None:
    with mock_aws():
        make_table("profiles")
        client = boto3.client("dynamodb", region_name=REGION)
        client.put_item(TableName="profiles", Item={**bundle_item(BUNDLE), "b": {"B": b"\xff"}})
        found = DynamoFragments(client, table="profiles").bundles([ROOT])
    assert found == {ROOT: Bundle(holder=ROOT, version=1, generation=2**39)}


def test_what_does_not_fit_a_row_is_refused() -> None:
    with pytest.raises(Rejected, match="one row"):
        bundle_item(replace(BUNDLE, awake=tuple(prs(f"anonymous_id:{number}") for number in range(24_000))))
