"""Counting at the boundary: what boto3 and the slim client send is billed from the items as they lie, whatever the emulator says."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ariane.adapters.aws.signature import Credentials
from ariane.adapters.aws.signed_client import DYNAMODB, ServiceError, SignedClient
from cli.bench.units import Bill
from cli.bench.units_aws import AwsCounter, counted
from tests.builders.moto_endpoint import REGION, make_table

KEY: Any = {"pk": {"S": "p"}, "sk": {"S": "s"}}
LARGE: Any = {**KEY, "b": {"B": b"x" * 3_000}}


@pytest.fixture
def bill(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bill]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a")
    with mock_aws():
        make_table("t")
        bill = Bill()
        with counted(AwsCounter(bill, boto3.Session(region_name=REGION).client("dynamodb")), region=REGION):
            yield bill


def units(bill: Bill) -> dict[str, Decimal]:
    return {f"{entry.what} {entry.unit.name}": quantity for entry, quantity in bill.entries.items()}


def test_a_put_costs_the_larger_of_the_old_and_the_new_item(bill: Bill) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName="t", Item=LARGE)
    dynamodb.put_item(TableName="t", Item=KEY)
    assert units(bill) == {"t WRITE": 3 + 3}


def test_a_write_that_its_condition_refuses_costs_what_it_would_have_written(bill: Bill) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName="t", Item=KEY)
    with suppress(ClientError):
        dynamodb.put_item(TableName="t", Item=LARGE, ConditionExpression="attribute_not_exists(pk)")
    assert units(bill) == {"t WRITE": 1 + 3}


def test_updates_and_deletes_cost_the_item_as_it_lies(bill: Bill) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName="t", Item=LARGE)
    dynamodb.update_item(TableName="t", Key=KEY, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"N": "1"}})
    dynamodb.delete_item(TableName="t", Key=KEY)
    dynamodb.delete_item(TableName="t", Key=KEY)
    assert units(bill) == {"t WRITE": 3 + 3 + 3 + 1}


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_transaction_costs_twice_a_cancelled_one_too(bill: Bill, is_cancelled: bool) -> None:
    wanted = "attribute_exists(pk)" if is_cancelled else "attribute_not_exists(pk)"
    actions: Any = [
        {"Put": {"TableName": "t", "Item": LARGE}},
        {"ConditionCheck": {"TableName": "t", "Key": {**KEY, "sk": {"S": "other"}}, "ConditionExpression": wanted}},
    ]
    with suppress(ClientError):
        boto3.client("dynamodb").transact_write_items(TransactItems=actions)
    assert units(bill) == {"t WRITE": 2 * (3 + 1)}


def test_reads_cost_by_size_and_what_is_missing_costs_the_least(bill: Bill) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName="t", Item=LARGE)
    dynamodb.put_item(TableName="t", Item={**LARGE, "sk": {"S": "s2"}})
    before = bill.snapshot()
    dynamodb.get_item(TableName="t", Key=KEY)
    dynamodb.get_item(TableName="t", Key={**KEY, "sk": {"S": "none"}}, ConsistentRead=True)
    keys: Any = [KEY, {**KEY, "sk": {"S": "s2"}}, {**KEY, "sk": {"S": "none"}}]
    dynamodb.batch_get_item(RequestItems={"t": {"Keys": keys, "ConsistentRead": True}})
    dynamodb.query(TableName="t", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "p"}}, ConsistentRead=True)
    dynamodb.query(TableName="t", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "nobody"}})
    assert units(bill.since(before)) == {"t READ": Decimal("0.5") + 1 + 3 + 2 + Decimal("0.5")}


def test_a_read_that_hides_its_size_is_refused_by_the_meter(bill: Bill) -> None:
    with pytest.raises(ValueError, match="projection"):
        boto3.client("dynamodb").get_item(TableName="t", Key=KEY, ProjectionExpression="pk")


def test_the_slim_client_is_counted_as_boto3_is(bill: Bill) -> None:
    slim = SignedClient(
        DYNAMODB, endpoint="https://nowhere.example", region=REGION, credentials=Credentials(access_key="a", secret_key="b")
    )
    item = {**KEY, "b": {"B": "eHh4" * 1_000}}
    put = {"TableName": "t", "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    slim.call("PutItem", put)
    with pytest.raises(ServiceError):
        slim.call("PutItem", put)
    slim.call("GetItem", {"TableName": "t", "Key": KEY})
    assert units(bill) == {"t WRITE": 3 + 3, "t READ": Decimal("0.5")}


def test_a_call_whose_price_is_not_known_is_refused_by_the_meter(bill: Bill) -> None:
    with pytest.raises(ValueError, match="does not know"):
        boto3.client("sns").list_topics()


def test_bus_and_queue_calls_cost_by_their_payload(bill: Bill) -> None:
    sqs = boto3.client("sqs")
    url = boto3.Session(region_name=REGION).client("sqs").create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x" * 20_000} for n in range(10)])
    sqs.send_message(QueueUrl=url, MessageBody="x")
    boto3.client("events").put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}] * 3)
    assert units(bill) == {"q QUEUE_REQUEST": 4 + 1, "bus BUS_EVENT": 3}
