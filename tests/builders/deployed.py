"""The functions as a synthesised template deploys them, over moto: each handler in its own environment, with the template's stores."""

import gc
import importlib
import io
import os
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any, Literal

import boto3
import pytest
from mjml import mjml2html

import ariane.wiring
from ariane.definitions.build import build
from ariane.definitions.bundle import write
from ariane.instants import utc_now
from ariane.settings import HANDLERS
from ariane.wiring import clients
from tests.builders.aws_calls import Call, Recorder, listen
from tests.builders.moto_endpoint import REGION, Endpoint, moto_endpoint
from tests.infra.templates import Template, flat

type Service = Literal["dynamodb", "events", "s3", "sesv2", "sns", "sqs", "ssm"]

PUBLIC_URL = "https://collect.shop.example"
ASSETS = "cdk-hnb659fds-assets-123456789012-eu-west-3"
CONTEXT: Any = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="r", tenant_id=None)
_PSEUDO = {"<AWS::Partition>": "aws", "<AWS::Region>": REGION, "<AWS::AccountId>": "123456789012"}
_SERVICES: tuple[Service, ...] = ("dynamodb", "events", "s3", "sesv2", "sns", "sqs", "ssm")


class Deployed:
    """``template``: the platform's. A test's own calls go through its clients and are not recorded."""

    def __init__(self, template: Template, recorder: Recorder, endpoint: Endpoint) -> None:
        self.recorder = recorder
        self.endpoint = endpoint
        self._template = template
        self._names: dict[str, str] = {}
        self._streamed: set[tuple[str, str]] = set()
        self.later = timedelta(0)
        """How far the functions' clocks are ahead of this machine's."""
        self.dynamodb, self.sqs = boto3.client("dynamodb", region_name=REGION), boto3.client("sqs", region_name=REGION)
        self.s3, self.ssm = boto3.client("s3", region_name=REGION), boto3.client("ssm", region_name=REGION)
        self._make_stores()

    def environment(self, function: str) -> dict[str, str]:
        """The function's own variables; a reference becomes what it is called here."""
        variables = self._template.functions()[function]["Environment"]["Variables"]
        return {name: PUBLIC_URL if name == "PUBLIC_URL" else self._value(flat(value)) for name, value in variables.items()}

    @contextmanager
    def function(self, name: str) -> Iterator[None]:
        """Within it the process is the function's: its environment, and its calls are noted."""
        own = self.environment(name)
        os.environ.update(own)
        try:
            with self.recorder.acting_as(name):
                yield
        finally:
            for variable in own:
                del os.environ[variable]

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        handler = importlib.import_module(f"handlers.{function}").handler
        with self.function(function):
            return handler(event, CONTEXT)

    def deliver(self, function: str, *bodies: str) -> list[Any]:
        """As messages of its queue; what failed."""
        records = [
            {"messageId": str(number), "body": body, "eventSource": "aws:sqs", "receiptHandle": "r", "attributes": {}}
            for number, body in enumerate(bodies)
        ]
        failed: list[Any] = self.invoke(function, {"Records": records})["batchItemFailures"]
        return failed

    def received(self, queue: str) -> list[str]:
        """``queue``: the variable that names it. Its messages, taken out."""
        url, bodies = self.named(queue), []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def streamed(self) -> list[dict[str, Any]]:
        """The records of the log's stream since the last call, as Lambda hands them over."""
        items = self.dynamodb.scan(TableName=self.named("EVENTS_TABLE"))["Items"]
        fresh = [item for item in items if (item["pk"]["S"], item["sk"]["S"]) not in self._streamed]
        self._streamed |= {(item["pk"]["S"], item["sk"]["S"]) for item in fresh}
        return [stream_record(number, item) for number, item in enumerate(fresh, len(self._streamed))]

    def named(self, variable: str) -> str:
        """What a variable holds, whichever function has it."""
        return next(own[variable] for own in map(self.environment, HANDLERS) if variable in own)

    def arn(self, call: Call) -> str:
        """What the call is done to, as ``flat`` writes it in a policy, account and region filled in."""
        logical = {name: each for each, name in self._names.items()}
        match call.kind:
            case "table" | "queue" | "bus":
                return f"<{logical[call.name]}.Arn>"
            case "index":
                table, index = call.name.split("/")
                return f"<{logical[table]}.Arn>/index/{index}"
            case "object":
                bucket, key = call.name.split("/", 1)
                return f"arn:aws:s3:::{ASSETS}/{key}" if bucket == ASSETS else f"<{logical[bucket]}.Arn>/{key}"
            case "parameter":
                return f"arn:aws:ssm:{REGION}:123456789012:parameter{call.name}"
            case "identity" | "configuration-set":
                return f"arn:aws:ses:{REGION}:123456789012:{call.kind}/{call.name}"
            case _:
                return "*"

    def clock(self) -> datetime:
        return utc_now() + self.later

    def publishable(self, brand: Path, folder: Path) -> dict[str, str]:
        """The brand's bundle in the asset bucket: the custom resource's properties."""
        write(build(brand, compile_mjml=mjml2html), folder)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path in folder.rglob("*.json"):
                archive.write(path, path.relative_to(folder))
        self.s3.put_object(Bucket=ASSETS, Key="bundle.zip", Body=content.getvalue())
        return {"Bucket": ASSETS, "Key": "bundle.zip"}

    def _make_stores(self) -> None:
        for logical, table in self._template.properties("AWS::DynamoDB::Table").items():
            kept = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")
            self.dynamodb.create_table(TableName=logical, **{name: table[name] for name in kept if name in table})
            self._names[logical] = logical
        for logical, queue in self._template.properties("AWS::SQS::Queue").items():
            self._names[logical] = self.sqs.create_queue(QueueName=queue["QueueName"])["QueueUrl"]
        for logical, bus in self._template.properties("AWS::Events::EventBus").items():
            boto3.client("events", region_name=REGION).create_event_bus(Name=bus["Name"])
            self._names[logical] = bus["Name"]
        for logical in self._template.of_type("AWS::SES::ConfigurationSet"):
            self._names[logical] = f"<{logical}>"
        for logical in self._template.of_type("AWS::S3::Bucket"):
            self._names[logical] = logical.lower()
        for bucket in (ASSETS, *(self._names[logical] for logical in self._template.of_type("AWS::S3::Bucket"))):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})

    def _value(self, text: str) -> str:
        for pseudo, value in _PSEUDO.items():
            text = text.replace(pseudo, value)
        logical = text.strip("<>")
        return self._names.get(logical, logical)


