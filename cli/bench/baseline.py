"""The design that tutorials teach, run over the same emulator and counted by the same rules: one event a request, three functions behind a
bus, each with its idempotency record, a transaction an event, whole-profile writes, a timeline with an index, verbose logs.

Nothing in it is a straw: each choice is what its source shows (``CHOICES``), and the profile holds what Ariane's fragment holds.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stdout
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import orjson

from cli.bench.baseline_tables import gateway_event, make_tables, profile_of, wire
from cli.bench.cloud import ACCESS_LOG_LINE
from cli.bench.cloud_stores import REGION, uncounted
from cli.bench.path import APART, NOON, PAST_EVENTS, Counted
from cli.bench.printing import LOG_EVENT_BYTES, Printed
from cli.bench.traffic import BROWSED, TRIGGER, Person, mean_size, past_of
from cli.bench.units import Bill, Unit, http_requests
from cli.bench.units_aws import AwsCounter, counted

CHOICES: Mapping[str, str] = {
    "one event a request, a function publishes it to a bus": "https://serverlessland.com/patterns/apigw-lambda-eventbridge-sam-java",
    "a rule for each of three functions": "https://serverlessland.com/patterns/eventbridge-fanout-pattern",
    "an idempotency record for each": "https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/",
    "a transaction an event, beside the idempotency record": "https://www.tech-reader.blog/2025/10/when-atomicity-meets-idempotency.html",
    "an item an event, holding the event as it came": "https://singletable.dev/blog/pattern-analytics-events/",
    "an index over the events by type and time": "https://degerahmet.github.io/pipeline-investigation-kit/architecture/components/dynamodb/",
    "the incoming event and the context logged by each function": "https://docs.aws.amazon.com/powertools/python/latest/core/logger/",
    "START, END and REPORT lines, the default": "https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html",
}
CONSUMERS = ("timeline", "profile", "journey")
EVERY = 100
"""One event of so many triggers, one links."""
_ID = "6f747774-1f1c-4f1f-9c56-3f2b7b1d2a10"
_BUS_FIELDS = {"account": "123456789012", "time": "2026-11-23T12:00:00Z", "region": REGION, "resources": []}
_PLATFORM_LINES = (
    f"START RequestId: {_ID} Version: $LATEST\n",
    f"END RequestId: {_ID}\n",
    f"REPORT RequestId: {_ID}\tDuration: 23.45 ms\tBilled Duration: 24 ms\tMemory Size: 512 MB\tMax Memory Used: 98 MB\n",
)

type Json = dict[str, Any]


def count_baseline(*, events: int, people: int = 5) -> Counted:
    """Known customers that browse, as in ``path``: of a hundred events one triggers a journey and one links an identifier."""
    from moto import mock_aws

    bill = Bill()
    settings = {"AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_ENDPOINT_URL": ""}
    with ExitStack() as ending:
        ending.enter_context(patch.dict(os.environ, {**settings, "AWS_LAMBDA_FUNCTION_NAME": "baseline"}))
        ending.enter_context(mock_aws())
        make_tables()
        ending.enter_context(counted(AwsCounter(bill, uncounted().client("dynamodb")), region=REGION))
        ending.enter_context(redirect_stdout(Printed.to(bill)))
        design = _Design(bill)
        crowd = [Person(number) for number in range(people)]
        for person in crowd:
            design.know(person)
        before = bill.snapshot()
        sent = [_event(crowd[number % people], number) for number in range(events)]
        for event in sent:
            design.take(event)
        return Counted(bill.since(before), events, mean_size([sent]))


def _event(person: Person, number: int) -> Json:
    if number % EVERY == 0:
        person.renew_cookie()
    name = TRIGGER if number % EVERY == EVERY // 2 else BROWSED[number % len(BROWSED)]
    return person.browse(name, NOON + number * APART)


class _Design:
    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._tables = boto3.client("dynamodb")
        self._bus = boto3.client("events")
        work: Mapping[str, Callable[[Json], None]] = {"timeline": self._to_timeline, "profile": self._to_profile, "journey": self._decide}
        self._consumers = {name: _consumer(name, work[name]) for name in CONSUMERS}
        self._collect = _logged("collect", self._publish)
        self._known: set[str] = set()

    def know(self, person: Person) -> None:
        self._tables.put_item(TableName="profiles", Item=profile_of(person.user_id, past_of(person, NOON, events=PAST_EVENTS)))
        self._known.add(person.anonymous_id)

    def take(self, event: Json) -> None:
        body = orjson.dumps(event)
        self._bill.add(Unit.HTTP_REQUEST, http_requests(len(body)), what="collector")
        self._bill.add(Unit.LOG_BYTE, len(ACCESS_LOG_LINE) + LOG_EVENT_BYTES, what="access log")
        self._run("collect", self._collect, gateway_event(body.decode(), user_agent=event["context"]["userAgent"]))
        envelope = {"version": "0", "id": _ID, "detail-type": "Event", "source": "collector", **_BUS_FIELDS, "detail": event}
        for name, consumer in self._consumers.items():
            self._run(name, consumer, envelope)

    def _run(self, name: str, handler: Callable[[Json], None], event: Json) -> None:
        with self._bill.by(name):
            self._bill.add(Unit.LAMBDA_REQUEST, 1, what=name)
            self._bill.add(Unit.LOG_BYTE, sum(len(line) + LOG_EVENT_BYTES for line in _PLATFORM_LINES), what="platform log")
            handler(event)

    def _publish(self, event: Json) -> None:
        self._bus.put_events(Entries=[{"Source": "collector", "DetailType": "Event", "Detail": event["body"], "EventBusName": "bus"}])

    def _to_timeline(self, event: Json) -> None:
        self._tables.put_item(TableName="timeline", Item=wire(_timeline_item(event["detail"])))

    def _to_profile(self, event: Json) -> None:
        """Reads the whole profile, counts, and writes it back with the marker of the event and the counter of its name: all or nothing.
        A new identifier adds its alias to the transaction."""
        detail = event["detail"]
        key = wire({"pk": f"USER#{detail['userId']}", "sk": "PROFILE"})
        profile = self._tables.get_item(TableName="profiles", Key=key, ConsistentRead=True)["Item"]
        counter = wire({"pk": f"COUNTER#{detail['event']}", "sk": detail["timestamp"][:10]})
        adding = {
            "UpdateExpression": "ADD #n :one",
            "ExpressionAttributeNames": {"#n": "n"},
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        actions: list[Any] = [
            {"Put": {"TableName": "profiles", "Item": _marker(detail), "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Put": {"TableName": "profiles", "Item": {**profile, "lastSeen": {"S": detail["timestamp"]}}}},
            {"Update": {"TableName": "profiles", "Key": counter, **adding}},
            *self._alias(detail),
        ]
        self._tables.transact_write_items(TransactItems=actions)

    def _alias(self, detail: Json) -> list[Any]:
        if detail["anonymousId"] in self._known:
            return []
        self._known.add(detail["anonymousId"])
        alias = wire({"pk": f"ALIAS#{detail['anonymousId']}", "sk": "ALIAS", "user": detail["userId"]})
        return [{"Put": {"TableName": "profiles", "Item": alias}}]

    def _decide(self, event: Json) -> None:
        detail = event["detail"]
        self._tables.get_item(TableName="profiles", Key=wire({"pk": f"USER#{detail['userId']}", "sk": "PROFILE"}))
        if detail["event"] == TRIGGER:
            enrolment = {"pk": f"USER#{detail['userId']}", "sk": f"ENROLMENT#{detail['messageId']}", "event": detail}
            self._tables.put_item(TableName="timeline", Item=wire({**enrolment, "gsi1pk": "DUE", "gsi1sk": detail["timestamp"]}))


def _marker(detail: Json) -> Json:
    return wire({"pk": f"EVENT#{detail['messageId']}", "sk": "EVENT", "at": detail["timestamp"]})


def _consumer(name: str, work: Callable[[Json], None]) -> Callable[[Json], None]:
    """As Powertools' own page has it: the record is put before, and updated with the result after."""
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

    store = DynamoDBPersistenceLayer(table_name="idempotency", boto3_client=boto3.client("dynamodb"))

    @idempotent(persistence_store=store, config=IdempotencyConfig(event_key_jmespath="[detail.messageId, detail.userId]"), key_prefix=name)
    def handler(event: Json, _context: Any) -> Json:
        work(event)
        return {"statusCode": 200, "body": {"messageId": event["detail"]["messageId"]}}

    return _logged(name, lambda event: handler(event, _context(name)))


def _logged(name: str, work: Callable[[Json], Any]) -> Callable[[Json], None]:
    """With the invocation's context and the incoming event, as Powertools' own page has it."""
    from aws_lambda_powertools import Logger

    logger = Logger(service=f"baseline-{name}", level="INFO")

    @logger.inject_lambda_context(log_event=True)
    def handler(event: Json, _context: Any) -> Any:
        return work(event)

    return lambda event: handler(event, _context(name))


def _context(name: str) -> Any:
    return SimpleNamespace(
        function_name=f"shop-{name}",
        memory_limit_in_mb=512,
        invoked_function_arn=f"arn:aws:lambda:{REGION}:123456789012:function:shop-{name}",
        aws_request_id=_ID,
        get_remaining_time_in_millis=lambda: 3_000,
    )


def _timeline_item(event: Json) -> Json:
    """The event as it came, and the keys."""
    keys = {"pk": f"USER#{event['userId']}", "sk": f"EVENT#{event['timestamp']}#{event['messageId']}"}
    index = {"gsi1pk": f"TYPE#{event['event']}", "gsi1sk": event["timestamp"]}
    return {**keys, **index, **event, "ttl": 1_860_000_000}
