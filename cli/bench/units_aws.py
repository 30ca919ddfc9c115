"""Counting at the boundary of the AWS adapters: every call that boto3 and the slim client make."""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
import orjson

from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from cli.bench.units import Bill, Item, Unit, bus_events, queue_requests
from cli.bench.units_dynamodb import Index, Write, charges_of_reads, charges_of_writes, writes_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Json = Mapping[str, Any]
type Watch = Callable[[str, str, Json, Json], None]
"""Told of each call after it succeeded: service, operation, request, answer."""


class AwsCounter:
    """``tables`` is a client of its own, whose calls do not count: it looks at stored items."""

    def __init__(self, bill: Bill, tables: "DynamoDBClient") -> None:
        self._bill = bill
        self._tables = tables
        self._indexes = cache(self._read_indexes)
        self._keys = cache(self._read_keys)
        self.watchers: list[Watch] = []

    def about_to(self, service: str, operation: str, request: Json) -> Sequence[Write]:
        return writes_of(operation, request, self._stored, self._keys) if service == "dynamodb" else ()

    def done(self, service: str, operation: str, request: Json, writes: Sequence[Write], answer: Json | None) -> None:
        """``answer`` None: the service refused."""
        if service == "dynamodb":
            self._count_table(operation, request, writes, answer)
        elif answer is not None:
            self._count(service, operation, request, answer)
        if answer is not None:
            for watch in self.watchers:
                watch(service, operation, request, answer)

    def _count_table(self, operation: str, request: Json, writes: Sequence[Write], answer: Json | None) -> None:
        charges = [*charges_of_writes(operation, writes, is_done=answer is not None, stored=self._stored, indexes=self._indexes)]
        if not writes and answer is not None:
            charges += charges_of_reads(operation, request, answer)
        for table, unit, quantity in charges:
            self._bill.add(unit, quantity, what=table)

    def _count(self, service: str, operation: str, request: Json, answer: Json) -> None:
        match service, operation:
            case "events", "PutEvents":
                self._bill.add(Unit.BUS_EVENT, sum(map(bus_events, request["Entries"])), what="bus")
            case "sqs", _:
                payload = _queue_payload(request)
                self._bill.add(Unit.QUEUE_REQUEST, queue_requests(payload), what=str(request["QueueUrl"]).rpartition("/")[2])
            case "s3", "GetObject":
                self._bill.add(Unit.OBJECT_GET, 1, what="definitions")
            case "s3", "PutObject":
                self._bill.add(Unit.OBJECT_PUT, 1, what="definitions")
            case "ssm", "GetParameters" | "GetParameter":
                # Standard parameters are free; each SecureString is a call of KMS. https://aws.amazon.com/kms/pricing/
                self._bill.add(Unit.KEY_CALL, len(answer.get("Parameters", ("",))), what="parameters")
            case "sesv2", "SendEmail":
                self._bill.add(Unit.EMAIL, 1, what="e-mail")
            case "sns", "Publish":
                self._bill.add(Unit.SMS_PUBLISH, 1, what="sms")
            case _:
                raise ValueError(f"the meter does not know what {service}:{operation} costs")

    def _stored(self, table: str, key: Item) -> Item | None:
        found: Item | None = self._tables.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        return found

    def _read_keys(self, table: str) -> Sequence[str]:
        return _names(self._tables.describe_table(TableName=table)["Table"])

    def _read_indexes(self, table: str) -> Sequence[Index]:
        described = self._tables.describe_table(TableName=table)["Table"]
        return [_index(each, _names(described)) for each in described.get("GlobalSecondaryIndexes", ())]


def _names(described: Json) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in described["KeySchema"])


def _index(described: Json, keys_of_table: Sequence[str]) -> Index:
    projection, keys = described["Projection"], _names(described)
    names = frozenset({*projection.get("NonKeyAttributes", ()), *keys, *keys_of_table})
    return Index(described["IndexName"], keys, None if projection["ProjectionType"] == "ALL" else names)


def _queue_payload(request: Json) -> int:
    bodies = [request.get("MessageBody", ""), *(entry.get("MessageBody", "") for entry in request.get("Entries", ()))]
    return sum(len(body.encode()) for body in bodies)


@contextmanager
def counted(counter: AwsCounter, *, region: str) -> Iterator[None]:
    """Every client that boto3's default session makes meanwhile, and every slim client, is counted. The slim client's requests go the way
    of ``requests``, which is where an emulator in this process listens."""
    session, before, after = _session(region), _before(counter), _after(counter)
    session.events.register("before-parameter-build", before)
    session.events.register("after-call", after)
    earlier, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session
    try:
        with patch.object(SignedClient, "_once", _in_process(counter, region)):
            yield
    finally:
        boto3.DEFAULT_SESSION = earlier
        session.events.unregister("before-parameter-build", before)
        session.events.unregister("after-call", after)


@cache
def _session(region: str) -> boto3.Session:
    """One for all counters: a session reads the services' models anew, which takes longer than a hundred calls."""
    return boto3.Session(region_name=region)


def _before(counter: AwsCounter) -> Callable[..., None]:
    def seen(params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        service = str(model.service_model.service_name)
        context["counted"] = (dict(params), counter.about_to(service, model.name, params))

    return seen


def _after(counter: AwsCounter) -> Callable[..., None]:
    def seen(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        request, writes = context["counted"]
        counter.done(str(model.service_model.service_name), model.name, request, writes, None if "Error" in parsed else parsed)

    return seen


def _in_process(counter: AwsCounter, region: str) -> Callable[[SignedClient, str, bytes], dict[str, Any]]:
    import requests

    from ariane.adapters.aws.signed_client import _answer

    def once(client: SignedClient, operation: str, body: bytes) -> dict[str, Any]:
        protocol = client._protocol
        host = f"{protocol.service}.{region}.amazonaws.com"
        target = f"{protocol.target}.{operation}"
        headers = client._signer.headers(body, host=host, target=target, content_type=protocol.content_type, now=client._clock())
        request = _with_bytes(orjson.loads(body))
        writes = counter.about_to(protocol.service, operation, request)
        reply = requests.post(f"https://{host}/", data=body, headers=dict(headers), timeout=5)
        try:
            answer = _answer(reply.status_code, reply.content, reply.headers.get("x-amzn-errortype", ""))
        except ServiceError:
            counter.done(protocol.service, operation, request, writes, None)
            raise
        counter.done(protocol.service, operation, request, writes, _with_bytes(answer))
        return answer

    return once


def _with_bytes(value: Any) -> Any:
    """The wire's base64 under ``B`` as bytes, as boto3 has it."""
    match value:
        case {"B": str(text)} if len(value) == 1:
            return {"B": b64decode(text)}
        case dict():
            return {name: _with_bytes(each) for name, each in value.items()}
        case list():
            return [_with_bytes(each) for each in value]
    return value