def stream_record(number: int, item: Mapping[str, Any]) -> dict[str, Any]:
    image = {name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}
    change = {"SequenceNumber": f"{111_111_000_000_000_000_000_000 + number}", "NewImage": image, "StreamViewType": "NEW_IMAGE"}
    return {"eventID": str(number), "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}


@contextmanager
def deployed(template: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    recorder = listen(monkeypatch)
    own = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in (own | {"POWERTOOLS_TRACE_DISABLED": "true"}).items():
        monkeypatch.setenv(name, value)
    _forget_processes()
    with moto_endpoint() as endpoint:
        stack = Deployed(template, recorder, endpoint)
        for service in _SERVICES:
            clients._client(service)
        _set_clocks(stack, monkeypatch)
        # moto copies its tables for a transaction without a lock: people who are evaluated in threads would change them meanwhile.
        monkeypatch.setattr("ariane.wiring.segments.ten_at_a_time", map)
        # From here on: the slim clients go through the bridge; boto3's are there already and moto answers them itself.
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        yield stack
    _forget_processes()
    gc.collect()


def _set_clocks(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in iter_modules(ariane.wiring.__path__, "ariane.wiring."):
        if hasattr(importlib.import_module(module.name), "utc_now"):
            monkeypatch.setattr(f"{module.name}.utc_now", stack.clock)


def _forget_processes() -> None:
    """What a function keeps for as long as its process lives."""
    clients._client.cache_clear()
    for name in HANDLERS:
        for value in vars(importlib.import_module(f"handlers.{name}")).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
