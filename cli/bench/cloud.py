"""The platform in one process: the real functions over the real AWS adapters against an emulator, everything that AWS would bill counted.

What AWS does between the functions is done here, and billed by its rules: the gateway, the stream, the bus with its rules, the queues with
Lambda's pollers. Time is a clock that the caller moves.
"""

import os
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import orjson

from ariane.access import write_keys
from ariane.adapters.aws.write_keys import DynamoWriteKeys
from ariane.definitions.bundle import Bundle
from ariane.journeys.entry_rules import entry_patterns
from cli.bench.cloud_stores import REGION, make_stores, publish, uncounted
from cli.bench.printing import LOG_EVENT_BYTES, Printed
from cli.bench.rules import LAKE_RULES, SEGMENTS_RULES, Rule, fixed_rules, matching
from cli.bench.units import Bill, Unit, chunks, http_requests, queue_requests
from cli.bench.units_aws import AwsCounter, counted

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
SERVICES = {
    "collect": "_service",
    "stitch": "_service",
    "journey": "_service",
    "tick": "_service",
    "lake": "_service",
    "segments": "_service",
}
"""Handler -> what keeps its service for the life of its process."""
ACCESS_LOG_LINE = '{"id":"JKJaXmPLvHcESHA=","route":"POST /v1/{type}","status":"200","ms":"12"}'
"""What the gateway writes of a request, in the format of infra/http_apis.py."""
EVALUATE_BATCH = 50
"""Messages that Lambda takes from the evaluate queue at a time: those of a second, of infra/segments.py."""
_BATCH = 10
"""Messages that Lambda takes from the journey queue at a time, and receives of any queue in one request, at most."""

type Json = dict[str, Any]


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, step: timedelta) -> None:
        self.now += step


