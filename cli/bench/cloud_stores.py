"""The tables, queues, buckets and keys of a deployment in the emulator, and the environment that tells the functions where they are."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import orjson

from ariane.adapters.aws.definitions import DynamoDocuments, S3Versions
from ariane.definitions.build import build
from ariane.definitions.bundle import Bundle
from ariane.definitions.publish import Publisher
from ariane.settings import HANDLERS, environment_names
from cli.local.home import PROJECT

REGION = "us-east-1"
"""The prices' region."""
ONE_WAIT = "bench-wait"
ENTERS = "Bench Entered"
_JOURNEY = f"name: {ONE_WAIT}\nentry:\n  event: {ENTERS}\nsteps:\n  - wait: 1 hour\n"
_INDEXES: Mapping[str, Mapping[str, Any]] = {
    "journeys": {"name": "due", "keys": ("dp", "da"), "holds": ["v"]},
    "profiles": {"name": "due", "keys": ("dp", "da"), "holds": []},
    "messages": {"name": "undecided", "keys": ("up", "ua"), "holds": None},
}
_PLAIN = {"RETENTION_DAYS": "760", "WAIT_SCALE": "1", "DEFINITIONS_TTL_SECONDS": "60", "TICK_HORIZON_SECONDS": "60", "LAND_PATIENCE": "1"}
_TABLES = ("events", "identities", "profiles", "privacy", "journeys", "messages", "access", "rejects")


@cache
def uncounted() -> boto3.Session:
    """A session whose clients no meter sees, to set things up and to look at what is stored."""
    return boto3.Session(region_name=REGION)


def sample_brand() -> Bundle:
    """The sample brand and one journey more, which waits an hour and ends."""
    return _brand(None)


def brand_with_segments(segments: Mapping[str, Mapping[str, Any]]) -> Bundle:
    """The same with these conditions, by name, for segments."""
    return _brand(segments)


def _brand(segments: Mapping[str, Mapping[str, Any]] | None) -> Bundle:
    with TemporaryDirectory() as folder:
        brand = Path(folder) / "brand"
        copytree(PROJECT / "brand", brand)
        if segments is not None:
            rmtree(brand / "segments")
            (brand / "segments").mkdir()
            for name, condition in segments.items():
                (brand / "segments" / f"{name}.yaml").write_bytes(orjson.dumps({"name": name, "condition": condition}))
        (brand / "journeys" / f"{ONE_WAIT}.yaml").write_text(_JOURNEY)
        return build(brand, compile_mjml=lambda mjml: f"<body>{mjml}</body>")


def make_stores(handlers: Sequence[str]) -> dict[str, str]:
    """Everything that the settings of ``handlers`` ask for, and the environment that names it."""
    for table in _TABLES:
        _make_table(table)
    names = {name for handler in handlers for name in environment_names(HANDLERS[handler])} | {"SEND_QUEUE_URL", "LOG_LEVEL"}
    return {name: _made(name) for name in sorted(names)}


def _made(name: str) -> str:
    """The value of an environment variable, after what it names was made."""
    base, _, kind = name.rpartition("_")
    plain = base.lower().replace("_", "-")
    match kind:
        case "TABLE":
            return plain
        case "BUCKET":
            uncounted().client("s3").create_bucket(Bucket=plain)
            return plain
        case "PARAMETER":
            uncounted().client("ssm").put_parameter(Name=f"/ariane/{plain}", Value="0" * 64, Type="SecureString")
            return f"/ariane/{plain}"
        case "URL" if base.endswith("_QUEUE"):
            return uncounted().client("sqs").create_queue(QueueName=plain.removesuffix("-queue"))["QueueUrl"]
    if name == "BUS_NAME":
        uncounted().client("events").create_event_bus(Name="bus")
        return "bus"
    return _PLAIN.get(name) or ("INFO" if name == "LOG_LEVEL" else "https://collect.example")


def _make_table(name: str) -> None:
    index = _INDEXES.get(name)
    keys = ("pk", "sk", *(index["keys"] if index else ()))
    options: dict[str, Any] = {"GlobalSecondaryIndexes": [_index(index)]} if index else {}
    uncounted().client("dynamodb").create_table(
        TableName=name,
        KeySchema=_schema(("pk", "sk")),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
        **options,
    )


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    return {"IndexName": index["name"], "KeySchema": _schema(index["keys"]), "Projection": _projection(index["holds"])}


def _projection(holds: Sequence[str] | None) -> dict[str, Any]:
    """None: all; nothing: the keys alone."""
    if holds is None:
        return {"ProjectionType": "ALL"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": holds} if holds else {"ProjectionType": "KEYS_ONLY"}


def _schema(keys: Sequence[str]) -> list[Any]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)]


def publish(bundle: Bundle, environment: Mapping[str, str]) -> None:
    session = uncounted()
    documents = DynamoDocuments(session.client("dynamodb"), table="journeys")
    Publisher(
        documents=documents,
        pointers=documents,
        versions=S3Versions(session.client("s3"), bucket=environment["DEFINITIONS_BUCKET"]),
        collect=DynamoDocuments(session.client("dynamodb"), table="access"),
    ).publish(bundle)
