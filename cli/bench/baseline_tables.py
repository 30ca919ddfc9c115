"""Tables, items and requests of the per-event design."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from boto3.dynamodb.types import TypeSerializer

from cli.bench.cloud_stores import uncounted

type Json = dict[str, Any]


def make_tables() -> None:
    dynamodb = uncounted().client("dynamodb")
    for name, keys in {"idempotency": ("id",), "profiles": ("pk", "sk")}.items():
        dynamodb.create_table(TableName=name, KeySchema=_schema(keys), AttributeDefinitions=_strings(keys), BillingMode="PAY_PER_REQUEST")
    dynamodb.create_table(
        TableName="timeline",
        KeySchema=_schema(("pk", "sk")),
        AttributeDefinitions=_strings(("pk", "sk", "gsi1pk", "gsi1sk")),
        GlobalSecondaryIndexes=[{"IndexName": "gsi1", "KeySchema": _schema(("gsi1pk", "gsi1sk")), "Projection": {"ProjectionType": "ALL"}}],
        BillingMode="PAY_PER_REQUEST",
    )
    uncounted().client("events").create_event_bus(Name="bus")


def _schema(keys: Sequence[str]) -> list[Any]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def _strings(keys: Sequence[str]) -> list[Any]:
    return [{"AttributeName": key, "AttributeType": "S"} for key in keys]


def wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as DynamoDB's typed attributes, as boto3's own serialiser makes them."""
    exact = orjson.loads(orjson.dumps(item))
    return {name: TypeSerializer().serialize(_exact(value)) for name, value in exact.items()}


def _exact(value: Any) -> Any:
    match value:
        case float():
            return Decimal(str(value))
        case dict():
            return {name: _exact(each) for name, each in value.items()}
        case list():
            return [_exact(each) for each in value]
    return value


def profile_of(user_id: str, past: Sequence[Json]) -> dict[str, Any]:
    """The whole profile as one document: the traits, and of each event name how often, first and last."""
    events: dict[str, Json] = {}
    traits: Json = {}
    for event in past:
        traits |= event.get("traits", {})
        name = str(event.get("event", event["type"]))
        seen = events.setdefault(name, {"count": 0, "first": event["timestamp"]})
        events[name] = {**seen, "count": seen["count"] + 1, "last": event["timestamp"]}
    known = {"anonymousIds": [past[0]["anonymousId"]], "traits": traits, "events": events}
    return wire({"pk": f"USER#{user_id}", "sk": "PROFILE", "firstSeen": past[0]["timestamp"], "lastSeen": past[-1]["timestamp"], **known})


def gateway_event(body: str, *, user_agent: str) -> Json:
    """What an HTTP API hands to its function for a browser's request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    headers = {
        "accept": "*/*",
        "accept-encoding": "gzip, deflate, br, zstd",
        "accept-language": "fr-FR,fr;q=0.9",
        "content-length": str(len(body)),
        "content-type": "text/plain",
        "host": "id.execute-api.us-east-1.amazonaws.com",
        "origin": "https://www.shop.example",
        "referer": "https://www.shop.example/",
        "user-agent": user_agent,
        "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
        "x-forwarded-for": "203.0.113.77",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    http = {"method": "POST", "path": "/v1/t", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.77", "userAgent": user_agent}
    context = {
        "accountId": "123456789012",
        "apiId": "api-id",
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "id",
        "http": http,
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "POST /v1/t",
        "stage": "$default",
        "time": "23/Nov/2026:12:00:00 +0000",
        "timeEpoch": 1_795_435_200_000,
    }
    event = {"version": "2.0", "routeKey": "POST /v1/t", "rawPath": "/v1/t", "rawQueryString": "", "headers": headers}
    return {**event, "requestContext": context, "body": body, "isBase64Encoded": False}
