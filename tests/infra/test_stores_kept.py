"""Every store: encrypted, with a retention, kept in production."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.builders.moto_endpoint import LISTED
from tests.infra.conftest import Synthesise
from tests.infra.templates import Resource, Synthesised

STORES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Logs::LogGroup")
EXPIRING_TABLES = {"Access", "Events", "Rejects"}


def stores(synthesised: Synthesised) -> Iterator[tuple[str, Resource]]:
    for template in synthesised:
        for kind in STORES:
            yield from template.of_type(kind).items()


def tables(synthesised: Synthesised) -> Mapping[str, Mapping[str, Any]]:
    """Properties by the table's construct name."""
    found = synthesised.platform.of_type("AWS::DynamoDB::Table").values()
    return {str(item["Metadata"]["aws:cdk:path"]).split("/")[-2]: item["Properties"] for item in found}


def test_production_retains_every_store(prod: Synthesised) -> None:
    assert [name for name, store in stores(prod) if (store["DeletionPolicy"], store["UpdateReplacePolicy"]) != ("Retain", "Retain")] == []


def test_other_stages_leave_nothing_behind(dev: Synthesised, local: Synthesised) -> None:
    for stage in (dev, local):
        assert [name for name, store in stores(stage) if store["DeletionPolicy"] != "Delete"] == []


def test_the_tables_are_those_of_the_data_model(prod: Synthesised) -> None:
    assert tables(prod).keys() == {"Events", "Identities", "Profiles", "Journeys", "Messages", "Privacy", "Access", "Rejects", "Imports"}


def test_production_tables_recover_to_a_point_in_time_and_refuse_deletion(prod: Synthesised) -> None:
    for table in tables(prod).values():
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["DeletionProtectionEnabled"] is True


def test_tables_bill_by_request_and_use_the_key_that_costs_nothing(prod: Synthesised) -> None:
    for table in tables(prod).values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        # DynamoDB encrypts every table; where KMS is not asked for, with a key that AWS owns.
        assert table["SSESpecification"] == {"SSEEnabled": False}


def test_events_and_rejects_expire_and_records_of_their_own_do_not(prod: Synthesised) -> None:
    expiring = {
        name for name, table in tables(prod).items() if table.get("TimeToLiveSpecification") == {"AttributeName": "x", "Enabled": True}
    }
    assert expiring == EXPIRING_TABLES


def test_only_the_log_has_a_stream_and_it_carries_new_images(prod: Synthesised) -> None:
    streams = {
        name: table["StreamSpecification"]["StreamViewType"] for name, table in tables(prod).items() if "StreamSpecification" in table
    }
    assert streams == {"Events": "NEW_IMAGE"}


@pytest.mark.parametrize(
    ("table", "index", "keys", "projection"),
    [
        ("Journeys", "due", ["dp", "da"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]}),
        ("Messages", "undecided", ["up", "ua"], {"ProjectionType": "ALL"}),
        ("Rejects", "time", ["pk", "at"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(LISTED)}),
    ],
)
def test_sparse_indexes_carry_no_more_than_their_reader_needs(
    prod: Synthesised, table: str, index: str, keys: list[str], projection: dict[str, Any]
) -> None:
    (made,) = tables(prod)[table]["GlobalSecondaryIndexes"]
    assert made["IndexName"] == index
    assert [key["AttributeName"] for key in made["KeySchema"]] == keys
    assert made["Projection"] == projection


def test_buckets_are_encrypted_private_and_tidied(prod: Synthesised) -> None:
    buckets = prod.platform.properties("AWS::S3::Bucket")
    assert len(buckets) == 7
    for bucket in buckets.values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["LifecycleConfiguration"]["Rules"]


@pytest.mark.parametrize("kept", ["StreamFailures", "RejectBodies"])
def test_batches_that_the_stream_gave_up_on_and_long_refusals_expire(prod: Synthesised, kept: str) -> None:
    (bucket,) = [item for name, item in prod.platform.properties("AWS::S3::Bucket").items() if kept in name]
    assert {"ExpirationInDays": 90}.items() <= bucket["LifecycleConfiguration"]["Rules"][0].items()


def test_the_lake_keeps_events_as_long_as_the_log_and_answers_for_a_week(prod: Synthesised, synthesise: Synthesise) -> None:
    def kept(synthesised: Synthesised) -> list[int]:
        found = synthesised.platform.properties("AWS::S3::Bucket").items()
        return sorted(item["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] for name, item in found if name.startswith("Lake"))

    assert kept(prod) == [7, 760]
    assert kept(synthesise("dev", retention_days="90")) == [7, 90]


def test_buckets_refuse_plain_http(prod: Synthesised) -> None:
    policies = prod.platform.properties("AWS::S3::BucketPolicy").values()
    assert len(policies) == len(prod.platform.of_type("AWS::S3::Bucket"))
    for policy in policies:
        assert any(_refuses_plain_http(statement) for statement in policy["PolicyDocument"]["Statement"])


def _refuses_plain_http(statement: Mapping[str, Any]) -> bool:
    return bool(statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}})
