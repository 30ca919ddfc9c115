"""The lake and its queue, memory and AWS."""

import gzip
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.lake import S3Lake, SqsLandQueue
from ariane.adapters.aws.lake_backfill import S3BackfillState
from ariane.adapters.aws.log_pages import DynamoLogPages
from ariane.adapters.memory.lake import MemoryLake, MemoryLandQueue
from ariane.adapters.memory.lake_backfill import MemoryBackfillState
from ariane.errors import Retryable
from ariane.lake.backfilling import Backfill
from ariane.lake.landing import LakeStore, LandQueue
from ariane.lake.messages import ItemLater, PartitionMoved, Put, read_message
from ariane.lake.rows import LakeObject
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON, item, track


@dataclass
class Lake:
    store: LakeStore
    queue: LandQueue
    read: Callable[[str], bytes]
    messages: Callable[[], list[object]]


@pytest.fixture(params=["memory", "aws"])
def lake(request: pytest.FixtureRequest) -> Iterator[Lake]:
    if request.param == "memory":
        store, queue = MemoryLake(), MemoryLandQueue()
        yield Lake(store, queue, lambda key: store.objects[key], lambda: [*queue.take()])
        return
    with mock_aws():
        s3, sqs = boto3.client("s3", region_name=REGION), boto3.client("sqs", region_name=REGION)
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item]
        url = sqs.create_queue(QueueName="land")["QueueUrl"]

        def messages() -> list[object]:
            found: list[object] = []
            while taken := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                found += [one for each in taken for one in read_message(each["Body"])]
            return found

        queue_of_aws = SqsLandQueue(sqs, queue_url=url)
        yield Lake(S3Lake(s3, bucket="lake"), queue_of_aws, lambda key: s3.get_object(Bucket="lake", Key=key)["Body"].read(), messages)


def test_an_object_is_there_as_it_was_put_and_put_again_it_is_the_same(lake: Lake) -> None:
    found = LakeObject("events/day=2026-11-22/abc.ndjson.gz", gzip.compress(b'{"a": 1}\n', mtime=0))
    lake.store.put(found)
    lake.store.put(found)
    assert lake.read(found.key) == found.body


def test_every_message_is_read_as_it_was_put(lake: Lake) -> None:
    later: list[Put] = [ItemLater(f"prs_{number:02}", "2026-11-22T12:00:00.000Z#0", str(number), 1) for number in range(23)]
    later.append(PartitionMoved("prs_a", "2026-11-22T12:00:00.000Z#0"))
    lake.queue.put(later, delay=0)
    lake.queue.put([], delay=0)
    assert sorted(lake.messages(), key=repr) == sorted(later, key=repr)


def test_faults_of_the_services_are_to_be_tried_again() -> None:
    s3, sqs = boto3.client("s3", region_name=REGION), boto3.client("sqs", region_name=REGION)
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", "SlowDown", http_status_code=503)
        with pytest.raises(Retryable):
            S3Lake(s3, bucket="lake").put(LakeObject("k", b""))
    with Stubber(sqs) as stub:
        stub.add_response("send_message_batch", {"Successful": [], "Failed": [{"Id": "0", "Code": "x", "SenderFault": False}]})
        with pytest.raises(Retryable):
            SqsLandQueue(sqs, queue_url="https://sqs/land").put([ItemLater("prs_a", "s", "1", 1)], delay=30)


def test_the_log_is_read_page_by_page_and_from_any_place_on() -> None:
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        make_table("events")
        items = [item(track(message_id=f"m{number}", minute=number, anonymousId=f"a{number % 3}")) for number in range(7)]
        for each in items:
            attributes: Any = attributes_of(each, retention=timedelta(days=1))
            attributes["b"] = {"B": b64decode(attributes["b"]["B"])}
            dynamodb.put_item(TableName="events", Item=attributes)
        dynamodb.put_item(TableName="events", Item={"pk": {"S": "prs_torn"}, "sk": {"S": "x"}})
        log = DynamoLogPages(dynamodb, table="events", limit=3, pause=lambda _: None)

        pages = list(log.pages())

        assert {each.sort for page in pages for each in page.items} == {each.sort for each in items}
        assert log.unreadable == 1
        assert [page.after is None for page in pages] == [False] * (len(pages) - 1) + [True]
        rest = list(log.pages(after=pages[0].after))
        assert [[each.sort for each in page.items] for page in rest] == [[each.sort for each in page.items] for page in pages[1:]]


def test_how_far_a_backfill_is_is_read_as_it_was_saved() -> None:
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item]
        for state in (MemoryBackfillState(), S3BackfillState(s3, bucket="lake")):
            assert state.load() is None
            backfill = Backfill(began_at=NOON, first="2026-11-01", last="2026-11-30", after="prs_a\n2026", events=3)
            state.save(backfill)
            assert state.load() == backfill
