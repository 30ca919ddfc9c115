"""The replay queue, memory and SQS: what is put is what stitch reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.replay_queue import SqsReplayQueue
from ariane.adapters.memory.replay_queue import MemoryReplayQueue
from ariane.errors import Permanent, Retryable
from ariane.events.log import LogKey
from ariane.events.retrying import ReplayQueue
from ariane.profiles.replaying import key_of_message
from tests.builders.moto_endpoint import REGION


@dataclass
class Queue:
    writes: ReplayQueue
    read: Callable[[], list[LogKey]]


@pytest.fixture(params=["memory", "sqs"])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    if request.param == "memory":
        memory = MemoryReplayQueue()
        yield Queue(memory, lambda: list(memory.keys))
        return
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="replay")["QueueUrl"]

        def read() -> list[LogKey]:
            found: list[LogKey] = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                found += [key_of_message(message["Body"]) for message in messages]
            return found

        yield Queue(SqsReplayQueue(sqs, queue_url=url), read)


def test_every_key_is_read_as_it_was_put(queue: Queue) -> None:
    keys = [LogKey(f"prs_{number}", "2026-11-22T05:29:00.000Z#0123456789abcdef") for number in range(23)]
    queue.writes.put(keys)
    queue.writes.put([])

    assert sorted(queue.read()) == sorted(keys)


def test_a_queue_that_is_away_asks_for_patience() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION, endpoint_url="http://127.0.0.1:9")
        with pytest.raises(Retryable):
            SqsReplayQueue(sqs, queue_url="http://127.0.0.1:9/replay").put([LogKey("prs_a", "x")])


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"pk": "prs_a"}'])
def test_what_is_no_key_is_refused_for_good(body: str) -> None:
    with pytest.raises(Permanent, match="pk and sk"):
        key_of_message(body)
