"""A log item as DynamoDB's attributes and as a queue message, and back. What each attribute is: docs/reference/data-model.md."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from ariane.events.model import LogItem, SourceKind
from ariane.events.packing import pack, unpack
from ariane.instants import format_instant, parse_instant

type Attributes = dict[str, dict[str, Any]]
"""DynamoDB's JSON: name -> {type: value}, binary values as base64 text."""


def attributes_of(item: LogItem, *, retention: timedelta) -> Attributes:
    """The item to put, expiring ``retention`` after it was received."""
    return {
        "pk": {"S": item.person_id},
        "sk": {"S": item.sort},
        "s": {"S": item.source},
        "k": {"S": item.kind.value},
        "r": {"S": format_instant(item.received_at)},
        "n": {"N": str(len(item.messages))},
        "b": {"B": b64encode(pack(item.messages)).decode("ascii")},
        "x": {"N": str(int((item.received_at + retention).timestamp()))},
    }


def log_item_of(attributes: Mapping[str, Any]) -> LogItem:
    """From a stream record's image (base64 text) or boto3's low-level answer (bytes). Raises ValueError, KeyError or zlib.error on what is
    no log item."""
    packed = attributes["b"]["B"]
    return LogItem(
        person_id=attributes["pk"]["S"],
        sort=attributes["sk"]["S"],
        source=attributes["s"]["S"],
        kind=SourceKind(attributes["k"]["S"]),
        received_at=parse_instant(attributes["r"]["S"]),
        messages=unpack(b64decode(packed) if isinstance(packed, str) else packed),
        duplicates=frozenset(int(place) for place in attributes.get("d", {}).get("NS", ())),
        refolded=frozenset(attributes.get("a", {}).get("SS", ())),
    )


def queue_message_of(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """The overflow queue's body: the very attributes, flat."""
    return orjson.dumps({name: _plain(typed) for name, typed in attributes.items()}).decode()


def attributes_of_queue_message(body: str) -> Attributes:
    """Raises ValueError or KeyError on what is no such message."""
    message = orjson.loads(body)
    texts: Attributes = {name: {"S": message[name]} for name in ("pk", "sk", "s", "k", "r")}
    numbers: Attributes = {name: {"N": str(int(message[name]))} for name in ("n", "x")}
    b64decode(message["b"], validate=True)
    return {**texts, **numbers, "b": {"B": message["b"]}}


def _plain(typed: Mapping[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    return int(value) if kind == "N" else value
