"""The overflow queue, and the function that empties it into the log."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.event_items import attributes_of, queue_message_of
from ariane.adapters.aws.event_log import DynamoEventLog
from ariane.adapters.aws.overflow import OverflowDrain, SqsOverflow
from ariane.adapters.aws.signed_client import DYNAMODB, SQS
from ariane.adapters.memory.overflow import MemoryOverflow
from ariane.errors import Permanent, Retryable
from handlers import overflow
from tests.builders.events import a_log_item
from tests.builders.moto_endpoint import REGION, Endpoint, make_table, moto_endpoint

RETENTION = timedelta(days=760)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with moto_endpoint() as address:
        make_table("events")
        yield address


def queue() -> tuple[Any, str]:
    client = boto3.client("sqs", region_name=REGION)
    return client, client.create_queue(QueueName="overflow")["QueueUrl"]


def test_memory_keeps_what_was_put() -> None:
    memory = MemoryOverflow()
    memory.put(a_log_item())

    assert memory.items == [a_log_item()]


def test_an_item_goes_through_the_queue_into_the_log_unchanged(endpoint: Endpoint) -> None:
    client, url = queue()
    item = a_log_item()

    SqsOverflow(endpoint.client(SQS), queue_url=url, retention=RETENTION).put(item)
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    drain = OverflowDrain(endpoint.client(DYNAMODB), table="events")
    drain.drain(message["Body"])
    drain.drain(message["Body"])

    dynamodb = boto3.client("dynamodb", region_name=REGION)
    assert DynamoEventHistory(dynamodb, table="events").get(item.person_id, item.sort) == item
    by_overflow = dynamodb.scan(TableName="events")["Items"]
    dynamodb.delete_item(TableName="events", Key={"pk": {"S": item.person_id}, "sk": {"S": item.sort}})
    DynamoEventLog(endpoint.client(DYNAMODB), table="events", retention=RETENTION).append(item)
    assert dynamodb.scan(TableName="events")["Items"] == by_overflow


def test_a_queue_that_is_gone_asks_the_client_to_come_back(endpoint: Endpoint) -> None:
    url = f"https://sqs.{REGION}.amazonaws.com/123456789012/none"

    with pytest.raises(Retryable):
        SqsOverflow(endpoint.client(SQS), queue_url=url, retention=RETENTION).put(a_log_item())


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"pk": "a", "sk": "b", "s": "c", "k": "d", "r": "e", "n": "x", "b": "", "x": 1}'])
def test_a_message_that_is_no_log_item_is_refused_for_good(endpoint: Endpoint, body: str) -> None:
    with pytest.raises(Permanent):
        OverflowDrain(endpoint.client(DYNAMODB), table="events").drain(body)


def test_the_function_reports_only_the_messages_that_failed(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"EVENTS_TABLE": "events", "AWS_REGION": REGION, "AWS_ENDPOINT_URL_DYNAMODB": endpoint.url}.items():
        monkeypatch.setenv(name, value)
    good = queue_message_of(attributes_of(a_log_item(), retention=RETENTION))
    records = [{"messageId": str(place), "body": body, "eventSource": "aws:sqs"} for place, body in enumerate((good, "{}", good))]
    overflow._service.cache_clear()

    report = overflow.handler({"Records": records}, LambdaContext())
    cast(OverflowDrain, overflow._service()).close()

    assert report == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    monkeypatch.undo()
    assert boto3.client("dynamodb", region_name=REGION).scan(TableName="events")["Count"] == 1


def test_the_function_reports_a_batch_that_failed_whole_and_logs_nothing_of_it(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def drain(self, body: str) -> None:
            raise ValueError(body)

    monkeypatch.setattr(overflow, "_service", Broken)
    records = [{"messageId": "0", "body": "jeanne@example.com", "eventSource": "aws:sqs"}]

    assert overflow.handler({"Records": records}, LambdaContext()) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert [vars(entry)["error"] for entry in caplog.records if entry.getMessage() == "log item comes again"] == ["ValueError"]
    assert "jeanne" not in str([vars(entry) for entry in caplog.records if entry.name.startswith("overflow")])
