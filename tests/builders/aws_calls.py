"""Every call to AWS that a function makes, as IAM sees it: the action, and what it is done to.

Listens where calls leave: botocore's clients, the slim signed client and the slim bucket. They are patched while a recorder listens.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient

from ariane.adapters.aws.signed_bucket import SignedBucket
from ariane.adapters.aws.signed_client import SignedClient

type Json = Mapping[str, Any]

_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}
"""A transaction needs the actions of its parts: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    function: str
    action: str
    """As a policy names it: ``dynamodb:GetItem``."""
    kind: str
    """table, index (``table/index``), queue (its URL), bus, object (``bucket/key``), parameter, identity, configuration-set, telephone."""
    name: str


@dataclass(slots=True)
class Recorder:
    """``fails``: (service, operation) that are to be refused as throttled after they were noted."""

    calls: set[Call] = field(default_factory=set)
    payloads: list[tuple[str, str, Json]] = field(default_factory=list)
    """(service, operation, parameters) in order."""
    function: str | None = None
    """Whose calls are noted; None: nobody's."""
    fails: Callable[[str, str], Exception | None] = field(default_factory=lambda: never)

    def note(self, service: str, operation: str, parameters: Json) -> None:
        if self.function is None:
            return
        self.payloads.append((service, operation, parameters))
        self.calls |= {Call(self.function, *asked) for asked in asked_for(service, operation, parameters)}
        if (failure := self.fails(service, operation)) is not None:
            raise failure

    @contextmanager
    def acting_as(self, function: str) -> Iterator[None]:
        self.function = function
        try:
            yield
        finally:
            self.function = None


def never(_service: str, _operation: str) -> Exception | None:
    return None


def listen(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    by_boto, by_signed, put = BaseClient._make_api_call, SignedClient.call, SignedBucket.put  # type: ignore[attr-defined]

    def boto_call(client: Any, operation: str, parameters: Json) -> Any:
        recorder.note(client.meta.service_model.service_name, operation, parameters)
        return by_boto(client, operation, _undelayed(parameters))

    def signed_call(client: Any, operation: str, payload: Json) -> Any:
        recorder.note(client._protocol.service, operation, payload)
        return by_signed(client, operation, payload)

    def signed_put(bucket: Any, key: str, body: bytes, *, content_type: str) -> None:
        recorder.note("s3", "PutObject", {"Bucket": bucket._name, "Key": key})
        put(bucket, key, body, content_type=content_type)

    monkeypatch.setattr(BaseClient, "_make_api_call", boto_call)
    monkeypatch.setattr(SignedBucket, "put", signed_put)
    monkeypatch.setattr(SignedClient, "call", signed_call)
    return recorder


def _undelayed(parameters: Json) -> Json:
    """A queue's message is there at once: no test waits."""
    if "Entries" not in parameters:
        return parameters
    return {
        **parameters,
        "Entries": [{name: value for name, value in entry.items() if name != "DelaySeconds"} for entry in parameters["Entries"]],
    }


def asked_for(service: str, operation: str, parameters: Json) -> Iterator[tuple[str, str, str]]:
    """(action, kind, name) of one call. Raises KeyError for a service that is not known here: say what its call needs."""
    yield from _SERVICES[service](operation, parameters)


def _dynamodb(operation: str, parameters: Json) -> Iterator[tuple[str, str, str]]:
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for part in parameters["TransactItems"]:
            ((verb, item),) = part.items()
            yield f"dynamodb:{_TRANSACTED[verb]}", "table", item["TableName"]
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for table in parameters["RequestItems"]:
            yield f"dynamodb:{operation}", "table", table
    elif "IndexName" in parameters:
        yield f"dynamodb:{operation}", "index", f"{parameters['TableName']}/{parameters['IndexName']}"
    else:
        yield f"dynamodb:{operation}", "table", parameters["TableName"]


def _sqs(operation: str, parameters: Json) -> Iterator[tuple[str, str, str]]:
    # There is no action for a batch: it needs its parts'.
    yield f"sqs:{operation.removesuffix('Batch')}", "queue", parameters["QueueUrl"]


def _events(operation: str, parameters: Json) -> Iterator[tuple[str, str, str]]:
    for entry in parameters["Entries"]:
        yield f"events:{operation}", "bus", entry["EventBusName"]


def _ssm(operation: str, parameters: Json) -> Iterator[tuple[str, str, str]]:
    for name in parameters.get("Names") or [parameters["Name"]]:
        yield f"ssm:{operation}", "parameter", name


def _s3(operation: str, parameters: Json) -> Iterator[tuple[str, str, str]]:
    action = {"HeadObject": "GetObject"}.get(operation, operation)
    yield f"s3:{action}", "object", f"{parameters['Bucket']}/{parameters['Key']}"


def _sesv2(operation: str, parameters: Json) -> Iterator[tuple[str, str, str]]:
    # A message that is whole MIME already needs the older action too.
    actions = (operation, "SendRawEmail") if "Raw" in parameters["Content"] else (operation,)
    for action in actions:
        yield f"ses:{action}", "identity", parameters["FromEmailAddress"].rpartition("<")[2].rstrip(">")
        yield f"ses:{action}", "configuration-set", parameters["ConfigurationSetName"]


def _sns(operation: str, _parameters: Json) -> Iterator[tuple[str, str, str]]:
    yield f"sns:{operation}", "telephone", "*"


_SERVICES: Mapping[str, Callable[[str, Json], Iterator[tuple[str, str, str]]]] = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "events": _events,
    "ssm": _ssm,
    "s3": _s3,
    "sesv2": _sesv2,
    "sns": _sns,
}
