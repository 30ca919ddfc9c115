"""Parts of scheduled lists: memory and S3."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.audience_files import S3AudienceFiles
from ariane.adapters.memory.audience_files import MemoryAudienceFiles
from ariane.segments.exporting import AudienceFiles, Written
from tests.builders.moto_endpoint import REGION


@pytest.fixture(params=["memory", "aws"])
def files(request: pytest.FixtureRequest) -> Iterator[AudienceFiles]:
    if request.param == "memory":
        yield MemoryAudienceFiles()
        return
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket="exports", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        yield S3AudienceFiles(client, bucket="exports")


def test_a_part_tells_what_is_in_it_and_where_the_next_begins(files: AudienceFiles) -> None:
    assert files.find("exports/buyers/2026-11-22/part-00000.csv") is None
    for key, following in (("exports/a/1/part-00000.csv", "WyJh4oCmIl0"), ("exports/a/1/part-00001.csv", None)):
        files.put(key, b"email\r\n", Written(3, 2, following), media_type="text/csv; charset=utf-8")
        assert files.find(key) == Written(3, 2, following)


def test_what_is_put_again_is_replaced(files: AudienceFiles) -> None:
    files.put("exports/a/1/manifest.json", b"{}", Written(1, 0, None), media_type="application/json")
    files.put("exports/a/1/manifest.json", b"[]", Written(2, 0, None), media_type="application/json")
    assert files.find("exports/a/1/manifest.json") == Written(2, 0, None)
