"""The collect function as it is wired in AWS, against moto: from an HTTP API event to the items in the tables."""

import subprocess
import sys
import zlib
from collections.abc import Iterator

import boto3
import orjson
import pytest

from ariane.access import write_keys
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.reject_reader import DynamoRejectReader
from ariane.adapters.aws.write_keys import DynamoWriteKeys
from ariane.events.collector import Collector
from ariane.instants import utc_now
from ariane.settings import CollectSettings, OverflowSettings
from ariane.wiring.collect import collector
from ariane.wiring.overflow import drain
from handlers.collect import serve
from tests.builders.events import SOURCES, a_message, gateway_event
from tests.builders.moto_endpoint import REGION, Endpoint, make_reject_stores, make_table, moto_endpoint

KEY = "wk_secret"


@pytest.fixture
def aws() -> Iterator[Endpoint]:
    with moto_endpoint() as endpoint:
        for table in ("events", "access"):
            make_table(table)
        make_reject_stores()
        ssm = boto3.client("ssm", region_name=REGION)
        for name in ("/person", "/link", "/signing"):
            ssm.put_parameter(Name=name, Value=f"secret of {name}", Type="SecureString")
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        write_keys.create(DynamoWriteKeys(dynamodb, table="access"), "site", clock=utc_now, new_secret=lambda: "secret")
        document = zlib.compress(orjson.dumps({"sources": SOURCES, "identity": {}}))
        dynamodb.put_item(TableName="access", Item={"pk": {"S": "DEFS"}, "sk": {"S": "collect"}, "b": {"B": document}})
        boto3.client("sqs", region_name=REGION).create_queue(QueueName="overflow")
        yield endpoint


SETTINGS = CollectSettings(
    events_table="events",
    access_table="access",
    rejects_table="rejects",
    reject_bodies_bucket="reject-bodies",
    overflow_queue_url=f"https://sqs.{REGION}.amazonaws.com/123456789012/overflow",
    person_key_parameter="/person",
    link_key_parameter="/link",
    signing_key_parameter="/signing",
    retention_days=760,
    public_url="https://collect.shop.example",
    definitions_ttl_seconds=60,
)


@pytest.fixture
def service(aws: Endpoint) -> Collector:
    return collector(SETTINGS, aws.client, aws.bucket)


def post(service: Collector, *messages: object) -> dict[str, object]:
    body = orjson.dumps({"writeKey": KEY, "batch": messages})
    return serve(gateway_event("POST", "/v1/b", body=body, headers={"content-type": "text/plain"}), lambda: service, utc_now)


def test_events_of_several_people_reach_the_log_and_the_invalid_one_the_rejects(service: Collector) -> None:
    reply = post(service, *(a_message(anonymousId=f"visitor-{number}") for number in range(30)), a_message(event=None))
    again = post(service, *(a_message(anonymousId=f"visitor-{number}") for number in range(30)))

    assert (reply["statusCode"], again["statusCode"]) == (200, 200)
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    items = dynamodb.scan(TableName="events")["Items"]
    assert len(items) == 30
    assert set(items[0]) == {"pk", "sk", "s", "k", "r", "n", "b", "x"}
    item = DynamoEventHistory(dynamodb, table="events").get(items[0]["pk"]["S"], items[0]["sk"]["S"])
    assert item is not None
    assert item.messages[0]["event"] == "Product Viewed"
    today = utc_now().date().isoformat()
    reader = DynamoRejectReader(dynamodb, table="rejects", s3=boto3.client("s3", region_name=REGION), bucket="reject-bodies")
    rejects, _ = reader.of_day(today)
    assert [stored.reject.code for stored in rejects] == ["event_missing"]
    assert [(count.source, count.code, count.refused, count.not_kept) for count in reader.counts(today)] == [
        ("site", "event_missing", 1, 0)
    ]


def test_a_long_body_lies_in_the_bucket_and_is_read_from_there(service: Collector) -> None:
    today = utc_now().date().isoformat()
    post(service, a_message(event=None, properties={"note": "x" * 100_000}))

    reader = DynamoRejectReader(
        boto3.client("dynamodb", region_name=REGION), table="rejects", s3=boto3.client("s3", region_name=REGION), bucket="reject-bodies"
    )
    ((listed,), _) = reader.of_day(today)
    stored = reader.get(listed.id)
    assert stored is not None
    assert (listed.reject.body, listed.is_truncated) == (b"", False)
    assert orjson.loads(stored.reject.body)["properties"]["note"] == "x" * 100_000


def test_without_its_table_events_wait_in_the_queue_until_it_is_back(service: Collector, aws: Endpoint) -> None:
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    dynamodb.delete_table(TableName="events")

    assert post(service, a_message())["statusCode"] == 200

    make_table("events")
    sqs = boto3.client("sqs", region_name=REGION)
    (message,) = sqs.receive_message(QueueUrl=SETTINGS.overflow_queue_url)["Messages"]
    drain(OverflowSettings(events_table="events"), aws.client).drain(message["Body"])
    assert dynamodb.scan(TableName="events")["Count"] == 1


def test_without_the_deployments_keys_clients_are_asked_to_come_back(service: Collector) -> None:
    boto3.client("ssm", region_name=REGION).delete_parameter(Name="/person")

    assert post(service, a_message())["statusCode"] == 503


def test_collect_imports_none_of_the_heavy_libraries() -> None:
    heavy = "{'boto3', 'botocore', 'pydantic', 'aws_lambda_powertools', 'phonenumbers'}"
    code = f"import sys, handlers.collect; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "functions"})
    assert run.stdout.strip() == "[]"
