"""The resolve queue, memory and SQS: what is put is what the background reads, after its delay."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from ariane.adapters.aws.background_queue import SqsBackgroundQueue
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.errors import Permanent, Retryable
from ariane.identity.jobs import LONGEST_DELAY, BackgroundQueue, ClusterJob, FollowJob, Job, RefoldJob, job_of, jobs_of, message_of
from ariane.identity.model import Merged, Transition
from tests.builders.moto_endpoint import REGION
from tests.builders.profiles import NOON

CLUSTER = ClusterJob(cluster="clu_1", cause="prs_a/2026-11-22T05:29:00.000Z#0123456789abcdef/3")
REFOLD = RefoldJob(partition="prs_a", cause="c", tries=3, since=NOON)


@dataclass
class Queue:
    writes: BackgroundQueue
    read: Callable[[], list[Job]]


@pytest.fixture(params=["memory", "sqs"])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    if request.param == "memory":
        memory = MemoryBackgroundQueue()
        yield Queue(memory, lambda: list(memory.jobs))
        return
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="resolve")["QueueUrl"]

        def read() -> list[Job]:
            found: list[Job] = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                found += [job_of(message["Body"]) for message in messages]
            return found

        yield Queue(SqsBackgroundQueue(sqs, queue_url=url), read)


def test_every_job_is_read_as_it_was_put(queue: Queue) -> None:
    jobs: list[Job] = [CLUSTER, REFOLD, *(RefoldJob(partition=f"prs_{number:02}", cause="c") for number in range(23))]
    queue.writes.put(jobs)
    queue.writes.put([])
    assert sorted(queue.read(), key=repr) == sorted(jobs, key=repr)


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (15, 15), (100_000, LONGEST_DELAY)])
def test_jobs_wait_as_long_as_was_asked_and_the_queue_allows(asked: int, given: int) -> None:
    memory = MemoryBackgroundQueue()
    memory.put([CLUSTER], delay=asked)
    assert [each.delay for each in memory.messages] == [given]
    with _answering({"Successful": []}, delay=given) as queue:
        queue.put([CLUSTER], delay=asked)


def test_a_job_that_the_queue_did_not_take_is_told() -> None:
    failed = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
    with _answering({"Successful": [], "Failed": [failed]}, delay=0) as queue, pytest.raises(Retryable, match="every message"):
        queue.put([CLUSTER])


class _answering:  # noqa: N801 - reads as a context
    """A queue that expects one message of the cluster, and answers so."""

    def __init__(self, answer: dict[str, Any], *, delay: int) -> None:
        client = boto3.client("sqs", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
        self._stub = Stubber(client)
        entries = [{"Id": "0", "MessageBody": message_of(CLUSTER), "DelaySeconds": delay}]
        self._stub.add_response("send_message_batch", {"Failed": [], **answer}, {"QueueUrl": "https://q", "Entries": entries})
        self._queue = SqsBackgroundQueue(client, queue_url="https://q")

    def __enter__(self) -> SqsBackgroundQueue:
        self._stub.activate()
        return self._queue

    def __exit__(self, *_: object) -> None:
        self._stub.assert_no_pending_responses()


def test_a_queue_that_is_away_asks_for_patience() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION, endpoint_url="http://127.0.0.1:9")
        with pytest.raises(Retryable):
            SqsBackgroundQueue(sqs, queue_url="http://127.0.0.1:9/resolve").put([CLUSTER])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"kind": "cluster", "cluster": "clu_1"}',
        '{"kind": "refold", "cluster": "clu_1", "cause": "c"}',
        '{"kind": "cluster", "cluster": "clu_1", "cause": "c", "n": "many"}',
        '{"kind": "merge", "cause": "c"}',
    ],
)
def test_what_is_no_job_is_refused_for_good(body: str) -> None:
    with pytest.raises(Permanent, match="resolve queue"):
        job_of(body)


def test_a_job_to_follow_a_change_is_read_as_it_was_put(queue: Queue) -> None:
    follow = FollowJob(owner="prs_a", cause="operator/spl_1")
    queue.writes.put([follow])
    assert queue.read() == [follow]
    assert message_of(follow) == '{"kind":"follow","owner":"prs_a","cause":"operator/spl_1"}'


def test_a_body_says_what_is_documented() -> None:
    assert message_of(ClusterJob(cluster="clu_1", cause="c")) == '{"kind":"cluster","cluster":"clu_1","cause":"c"}'
    assert message_of(REFOLD) == '{"kind":"refold","partition":"prs_a","cause":"c","n":3,"since":"2026-11-22T12:00:00.000Z"}'


def test_a_change_leaves_its_refolds_and_its_quarantine_to_do() -> None:
    merged = Merged(into="prs_a", absorbed=("prs_b",), cause="c", at=NOON)
    assert jobs_of(Transition(cause="c", at=NOON, merged=(merged,))) == []
    assert jobs_of(Transition(cause="c", at=NOON, refold=("prs_a", "prs_b"), quarantined="clu_1")) == [
        RefoldJob(partition="prs_a", cause="c"),
        RefoldJob(partition="prs_b", cause="c"),
        ClusterJob(cluster="clu_1", cause="c"),
    ]
