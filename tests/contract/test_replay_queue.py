"""The replay queue, memory and SQS: what is put is what stitch reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.replay_queue import SqsReplayQueue
from ariane.adapters.memory.replay_queue import MemoryReplayQueue
from ariane.errors import Permanent, Retryable
from ariane.events.log import LogKey
from ariane.events.retrying import ReplayQueue
from ariane.profiles.contention import LinkQueue
from ariane.profiles.replaying import Asked, asked_of, key_of_message
from tests.builders.moto_endpoint import REGION


class Writes(ReplayQueue, LinkQueue, Protocol): ...


@dataclass
class Queue:
    writes: Writes
    read: Callable[[], list[Asked]]


@pytest.fixture(params=["memory", "sqs"])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    if request.param == "memory":
        memory = MemoryReplayQueue()
        yield Queue(memory, lambda: [*map(Asked, memory.keys), *(Asked(each.key, each.tries) for each in memory.links)])
        return
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="replay")["QueueUrl"]

        def read() -> list[Asked]:
            found: list[Asked] = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                found += [asked_of(message["Body"]) for message in messages]
            return found

        yield Queue(SqsReplayQueue(sqs, queue_url=url), read)


def test_every_key_is_read_as_it_was_put(queue: Queue) -> None:
    keys = [LogKey(f"prs_{number}", "2026-11-22T05:29:00.000Z#0123456789abcdef") for number in range(23)]
    queue.writes.put(keys)
    queue.writes.put([])

    assert sorted(queue.read()) == sorted(map(Asked, keys))


def test_what_is_to_be_linked_later_says_so_and_how_often_it_was_tried(queue: Queue) -> None:
    key = LogKey("prs_a", "2026-11-22T05:29:00.000Z#0123456789abcdef")
    queue.writes.put([key])
    queue.writes.link_later(key, tries=3, delay=0)

    assert sorted(queue.read()) == [Asked(key), Asked(key, link_tries=3)]


def test_a_message_is_hidden_for_as_long_as_was_said() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="replay")["QueueUrl"]
        SqsReplayQueue(sqs, queue_url=url).link_later(LogKey("prs_a", "x"), tries=1, delay=900)

        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"


def test_a_queue_that_is_away_asks_for_patience() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION, endpoint_url="http://127.0.0.1:9")
        with pytest.raises(Retryable):
            SqsReplayQueue(sqs, queue_url="http://127.0.0.1:9/replay").put([LogKey("prs_a", "x")])


@pytest.mark.parametrize("tries", ["-1", "0", "null"])
def test_a_message_without_tries_asks_for_all_of_the_item(tries: str) -> None:
    assert asked_of(f'{{"pk": "prs_a", "sk": "x", "links": {tries}}}') == Asked(LogKey("prs_a", "x"))


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"pk": "prs_a"}', '{"pk": "prs_a", "sk": "x", "links": "often"}'])
def test_what_is_no_key_is_refused_for_good(body: str) -> None:
    with pytest.raises(Permanent, match="pk and sk"):
        key_of_message(body)
