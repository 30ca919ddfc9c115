"""Enrolments, their due index, and the queues around them: memory and AWS."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Any

import boto3
import orjson
import pytest
from moto import mock_aws

from ariane.adapters.aws.enrolments import DUE_INDEX, DynamoEnrolments, item_of
from ariane.adapters.aws.journey_queue import SqsJourneyQueue
from ariane.adapters.aws.ledger import DynamoLedger
from ariane.adapters.aws.send_queue import SqsSendQueue
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.journey_queue import MemoryJourneyQueue
from ariane.errors import Conflict
from ariane.journeys.enrolment import Enrolment, Status
from ariane.journeys.inbox import MessageOutcome, WokenUp, parse_incoming
from ariane.journeys.step import WakeUp, effects_of
from ariane.messaging.ledger import RunningEnrolment
from ariane.messaging.model import Outcome, SendRequest
from ariane.messaging.model import Status as MessageStatus
from tests.builders.journeys import CONFIRMATION, NOON, enrolment, fact, journey_of, started
from tests.builders.moto_endpoint import REGION, make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Store = MemoryEnrolments | DynamoEnrolments


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBClient"]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        client.create_table(
            TableName="journeys",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "dp", "da")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": DUE_INDEX,
                    "KeySchema": [{"AttributeName": "dp", "KeyType": "HASH"}, {"AttributeName": "da", "KeyType": "RANGE"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryEnrolments()
    return DynamoEnrolments(request.getfixturevalue("dynamodb"), journeys_table="journeys")


def all_due(store: Store, until: timedelta) -> list[WakeUp]:
    return [wake_up for shard in range(store.shards) for page in store.due(shard, NOON + until, page=100) for wake_up in page]


def test_a_run_is_read_back_as_it_was_created(store: Store) -> None:
    run = enrolment(key="c#1 é", fact=fact(cart_id="c#1 é", total=12.5), node="2", visit=3, reached_at=NOON, due=NOON, lock=4)
    store.create(run)

    assert store.get(run.profile, run.sort) == run


def test_an_ended_run_is_read_back_too(store: Store) -> None:
    run = enrolment(status=Status.EXITED, reason="exit_event", node=None, due=None)
    store.create(run)

    assert store.get(run.profile, run.sort) == run


def test_what_was_never_created_is_none(store: Store) -> None:
    assert store.get("prs_a", enrolment().sort) is None
    assert store.runs(["prs_a"]) == []


def test_a_run_is_created_once(store: Store) -> None:
    store.create(enrolment())

    with pytest.raises(Conflict):
        store.create(enrolment(cause="web/other"))
    found = store.get("prs_a", enrolment().sort)
    assert found is not None
    assert found.cause == "web/m1"


def test_a_save_needs_the_state_before_it(store: Store) -> None:
    run = enrolment(lock=1)
    store.create(run)
    store.save(replace(run, lock=2, node="2"))

    with pytest.raises(Conflict):
        store.save(replace(run, lock=2, node="3"))
    found = store.get(run.profile, run.sort)
    assert found is not None
    assert found.node == "2"


def test_what_does_not_exist_is_not_saved(store: Store) -> None:
    with pytest.raises(Conflict):
        store.save(enrolment(lock=1))


def test_runs_are_found_by_profiles_and_prefix(store: Store) -> None:
    for profile, journey, key in [("prs_a", "cart", "1"), ("prs_a", "cart", "12"), ("prs_a", "other", "1"), ("prs_b", "cart", "1")]:
        store.create(enrolment(profile=profile, journey=journey, key=key))
    store.create(enrolment(profile="prs_c"))

    def found(profiles: list[str], *prefix: str) -> list[tuple[str, str]]:
        return sorted((run.profile, run.sort) for run in store.runs(profiles, *prefix))

    assert len(found(["prs_a", "prs_b", "prs_b"])) == 4
    assert found(["prs_a", "prs_b"], "E#cart#1#") == [("prs_a", "E#cart#1#0000"), ("prs_b", "E#cart#1#0000")]
    assert store.runs([]) == []


def test_what_is_due_is_found_until_it_has_moved_on(store: Store) -> None:
    runs = [enrolment(key=str(number), due=NOON + timedelta(minutes=number), lock=1) for number in range(20)]
    for run in runs:
        store.create(run)

    assert sorted((each.enrolment, each.lock) for each in all_due(store, timedelta(minutes=9))) == sorted(
        (run.sort, 1) for run in runs[:10]
    )
    store.save(replace(runs[3], lock=2, status=Status.EXITED, due=None))
    store.save(replace(runs[4], lock=2, due=NOON + timedelta(hours=2)))
    left = all_due(store, timedelta(minutes=9))
    assert {each.enrolment for each in left} == {run.sort for run in runs[:10]} - {runs[3].sort, runs[4].sort}
    assert all(each.due == runs[int(each.enrolment.split("#")[2])].due for each in left)


def test_what_is_due_comes_in_pages_the_earliest_first(store: Store) -> None:
    for number in range(30):
        store.create(enrolment(key=str(number), due=NOON + timedelta(minutes=number)))

    for shard in range(store.shards):
        (every,) = list(store.due(shard, NOON + timedelta(hours=1), page=100)) or [[]]
        pages = list(store.due(shard, NOON + timedelta(hours=1), page=2))
        assert [wake_up for page in pages for wake_up in page] == sorted(every, key=lambda wake_up: wake_up.due)
        assert all(len(page) == 2 for page in pages[:-1])


def test_a_person_of_many_ids_is_looked_up_ten_ids_at_a_time() -> None:
    running = 0
    most: list[int] = []
    ten = Barrier(10)
    lock = Lock()

    class Client:
        """Answers once ten have asked: one that were asked in turn would wait for ever."""

        def get_paginator(self, _: str) -> "Client":
            return self

        def paginate(self, **query: Any) -> Iterator[Any]:
            nonlocal running
            with lock:
                running += 1
                most.append(running)
            ten.wait(timeout=10)
            with lock:
                running -= 1
            ten.wait(timeout=10)
            name = query["ExpressionAttributeValues"][":pk"]["S"]
            yield {"Items": [item_of(enrolment(profile=name))]}

    ids = [f"prs_{number}" for number in range(40)]
    found = DynamoEnrolments(Client(), journeys_table="journeys").runs(ids)  # type: ignore[arg-type]

    assert max(most) == 10
    assert sorted(run.profile for run in found) == sorted(ids)


def test_a_claim_finds_the_attributes_that_it_checks(dynamodb: "DynamoDBClient") -> None:
    """The sender's claim checks ``st``, ``nd`` and ``vi`` of this row in its own transaction."""
    make_table("messages")
    make_table("identities")
    ledger = DynamoLedger(dynamodb, messages_table="messages", journeys_table="journeys", identities_table="identities")
    store, run = DynamoEnrolments(dynamodb, journeys_table="journeys"), started(journey_of(CONFIRMATION))
    store.create(run)

    def check(node: str, visit: int) -> None:
        action = ledger._enrolment_check(_Claim(RunningEnrolment(profile=run.profile, enrolment=run.sort, node=node, visit=visit)))  # type: ignore[arg-type]
        dynamodb.transact_write_items(TransactItems=[action])

    check(run.node or "", run.visit)
    for node, visit in [("9", run.visit), (run.node or "", run.visit + 1)]:
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            check(node, visit)


