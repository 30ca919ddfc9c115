"""The evaluate queue, daily counts and backfills: memory and AWS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from ariane.adapters.aws.backfills import DynamoBackfills, DynamoPeopleScan
from ariane.adapters.aws.evaluate_queue import SqsEvaluateQueue
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.segment_counts import DynamoSegmentCounts
from ariane.adapters.aws.segment_rows import DynamoSegmentRows
from ariane.adapters.memory.backfills import MemoryBackfills, MemoryPeopleScan
from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.adapters.memory.segment_counts import MemorySegmentCounts
from ariane.errors import Conflict, Permanent, Retryable
from ariane.profiles.fragments import Fragment, StoredFragment
from ariane.segments.backfilling import Backfill, Backfills, PeopleScan
from ariane.segments.counting import Counts, DayCount
from ariane.segments.jobs import (
    LONGEST_DELAY,
    BackfillJob,
    CountJob,
    EvaluateQueue,
    Job,
    MergedJob,
    MovedJob,
    PersonJob,
    PutJob,
    SplitJob,
    SweepJob,
    job_of,
    message_of,
)
from ariane.segments.rows import MemberChange, Membership, Row, RowChange
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON

PERSON = PersonJob(person="prs_a", cause="prs_a/2026-11-22T05:29:00.000Z#0123456789abcdef/3")
ALL: list[PutJob] = [
    PERSON,
    MovedJob(partition="prs_b", cause="c"),
    SweepJob(shard=3, until=5),
    BackfillJob(backfill="bf_1", part=2),
    CountJob(segment="vip", day="2026-11-22"),
]


@dataclass
class Queue:
    writes: EvaluateQueue
    read: Callable[[], list[Job]]


@pytest.fixture(params=["memory", "sqs"])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    if request.param == "memory":
        memory = MemoryEvaluateQueue()
        yield Queue(memory, lambda: list(memory.jobs))
        return
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="evaluate")["QueueUrl"]

        def read() -> list[Job]:
            found: list[Job] = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                found += [job_of(message["Body"]) for message in messages]
            return found

        yield Queue(SqsEvaluateQueue(sqs, queue_url=url), read)


def test_every_job_is_read_as_it_was_put(queue: Queue) -> None:
    jobs = [*ALL, *(PersonJob(person=f"prs_{number:02}", cause="c") for number in range(23))]
    queue.writes.put(jobs)
    queue.writes.put([])
    assert sorted(queue.read(), key=repr) == sorted(jobs, key=repr)


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (15, 15), (100_000, LONGEST_DELAY)])
def test_jobs_wait_as_long_as_was_asked_and_the_queue_allows(asked: int, given: int) -> None:
    memory = MemoryEvaluateQueue()
    memory.put([PERSON], delay=asked)
    assert [each.delay for each in memory.messages] == [given]
    client, stub = _stubbed({"Successful": [], "Failed": []}, delay=given)
    client.put([PERSON], delay=asked)
    stub.assert_no_pending_responses()


def test_a_job_that_the_queue_did_not_take_is_told() -> None:
    client, _ = _stubbed({"Successful": [], "Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]}, delay=0)
    with pytest.raises(Retryable, match="every message"):
        client.put([PERSON])


def _stubbed(answer: dict[str, Any], *, delay: int) -> tuple[SqsEvaluateQueue, Stubber]:
    client = boto3.client("sqs", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    stub = Stubber(client)
    entries = [{"Id": "0", "MessageBody": message_of(PERSON), "DelaySeconds": delay}]
    stub.add_response("send_message_batch", answer, {"QueueUrl": "https://q", "Entries": entries})
    stub.activate()
    return SqsEvaluateQueue(client, queue_url="https://q"), stub


def test_facts_of_the_bus_are_jobs_too() -> None:
    merged = '{"kind": "merged", "fact": {"into": "prs_a", "from": ["prs_b", "prs_c"], "at": "x", "cause": "c"}}'
    split = '{"kind": "split", "fact": {"from": "prs_a", "into": ["prs_a", "prs_b"], "at": "x", "cause": "c"}}'
    moved = '{"kind": "split", "fact": {"from": "prs_a", "into": [], "rehomed": ["prs_a", "prs_d"], "at": "x", "cause": "c"}}'

    assert job_of(merged) == MergedJob(into="prs_a", absorbed=("prs_b", "prs_c"), cause="c")
    assert job_of(split) == SplitJob(origin="prs_a", parts=("prs_a", "prs_b"), rehomed=(), cause="c")
    assert job_of(moved) == SplitJob(origin="prs_a", parts=(), rehomed=("prs_a", "prs_d"), cause="c")


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"kind": "x"}', '{"kind": "person"}', '{"kind": "merged", "fact": 3}', '{"kind": []}'])
def test_what_is_no_job_is_told(body: str) -> None:
    with pytest.raises(Permanent, match="invalid_job"):
        job_of(body)


@pytest.fixture(params=["memory", "dynamodb"])
def counts(request: pytest.FixtureRequest) -> Iterator[Counts]:
    if request.param == "memory":
        yield MemorySegmentCounts()
        return
    with mock_aws():
        make_table("profiles")
        yield DynamoSegmentCounts(boto3.client("dynamodb", region_name=REGION), table="profiles")


def test_counts_are_kept_by_day_the_last_of_each(counts: Counts) -> None:
    for day, members in (("2026-11-21", 5), ("2026-11-23", 8), ("2026-11-22", 6), ("2026-11-22", 7)):
        counts.keep("vip", DayCount(day, members, NOON))
    counts.keep("other", DayCount("2026-11-22", 1, NOON))

    assert [(each.day, each.members) for each in counts.counts("vip", since="2026-11-22")] == [("2026-11-22", 7), ("2026-11-23", 8)]
    assert len(counts.counts("vip", since="")) == 3
    assert counts.counts("vip", since="")[0].at == NOON
    assert counts.counts("nobody", since="") == []


def test_a_day_is_asked_for_once_marked(counts: Counts) -> None:
    assert not counts.is_asked("2026-11-22")
    counts.mark_asked("2026-11-22")
    counts.mark_asked("2026-11-22")
    assert counts.is_asked("2026-11-22")
    assert not counts.is_asked("2026-11-23")


@pytest.fixture(params=["memory", "dynamodb"])
def backfills(request: pytest.FixtureRequest) -> Iterator[Backfills]:
    if request.param == "memory":
        yield MemoryBackfills()
        return
    with mock_aws():
        make_table("profiles")
        yield DynamoBackfills(boto3.client("dynamodb", region_name=REGION), table="profiles")


def a_backfill(own: str = "bf_20261122T120000_aa", **more: Any) -> Backfill:
    return Backfill(id=own, began_at=NOON, by="ada", segments=("vip",), **more)


def test_a_backfill_is_found_with_its_parts(backfills: Backfills) -> None:
    made = a_backfill(announces=True, parts=3)
    backfills.create(made)

    assert backfills.find(made.id) == made
    assert backfills.find("bf_other") is None
    assert [(each.number, each.cursor, each.people, each.ended_at) for each in backfills.parts(made.id)] == [
        (number, None, 0, None) for number in range(3)
    ]
    assert backfills.parts("bf_other") == []


def test_making_it_again_forgets_no_progress(backfills: Backfills) -> None:
    made = a_backfill(parts=2)
    backfills.create(made)
    first, _ = backfills.parts(made.id)
    backfills.save(replace(first, cursor="c", people=7))
    backfills.create(made)

    assert backfills.parts(made.id)[0].people == 7


def test_progress_is_saved_over_what_was_read(backfills: Backfills) -> None:
    made = a_backfill(parts=1)
    backfills.create(made)
    (part,) = backfills.parts(made.id)
    later = replace(part, cursor="c", people=7, written=3, refolded=2, failed=1, named=("prs_a x",), tries=4, heard_at=NOON, ended_at=NOON)
    backfills.save(later)
    with pytest.raises(Conflict):
        backfills.save(part)

    assert backfills.parts(made.id) == [replace(later, version=part.version + 1)]


def test_the_latest_come_first(backfills: Backfills) -> None:
    made = [a_backfill(f"bf_2026112{day}T120000_aa", parts=1) for day in range(3)]
    for each in made:
        backfills.create(replace(each, began_at=NOON + timedelta(days=1)))
    assert [each.id for each in backfills.latest(2)] == [made[2].id, made[1].id]


@pytest.fixture(params=["memory", "dynamodb"])
def scan(request: pytest.FixtureRequest) -> Iterator[PeopleScan]:
    """Fragments of fifty people, rows of the last ten and of ten more."""
    people, rows = [f"prs_{number:02}" for number in range(50)], [f"prs_{number:02}" for number in range(40, 60)]
    if request.param == "memory":
        yield MemoryPeopleScan(lambda: people, lambda: rows, page=7)
        return
    with mock_aws():
        make_table("profiles")
        client = boto3.client("dynamodb", region_name=REGION)
        for each in people:
            DynamoFragments(client, table="profiles").save(StoredFragment(fragment=Fragment(person_id=each)))
        for each in rows:
            vip = Membership("v", None)
            change = RowChange(row=Row(person=each, memberships={"vip": vip}), members=(MemberChange("vip", each, vip),))
            DynamoSegmentRows(client, table="profiles").commit(change)
        yield DynamoPeopleScan(client, table="profiles", page=7)


def test_every_part_of_the_scan_has_its_people_and_all_together_have_all(scan: PeopleScan) -> None:
    people, rows = list[str](), list[str]()
    for part in range(4):
        cursor, is_first = None, True
        while is_first or cursor is not None:
            page = scan.page(part, 4, cursor)
            people += page.people
            rows += page.rows
            cursor, is_first = page.cursor, False

    assert sorted(people) == [f"prs_{number:02}" for number in range(50)]
    assert sorted(rows) == [f"prs_{number:02}" for number in range(40, 60)]


def test_who_has_a_fragment_is_told(scan: PeopleScan) -> None:
    assert scan.with_fragment(["prs_49", "prs_50", "prs_49"]) == {"prs_49"}
    assert scan.with_fragment([]) == frozenset()
