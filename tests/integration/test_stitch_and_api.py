"""From a stream record to the API's answer through the functions themselves, wired from their environment, over moto."""

from base64 import b64decode
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import orjson
import pytest

from ariane.access import tokens
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.tokens import DynamoTokens
from ariane.definitions.publish import StoredDocument
from ariane.events.model import LogItem
from ariane.wiring import clients
from handlers import api, authorizer, stitch
from tests.builders.moto_endpoint import REGION, make_reject_stores, make_table, moto_endpoint
from tests.builders.profiles import KEY, NOON, identify, item, prs, track

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""A function keeps its connections for as long as its process lives; here they outlive their test."""

TABLES = ("events", "identities", "profiles", "privacy", "journeys", "rejects", "messages", "access")


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    environment = {f"{name.upper()}_TABLE": name for name in TABLES}
    environment |= {"BUS_NAME": "bus", "PERSON_KEY_PARAMETER": "/ariane/person", "DEFINITIONS_TTL_SECONDS": "60"}
    environment |= {"REJECT_BODIES_BUCKET": "reject-bodies", "OVERFLOW_QUEUE_URL": "overflow", "REPLAY_QUEUE_URL": "replay"}
    environment |= {
        "RESOLVE_QUEUE_URL": "resolve",
        "EVALUATE_QUEUE_URL": "evaluate",
        "IMPORTS_TABLE": "imports",
        "IMPORTS_BUCKET": "imports",
        "IMPORTS_QUEUE_URL": "http://127.0.0.1:1/imports",
    }
    environment |= {"RETENTION_DAYS": "760"}
    environment |= {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    caches = (clients._client, stitch._service, api._resolver, authorizer._tokens)
    for cached in caches:
        cached.cache_clear()
    with moto_endpoint() as endpoint:
        for name in TABLES:
            if name != "rejects":
                make_table(name)
        make_reject_stores()
        boto3.client("events").create_event_bus(Name="bus")
        monkeypatch.setenv("EVALUATE_QUEUE_URL", boto3.client("sqs").create_queue(QueueName="evaluate")["QueueUrl"])
        boto3.client("ssm").put_parameter(Name="/ariane/person", Value=KEY.decode(), Type="SecureString")
        documents = DynamoDocuments(boto3.client("dynamodb"), table="journeys")
        documents.put("interest", StoredDocument({"forward": ["*"]}, "v1", 1))
        clients.client("dynamodb"), clients.client("events")
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        yield
    for cached in caches:
        cached.cache_clear()


def insert(number: int, each: LogItem) -> dict[str, Any]:
    """The record of the stream, as Lambda hands it over; the item lies in the table too."""
    attributes = attributes_of(each, retention=NOON - NOON)
    stored = {**attributes, "b": {"B": b64decode(attributes["b"]["B"])}}
    clients.client("dynamodb").put_item(TableName="events", Item=stored)
    change = {"SequenceNumber": f"{111_111_000_000_000_000_000_000 + number}", "NewImage": attributes, "StreamViewType": "NEW_IMAGE"}
    return {"eventID": str(number), "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}


def ask(path: str, scopes: str = "*") -> tuple[int, Any]:
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {"http": {"method": "GET", "path": path}, "stage": "$default", "authorizer": {"lambda": {"scopes": scopes}}},
    }
    reply = api.handler(event, SimpleNamespace())  # type: ignore[arg-type]
    return reply["statusCode"], orjson.loads(reply["body"])


@pytest.mark.usefixtures("stack")
def test_a_batch_of_the_stream_becomes_a_profile_that_the_api_shows_however_often_it_comes() -> None:
    broken = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "3", "NewImage": {"pk": {"S": "prs_x"}, "sk": {"S": "x"}}}}
    consent = track(
        "Consent Granted", message_id="m4", minute=3, userId="u1", anonymousId=None, properties={"topic": "offers", "channel": "email"}
    )
    records = [
        insert(1, item(track(message_id="m1"))),
        insert(2, item(identify(message_id="m2", minute=1, userId="u1", anonymousId="a1", traits={"email": "A@b.fr"}))),
        broken,
        {"eventName": "MODIFY", "dynamodb": {"NewImage": {}}},
        insert(4, item(track(message_id="m1"), salt="again")),
        insert(5, item(consent)),
    ]
    for _ in range(2):
        stitch.handler({"Records": records}, SimpleNamespace())  # type: ignore[arg-type]

    status, profile = ask("/v1/profiles/email:a@b.fr")
    assert (status, profile["id"]) == (200, prs("user_id:u1"))
    assert {each["type"] for each in profile["identifiers"]} == {"user_id", "anonymous_id", "email"}
    assert profile["events"]["Product Viewed"]["count"] == 1
    assert [(each["topic"], each["channel"], each["is"]) for each in profile["consents"]] == [("offers", "email", "granted")]
    _, timeline = ask("/v1/profiles/user_id:u1/timeline")
    assert [event["messageId"] for event in timeline["data"]] == ["m4", "m2", "m1"]
    _, rejects = ask("/v1/rejects")
    assert [each["code"] for each in rejects["data"]] == ["unreadable_record"]
    assert ask("/v1/profiles/user_id:nobody")[0] == 404
    assert ask("/v1/profiles/user_id:u1", scopes="")[0] == 403


@pytest.mark.usefixtures("stack")
def test_the_authorizer_asks_the_table() -> None:
    store = DynamoTokens(clients.client("dynamodb"), table="access")
    token = tokens.create(store, "support", ["*"], clock=lambda: NOON, new_secret=lambda: "secret")
    assert authorizer.handler({"headers": {"authorization": f"Bearer {token}"}}, None)["isAuthorized"]
    assert not authorizer.handler({"headers": {"authorization": "Bearer tok_no"}}, None)["isAuthorized"]