class _Claim:
    def __init__(self, enrolment: RunningEnrolment) -> None:
        self.enrolment = enrolment


type Bodies = Callable[[], list[Mapping[str, Any]]]


@pytest.fixture(params=["memory", "sqs"])
def journey_queue(request: pytest.FixtureRequest) -> Iterator[tuple[MemoryJourneyQueue | SqsJourneyQueue, Bodies]]:
    if request.param == "memory":
        memory = MemoryJourneyQueue()
        yield memory, lambda: [each.body for each in memory.messages]
        return
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="journey")["QueueUrl"]

        def bodies() -> list[Mapping[str, Any]]:
            found: list[Mapping[str, Any]] = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                found += [orjson.loads(message["Body"]) for message in messages]
            return found

        yield SqsJourneyQueue(sqs, queue_url=url), bodies


def test_wake_ups_arrive_in_the_form_that_the_runner_reads(
    journey_queue: tuple[MemoryJourneyQueue | SqsJourneyQueue, Bodies],
) -> None:
    queue, bodies = journey_queue
    queue.wake([WakeUp("prs_a", f"E#cart#{number}#0000", 3, NOON - timedelta(minutes=1)) for number in range(23)], NOON)

    assert {parse_incoming(body) for body in bodies()} == {WokenUp("prs_a", f"E#cart#{number}#0000", 3) for number in range(23)}


def test_an_outcome_arrives_in_the_form_that_the_runner_reads(
    journey_queue: tuple[MemoryJourneyQueue | SqsJourneyQueue, Bodies],
) -> None:
    queue, bodies = journey_queue
    queue.report(Outcome(profile="prs_a", enrolment="E#x##0000", node="2", visit=2, status=MessageStatus.SKIPPED, reason="no_consent"))

    (body,) = bodies()
    assert parse_incoming(body) == MessageOutcome("prs_a", "E#x##0000", "2", 2)
    assert (body["status"], body["reason"]) == ("skipped", "no_consent")


@pytest.mark.parametrize(
    ("wait", "delay"),
    [
        (timedelta(seconds=-5), 0),
        (timedelta(), 0),
        (timedelta(milliseconds=2001), 3),
        (timedelta(minutes=1), 60),
        (timedelta(hours=2), 900),
    ],
)
def test_a_delay_is_never_too_short(wait: timedelta, delay: int) -> None:
    sent: list[Any] = []

    class Sqs:
        def send_message_batch(self, **batch: Any) -> Mapping[str, Any]:
            sent.extend(batch["Entries"])
            return {}

    SqsJourneyQueue(Sqs(), queue_url="q").wake([WakeUp("prs_a", "E", 1, NOON + wait)], NOON)  # type: ignore[arg-type]

    assert [entry["DelaySeconds"] for entry in sent] == [delay]


def test_a_send_request_arrives_in_the_form_that_the_sender_reads() -> None:
    run: Enrolment = started(journey_of(CONFIRMATION))
    (request,) = effects_of(journey_of(CONFIRMATION), run, NOON)
    assert isinstance(request, SendRequest)
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="send")["QueueUrl"]
        SqsSendQueue(sqs, queue_url=url).ask(request)
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]

    assert SendRequest.from_json(orjson.loads(message["Body"])) == request
