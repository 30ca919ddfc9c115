"""A ledger entry as an item of the Messages table."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ariane.instants import format_instant, parse_instant
from ariane.messaging.ledger import settles_at
from ariane.messaging.model import Channel, LedgerEntry, MessageClass, Status

UNDECIDED_SHARDS = 4
"""Spreads the undecided index over partitions; the sweep asks each."""

_TEXTS = {"tp": "template", "j": "journey", "jv": "version", "nd": "node", "to": "topic"}
_OPTIONAL = {"rs": "reason", "pm": "provider_id", "ad": "address_id"}


def key_of(profile: str, message_id: str) -> dict[str, Any]:
    return {"pk": {"S": profile}, "sk": {"S": message_id}}


def shard_name(shard: int) -> str:
    return f"undecided#{shard}"


def entry_item(entry: LedgerEntry) -> dict[str, Any]:
    item: dict[str, Any] = key_of(entry.profile, entry.id)
    item |= {name: {"S": getattr(entry, field)} for name, field in _TEXTS.items()}
    item |= {name: {"S": value} for name, field in _OPTIONAL.items() if (value := getattr(entry, field)) is not None}
    item |= {"ch": {"S": str(entry.channel)}, "cl": {"S": str(entry.message_class)}, "st": {"S": str(entry.status)}}
    item["at"] = {"S": format_instant(entry.at)}
    if entry.first_at is not None:
        item["fa"] = {"S": format_instant(entry.first_at)}
    if entry.segments is not None:
        item["sg"] = {"N": str(entry.segments)}
    return item | undecided_attributes(entry, status=entry.status, reason=entry.reason)


def undecided_attributes(entry: LedgerEntry, *, status: Status, reason: str | None) -> dict[str, Any]:
    """``up`` and ``ua`` of the entry in that status: when the sweep is due. Empty when it is decided."""
    moved = replace(entry, status=status, reason=reason)
    if not moved.is_undecided:
        return {}
    shard = hashlib.sha256(f"{entry.profile}{entry.id}".encode()).digest()[0] % UNDECIDED_SHARDS
    return {"up": {"S": shard_name(shard)}, "ua": {"S": format_instant(settles_at(moved))}}


def entry_of(item: Mapping[str, Any]) -> LedgerEntry:
    texts = {field: item[name]["S"] for name, field in _TEXTS.items()}
    optional = {field: item[name]["S"] for name, field in _OPTIONAL.items() if name in item}
    return LedgerEntry(
        profile=item["pk"]["S"],
        id=item["sk"]["S"],
        channel=Channel(item["ch"]["S"]),
        message_class=MessageClass(item["cl"]["S"]),
        status=Status(item["st"]["S"]),
        at=parse_instant(item["at"]["S"]),
        first_at=parse_instant(item["fa"]["S"]) if "fa" in item else None,
        segments=int(item["sg"]["N"]) if "sg" in item else None,
        **texts,
        **optional,
    )
