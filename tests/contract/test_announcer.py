"""Announcing: memory, and EventBridge with a queue that listens."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import orjson
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from ariane.adapters.aws.announcer import EventBridgeAnnouncer
from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.errors import Retryable
from ariane.profiles.announcing import Announcer, Fact, Unannounceable
from tests.builders.moto_endpoint import REGION


@dataclass
class Bus:
    announcer: Announcer
    heard: Callable[[], Sequence[tuple[str, Any]]]


@pytest.fixture(params=["memory", "eventbridge"])
def bus(request: pytest.FixtureRequest) -> Iterator[Bus]:
    if request.param == "memory":
        memory = MemoryAnnouncer()
        yield Bus(memory, lambda: [(fact.kind, fact.detail) for fact in memory.facts])
        return
    with mock_aws():
        events, sqs = boto3.client("events", region_name=REGION), boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.create_event_bus(Name="bus")
        events.put_rule(Name="all", EventBusName="bus", EventPattern='{"source": ["ariane"]}')
        events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "1", "Arn": arn}])

        def heard() -> list[tuple[str, Any]]:
            found: list[tuple[str, Any]] = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60).get("Messages"):
                bodies = [orjson.loads(message["Body"]) for message in messages]
                found += [(body["detail-type"], body["detail"]) for body in bodies]
            return found

        yield Bus(EventBridgeAnnouncer(events, bus="bus"), heard)


def test_every_fact_is_heard_whatever_their_number_and_size(bus: Bus) -> None:
    facts = [Fact("Event", {"cause": f"c{number}", "properties": {"text": "é" * 15_000}}) for number in range(25)]
    facts.append(Fact("Profile Merged", {"into": "prs_a", "from": ["prs_b"]}))
    bus.announcer.publish(facts)
    heard = bus.heard()
    assert sorted(detail.get("cause", "") for _, detail in heard) == sorted(["", *(f"c{number}" for number in range(25))])
    assert ("Profile Merged", {"into": "prs_a", "from": ["prs_b"]}) in heard


def test_no_facts_are_no_call(bus: Bus) -> None:
    bus.announcer.publish([])
    assert list(bus.heard()) == []


def refusing(*answers: list[str]) -> tuple[EventBridgeAnnouncer, Stubber]:
    client = boto3.client("events", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    stub = Stubber(client)
    for codes in answers:
        entries = [{"ErrorCode": code} if code else {"EventId": "1"} for code in codes]
        stub.add_response("put_events", {"FailedEntryCount": sum(map(bool, codes)), "Entries": entries})
    stub.activate()
    return EventBridgeAnnouncer(client, bus="bus"), stub


def test_only_what_the_bus_refused_is_sent_again() -> None:
    announcer, stub = refusing(["", "ThrottlingException"], [""])
    announcer.publish([Fact("Event", {"n": 1}), Fact("Event", {"n": 2})])
    stub.assert_no_pending_responses()


def test_a_bus_that_goes_on_refusing_asks_for_another_delivery() -> None:
    announcer, _ = refusing(["ThrottlingException"], ["ThrottlingException"], ["InternalFailure"])
    with pytest.raises(Retryable):
        announcer.publish([Fact("Event", {})])


@pytest.mark.parametrize(
    "code", ["MalformedDetail", "InvalidArgument", "NotAuthorizedForDetailTypeException", "NotAuthorizedForSourceException"]
)
def test_what_can_never_pass_is_named_when_all_the_others_have_passed(code: str) -> None:
    announcer, stub = refusing([code, "ThrottlingException", ""], [""])
    with pytest.raises(Unannounceable) as refused:
        announcer.publish([Fact("Event", {"n": number}) for number in range(3)])
    assert [fact.detail["n"] for fact in refused.value.facts] == [0]
    assert code in refused.value.message
    stub.assert_no_pending_responses()


def test_a_call_that_is_refused_as_a_whole_is_made_for_each_fact_alone() -> None:
    announcer, stub = refusing()
    for answer in ("refused", "passes", "refused"):
        if answer == "refused":
            stub.add_client_error("put_events", "ValidationException", http_status_code=400)
        else:
            stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    with pytest.raises(Unannounceable) as refused:
        announcer.publish([Fact("Event", {"n": 1}), Fact("Event", {"n": 2})])
    assert [fact.detail["n"] for fact in refused.value.facts] == [2]
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InternalException", "ResourceNotFoundException"])
def test_what_people_or_time_can_mend_is_delivered_again(code: str) -> None:
    announcer, stub = refusing()
    stub.add_client_error("put_events", code, http_status_code=400)
    with pytest.raises(Retryable):
        announcer.publish([Fact("Event", {})])


@pytest.mark.parametrize("code", ["AccessDeniedException", "A code of next year"])
def test_a_refusal_that_may_be_mended_is_none_for_ever(code: str) -> None:
    announcer, _ = refusing([code], [code], [code])
    with pytest.raises(Retryable):
        announcer.publish([Fact("Event", {})])
