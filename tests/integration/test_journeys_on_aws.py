"""The wired journey function and the tick over the real adapters: the sample brand published, an event in, a send request out."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest
from moto import mock_aws

from ariane.adapters.aws.enrolments import DUE_INDEX, DynamoEnrolments
from ariane.definitions.build import build
from ariane.definitions.bundle import write
from ariane.journeys.enrolment import Status
from ariane.journeys.inbox import parse_incoming
from ariane.journeys.runner import Runner
from ariane.settings import JourneySettings, PublishSettings, TickSettings
from ariane.wiring import clients
from ariane.wiring.journey import journey_runner
from ariane.wiring.publish import published_definitions
from ariane.wiring.tick import tick
from tests.builders.journeys import fact
from tests.builders.moto_endpoint import REGION, make_table

SAMPLE = Path(__file__).parents[2] / "brand"


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    clients._client.cache_clear()
    with mock_aws():
        for name in ("events", "identities", "profiles", "access", "messages"):
            make_table(name)
        _make_journeys_table()
        _publish_sample(tmp_path)
        sqs = boto3.client("sqs", region_name=REGION)
        yield {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("journey", "send")}
    clients._client.cache_clear()


def _make_journeys_table() -> None:
    boto3.client("dynamodb", region_name=REGION).create_table(
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


def _publish_sample(folder: Path) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    for name in ("assets", "versions"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    write(build(SAMPLE, compile_mjml=lambda mjml: f"<body>{mjml}</body>"), folder)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in folder.rglob("*.json"):
            archive.write(path, path.relative_to(folder))
    s3.put_object(Bucket="assets", Key="bundle.zip", Body=content.getvalue())
    settings = PublishSettings(access_table="access", journeys_table="journeys", definitions_bucket="versions")
    published_definitions(lambda: settings).put({"Bucket": "assets", "Key": "bundle.zip"})


def wired(queues: Mapping[str, str], *, wait_scale: float = 1) -> Runner:
    return journey_runner(
        JourneySettings(
            events_table="events",
            identities_table="identities",
            profiles_table="profiles",
            journeys_table="journeys",
            privacy_table="privacy",
            definitions_bucket="versions",
            journey_queue_url=queues["journey"],
            send_queue_url=queues["send"],
            person_key_parameter="/person-key",
            wait_scale=wait_scale,
            definitions_ttl_seconds=30,
        ),
        {},
    )


def received(url: str) -> list[dict[str, Any]]:
    messages = boto3.client("sqs", region_name=REGION).receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [orjson.loads(message["Body"]) for message in messages]


def entry(journey: str, event: str, **properties: Any) -> Any:
    return parse_incoming({"kind": "entry", "journey": journey, "fact": fact(event, at=datetime.now(UTC), **properties)})


def test_an_order_asks_for_its_confirmation_and_ends_with_the_outcome(queues: Mapping[str, str]) -> None:
    runner = wired(queues)

    assert runner.handle(entry("order-confirmation", "Order Completed", order_id="o1")) == "entered"
    (request,) = received(queues["send"])
    assert (request["channel"], request["template"], request["key"]) == ("sms", "order-confirmation", "o1")
    outcome = {"kind": "outcome", "status": "sent", **{name: request[name] for name in ("profile", "enrolment", "node", "visit")}}
    assert runner.handle(parse_incoming(outcome)) == Status.COMPLETED


def test_a_purchase_in_a_store_needs_no_confirmation(queues: Mapping[str, str]) -> None:
    runner = wired(queues)

    assert runner.handle(entry("order-confirmation", "Order Completed", order_id="o1", sales_channel="store")) == "other_event"


def test_the_tick_wakes_a_cart_whose_hour_is_over(queues: Mapping[str, str]) -> None:
    runner = wired(queues)
    runner.handle(entry("cart-abandonment", "Product Added", cart_id="c1"))
    assert received(queues["journey"]) == []
    store = DynamoEnrolments(clients.client("dynamodb"), journeys_table="journeys")
    (run,) = store.runs(["prs_a"])
    assert run.due is not None
    settings = TickSettings(
        journeys_table="journeys",
        messages_table="messages",
        profiles_table="profiles",
        journey_queue_url=queues["journey"],
        evaluate_queue_url=queues["journey"],
        tick_horizon_seconds=60,
        definitions_ttl_seconds=30,
    )
    service = tick(settings)

    assert service.hand_over_due() == 0
    late = replace(service, clock=_an_hour_on)
    assert late.hand_over_due() == 1
    (body,) = received(queues["journey"])
    assert (body["kind"], body["enrolment"], body["v"]) == ("due", run.sort, run.lock)


def _an_hour_on() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1, seconds=1)
