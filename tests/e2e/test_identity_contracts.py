"""The contracts of what identities and their fragments are kept in, once more: on the emulator's DynamoDB, over tables of their own."""

from collections.abc import Iterator

import pytest

from ariane.adapters.aws.fragments import DynamoFragments
from tests.builders.identity_tables import Identities, IdentityTable, on_dynamodb
from tests.contract import test_bundles, test_fragments, test_identities, test_identity_conflicts, test_identity_splits
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e


@pytest.fixture
def table_name(world: World) -> Iterator[str]:
    client, name = world.deployment.dynamodb, fresh("contract")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def table(world: World, table_name: str) -> IdentityTable:
    """Consents lie beside the identities: their keys are others."""
    return on_dynamodb(world.deployment.dynamodb, identities=table_name, privacy=table_name)


class TestIdentities:
    """Heads, members, assertions, clusters, splits and transitions, as stitching and the background use them."""

    @pytest.fixture
    def store(self, table: IdentityTable) -> Identities:
        return table.store

    test_commit = staticmethod(test_identities.test_everything_of_a_commit_is_there_afterwards)
    test_marks = staticmethod(test_identities.test_a_refold_is_marked_with_the_cause_that_asked_for_it)
    test_head = staticmethod(test_identities.test_a_head_says_all_that_was_stored_of_it)
    test_replaced = staticmethod(test_identities.test_a_head_is_replaced_and_not_amended)
    test_left = staticmethod(test_identities.test_what_is_left_is_no_member_any_more)
    test_moved = staticmethod(test_identities.test_a_member_moves_from_one_parent_to_another_at_once)
    test_clusters = staticmethod(test_identities.test_clusters_and_their_entries_are_kept)
    test_conflict = staticmethod(test_identity_conflicts.test_a_commit_over_what_has_changed_is_a_conflict_and_changes_nothing)
    test_checked = staticmethod(test_identity_conflicts.test_what_is_checked_and_as_it_was_read_stays_so)
    test_decided = staticmethod(test_identity_conflicts.test_a_consent_decision_raises_the_version_and_keeps_the_rest)
    test_split = staticmethod(test_identity_splits.test_a_split_is_found_by_its_id)
    test_once = staticmethod(test_identity_splits.test_a_split_is_written_once_and_lifted_once)


class TestFragments:
    @pytest.fixture
    def store(self, world: World, table_name: str) -> DynamoFragments:
        return DynamoFragments(world.deployment.dynamodb, table=table_name)

    test_saved = staticmethod(test_fragments.test_a_fragment_comes_back_as_it_was_saved)
    test_conflict = staticmethod(test_fragments.test_a_save_over_another_version_is_a_conflict_and_changes_nothing)
    test_rows = staticmethod(test_fragments.test_rows_of_other_homes_are_written_with_the_fragment_or_not_at_all)
    test_homes = staticmethod(test_fragments.test_the_homes_of_a_partition_are_remembered_once_each)
    test_bundle = staticmethod(test_bundles.test_a_bundle_comes_back_as_it_was_put)
    test_sealed = staticmethod(test_bundles.test_fragments_are_sealed_with_their_bundle_and_woken_with_it)