class Cloud:
    """Use it through ``in_the_cloud``. ``bill`` grows with every call; ``snapshot`` and ``since`` tell a stretch of it."""

    def __init__(self, bill: Bill, clock: Clock, environment: Mapping[str, str], rules: Sequence[Rule]) -> None:
        self.bill = bill
        self.clock = clock
        self.stream: list[Json] = []
        self.unlanded: list[Json] = []
        """The stream as the lake's function sees it: it reads it too."""
        self.moved: list[str] = []
        """Messages of the land queue."""
        self.waiting: list[tuple[datetime, str]] = []
        """Messages of the journey queue, and when each may be seen."""
        self.unevaluated: list[tuple[datetime, str]] = []
        """Likewise of the evaluate queue."""
        self._brought = 0
        """Requests by which the bus put some of them there."""
        self.asked_to_send = 0
        self._rules = rules
        self._queues = {environment[name]: name for name in ("JOURNEY_QUEUE_URL", "SEND_QUEUE_URL", "EVALUATE_QUEUE_URL")}
        self._sequence = 4_421_584_500_000_000_017_450_439_091
        """As long as DynamoDB's are."""
        self._write_key = ""

    def watch(self, service: str, operation: str, request: Mapping[str, Any], _answer: Mapping[str, Any]) -> None:
        match service, operation:
            case "dynamodb", "PutItem" if request["TableName"] == "events":
                self._sequence += 100
                self.stream.append(_record(request["Item"], self._sequence))
                self.unlanded.append(self.stream[-1])
            case "events", "PutEvents":
                for entry in request["Entries"]:
                    self._route(entry)
            case "sqs", "SendMessage" | "SendMessageBatch":
                self._queue(request)

    def collect(self, events: Sequence[Json], *, write_key: str) -> None:
        """One request of a client. Raises ValueError where it is not accepted whole."""
        body = orjson.dumps({"batch": events, "writeKey": write_key})
        self.bill.add(Unit.HTTP_REQUEST, http_requests(len(body)), what="collector")
        self.bill.add(Unit.LOG_BYTE, len(ACCESS_LOG_LINE) + LOG_EVENT_BYTES, what="access log")
        reply = self._invoke("collect", _gateway_event(body))
        answer = orjson.loads(reply["body"])
        if reply["statusCode"] != 200 or answer.get("rejected") or answer.get("errors"):
            raise ValueError(f"the collector refused an event: {reply['body']}")

    def stitch(self, *, records: int) -> None:
        """What the stream holds, ``records`` at a time. Reading it is free for Lambda: https://aws.amazon.com/dynamodb/pricing/on-demand/"""
        while self.stream:
            batch, self.stream = self.stream[:records], self.stream[records:]
            self._invoke("stitch", {"Records": batch})

    def land(self) -> None:
        """All that the stream and the land queue have gathered since, in one invocation each."""
        if self.unlanded:
            batch, self.unlanded = self.unlanded, []
            self._invoke("lake", {"Records": batch})
        if self.moved:
            messages, self.moved = self.moved, []
            # The bus delivers each; Lambda receives and deletes ten at a time.
            requests = sum(queue_requests(len(body.encode())) for body in messages) + 2 * chunks(len(messages), _BATCH)
            self.bill.add(Unit.QUEUE_REQUEST, requests, what="land")
            failed = self._invoke("lake", {"Records": [_message(place, body) for place, body in enumerate(messages)]})
            if failed["batchItemFailures"]:
                raise ValueError("the lake function failed: what it costs would be counted wrong")

    def run_journeys(self) -> None:
        """What the journey queue holds by now, in batches; for each Lambda receives once and deletes once."""
        while visible := [each for each in self.waiting if each[0] <= self.clock()][:_BATCH]:
            self.waiting = [each for each in self.waiting if each not in visible]
            payload = sum(len(body.encode()) for _, body in visible)
            self.bill.add(Unit.QUEUE_REQUEST, queue_requests(payload) + 1, what="journey")
            failed = self._invoke("journey", {"Records": [_message(place, body) for place, (_, body) in enumerate(visible)]})
            if failed["batchItemFailures"]:
                raise ValueError("the journey function failed: what it costs would be counted wrong")

    def evaluate(self) -> None:
        """What the evaluate queue holds by now, as much as a batch takes at a time. Lambda receives and deletes ten at a time."""
        self.bill.add(Unit.QUEUE_REQUEST, self._brought, what="evaluate")
        self._brought = 0
        while visible := [each for each in self.unevaluated if each[0] <= self.clock()][:EVALUATE_BATCH]:
            self.unevaluated = [each for each in self.unevaluated if each not in visible]
            self.bill.add(Unit.QUEUE_REQUEST, 2 * chunks(len(visible), _BATCH), what="evaluate")
            failed = self._invoke("segments", {"Records": [_message(place, body) for place, (_, body) in enumerate(visible)]})
            if failed["batchItemFailures"]:
                raise ValueError("the segments function failed: what it costs would be counted wrong")

    def tick(self) -> None:
        self._invoke("tick", {})

    def _invoke(self, handler: str, event: Json) -> Any:
        with self.bill.by(handler):
            self.bill.add(Unit.LAMBDA_REQUEST, 1, what=handler)
            return import_module(f"handlers.{handler}").handler(event, SimpleNamespace())

    def _route(self, entry: Mapping[str, Any]) -> None:
        """The bus hands an event to each rule's queue. Its delivery is free, the queue's request is not."""
        for message in matching(self._rules, entry):
            with self.bill.by("bus"):
                self.bill.add(Unit.QUEUE_REQUEST, queue_requests(len(message.encode())), what="journey")
            self.waiting.append((self.clock(), message))
        for message in matching(LAKE_RULES, entry):
            self.moved.append(message)
        for message in matching(SEGMENTS_RULES, entry):
            self.unevaluated.append((self.clock(), message))
            self._brought += queue_requests(len(message.encode()))

    def _queue(self, request: Mapping[str, Any]) -> None:
        name = self._queues.get(request["QueueUrl"])
        if name not in ("JOURNEY_QUEUE_URL", "EVALUATE_QUEUE_URL"):
            self.asked_to_send += name == "SEND_QUEUE_URL"
            return
        queue = self.waiting if name == "JOURNEY_QUEUE_URL" else self.unevaluated
        for entry in request.get("Entries") or [request]:
            queue.append((self.clock() + timedelta(seconds=entry.get("DelaySeconds", 0)), entry["MessageBody"]))


