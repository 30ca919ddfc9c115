"""A reject as DynamoDB's attributes and back. What each attribute is: docs/reference/data-model.md."""

import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import orjson

from ariane.events.log import Reject, Retried, Shape, StoredReject, Transport
from ariane.events.model import SourceKind
from ariane.events.rejects import KEPT_FOR, MAX_KEPT, MAX_LISTED, is_large
from ariane.instants import format_instant, parse_instant

TIME_INDEX = "time"
"""Partition ``pk``, sort ``at``: the rejects of a day by the time when they came."""
_NO_TRANSPORT = Transport()


def key_of(identity: str) -> dict[str, Any]:
    day, _, digest = identity.partition("/")
    return {"pk": {"S": f"R#{day}"}, "sk": {"S": digest}}


def object_key(identity: str) -> str:
    return f"rejects/{identity}.gz"


def attributes_of(identity: str, reject: Reject, *, place: Mapping[str, Any]) -> dict[str, Any]:
    """``place`` says where the body is, as ``body_attributes`` or ``object_attributes`` give it."""
    kept_at = reject.kept_at or reject.at
    optional: dict[str, Any] = {
        "k": {"S": reject.kind.value} if reject.kind else None,
        "ix": {"N": str(reject.index)} if reject.index is not None else None,
        "sh": {"S": reject.shape.value} if reject.shape is not Shape.ITEM else None,
        "t": {"S": _transport_text(reject.transport)} if reject.transport != _NO_TRANSPORT else None,
        "u": {"BOOL": True} if reject.is_untold else None,
    }
    return {
        **key_of(identity),
        **{name: value for name, value in optional.items() if value is not None},
        "at": {"S": format_instant(reject.at)},
        "w": {"S": format_instant(kept_at)},
        "s": {"S": reject.source},
        "code": {"S": reject.code},
        "msg": {"S": reject.message},
        "n": {"N": str(len(reject.body))},
        **place,
        "x": {"N": str(int((kept_at + KEPT_FOR).timestamp()))},
    }


def body_attributes(reject: Reject) -> dict[str, Any]:
    """The body in the item itself: under one of two names, as the index holds short ones only."""
    packed = zlib.compress(reject.body[:MAX_KEPT])
    cut = {"tr": {"BOOL": True}} if is_large(reject) else {}
    return {"b" if len(packed) <= MAX_LISTED else "l": {"B": b64encode(packed).decode("ascii")}, **cut}


def object_attributes(identity: str, *, is_truncated: bool) -> dict[str, Any]:
    return {"o": {"S": object_key(identity)}, **({"tr": {"BOOL": True}} if is_truncated else {})}


def stored_of(item: Mapping[str, Any], *, body: bytes | None = None) -> StoredReject:
    """From boto3's answer; ``body`` where it lies in an object."""
    packed = item.get("b") or item.get("l")
    reject = Reject(
        source=item["s"]["S"],
        at=parse_instant(item["at"]["S"]),
        code=item["code"]["S"],
        message=item["msg"]["S"],
        index=int(item["ix"]["N"]) if "ix" in item else None,
        body=body if body is not None else zlib.decompress(packed["B"]) if packed else b"",
        kind=SourceKind(item["k"]["S"]) if "k" in item else None,
        shape=Shape(item["sh"]["S"]) if "sh" in item else Shape.ITEM,
        transport=_transport_of(item["t"]["S"]) if "t" in item else _NO_TRANSPORT,
        kept_at=parse_instant(item["w"]["S"]),
        is_untold="u" in item and bool(item["u"]["BOOL"]),
    )
    retried = Retried(parse_instant(item["rt"]["S"]), item["rb"]["S"]) if "rt" in item else None
    is_truncated = "tr" in item and bool(item["tr"]["BOOL"])
    identity = f"{item['pk']['S'].removeprefix('R#')}/{item['sk']['S']}"
    return StoredReject(identity, reject, size=int(item["n"]["N"]), is_truncated=is_truncated, retried=retried)


def _transport_text(transport: Transport) -> str:
    document = {
        "method": transport.method,
        "path": transport.path,
        "headers": transport.headers,
        "query": transport.query,
        "ip": transport.source_ip,
        "batch": transport.batch,
        "compressed": transport.is_compressed,
        "partial": transport.is_partial,
    }
    return orjson.dumps({name: value for name, value in document.items() if value}).decode()


def _transport_of(text: str) -> Transport:
    document = orjson.loads(text)
    return Transport(
        method=document.get("method", ""),
        path=document.get("path", ""),
        headers=document.get("headers", {}),
        query=tuple((name, value) for name, value in document.get("query", ())),
        source_ip=document.get("ip"),
        batch=document.get("batch", {}),
        is_compressed=document.get("compressed", False),
        is_partial=document.get("partial", False),
    )