@contextmanager
def in_the_cloud(now: datetime, bundle: Bundle) -> Iterator[tuple[Cloud, str]]:
    """A fresh deployment with ``bundle`` published, and a write key of its source ``web``."""
    from moto import mock_aws

    if str(FUNCTIONS) not in sys.path:
        sys.path.insert(0, str(FUNCTIONS))
    with ExitStack() as ending:
        ending.enter_context(patch.dict(os.environ, _credentials()))
        ending.enter_context(mock_aws())
        environment = make_stores(tuple(SERVICES))
        ending.enter_context(patch.dict(os.environ, environment))
        bill, clock = Bill(), Clock(now)
        publish(bundle, environment)
        tables = uncounted().client("dynamodb")
        key = write_keys.create(DynamoWriteKeys(tables, table="access"), "web", clock=clock, new_secret=lambda: "s" * 43)
        counter = AwsCounter(bill, tables)
        ending.enter_context(counted(counter, region=REGION))
        cloud = Cloud(bill, clock, environment, [*fixed_rules(), *_entry_rules(bundle)])
        counter.watchers.append(cloud.watch)
        ending.enter_context(redirect_stdout(Printed.to(bill)))
        ending.enter_context(
            patch("ariane.wiring.segments.ten_at_a_time", map)
        )  # one after the other: the emulator and the bill want it so
        for moment in _clocks_of_functions():
            ending.enter_context(patch(moment, clock))
        _forget_services()
        ending.callback(_forget_services)
        yield cloud, key


def _credentials() -> dict[str, str]:
    named = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    return {**named, "AWS_ENDPOINT_URL": "", "LOG_LEVEL": "INFO", "STAGE": "prod"}


def _clocks_of_functions() -> Sequence[str]:
    """Where a function's clock is wired."""
    modules = ["handlers.collect", *(f"ariane.wiring.{name}" for name in SERVICES)]
    return [f"{name}.utc_now" for name in modules if hasattr(import_module(name), "utc_now")]


def _forget_services() -> None:
    """As new processes: a service holds the clients of the deployment that it was made for."""
    import_module("ariane.wiring.clients")._client.cache_clear()
    for handler, name in SERVICES.items():
        getattr(import_module(f"handlers.{handler}"), name).cache_clear()


def _entry_rules(bundle: Bundle) -> list[Rule]:
    return [Rule(pattern, {"kind": "entry", "journey": name}) for name, pattern in entry_patterns(bundle).items()]


def _gateway_event(body: bytes) -> Json:
    http = {"method": "POST", "path": "/v1/b", "sourceIp": "203.0.113.77"}
    headers = {"content-type": "text/plain", "x-forwarded-proto": "https", "user-agent": "Mozilla/5.0"}
    request = {"rawPath": "/v1/b", "rawQueryString": "", "headers": headers, "cookies": [], "requestContext": {"http": http}}
    return {"version": "2.0", **request, "body": body.decode(), "isBase64Encoded": False}


def _record(item: Mapping[str, Any], sequence: int) -> Json:
    image = {name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}
    change = {"SequenceNumber": str(sequence), "NewImage": image, "StreamViewType": "NEW_IMAGE"}
    return {"eventID": str(sequence), "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}


def _message(place: int, body: str) -> Json:
    return {
        "messageId": str(place),
        "receiptHandle": "r",
        "body": body,
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }
