"""Rows of memberships as items of the Profiles table."""

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from ariane.instants import format_instant, from_millis, parse_instant, to_millis
from ariane.profiles.announcing import Fact
from ariane.profiles.model import Shape
from ariane.segments.rows import Due, Member, MemberChange, Membership, Row, Stage, shard_of

ROW = "G"
DUE_INDEX = "due"


def row_item(row: Row) -> dict[str, Any]:
    """As the version after the row's."""
    item: dict[str, Any] = {"pk": {"S": row.person}, "sk": {"S": ROW}, "v": {"N": str(row.version + 1)}, "b": {"B": state_of(row)}}
    return item | due_attributes(row)


def due_attributes(row: Row) -> dict[str, Any]:
    if row.listed_due is None:
        return {}
    return {"dp": {"S": due_partition(shard_of(row.person))}, "da": {"S": format_instant(from_millis(row.listed_due))}}


def state_of(row: Row) -> bytes:
    said: dict[str, Any] = {
        "at": row.evaluated_at,
        "m": {name: [*each] for name, each in row.memberships.items()},
        "st": row.stage and [*row.stage],
        "ob": [[fact.kind, fact.detail] for fact in row.outbox],
        "ca": [*row.causes],
        "sh": row.shape and [*row.shape],
        "du": [row.due] if row.overdue is not None else None,
    }
    return zlib.compress(orjson.dumps({name: value for name, value in said.items() if value}))


def row_of(item: Mapping[str, Any]) -> Row:
    said = orjson.loads(zlib.decompress(item["b"]["B"]))
    listed = to_millis(parse_instant(item["da"]["S"])) if "da" in item else None
    return Row(
        person=item["pk"]["S"],
        version=int(item["v"]["N"]),
        evaluated_at=said.get("at"),
        memberships={name: Membership(*each) for name, each in said.get("m", {}).items()},
        stage=Stage(*said["st"]) if "st" in said else None,
        due=said["du"][0] if "du" in said else listed,
        overdue=listed if "du" in said else None,
        outbox=tuple(Fact(kind, detail) for kind, detail in said.get("ob", ())),
        causes=tuple(said.get("ca", ())),
        shape=Shape(*said["sh"]) if "sh" in said else None,
    )


def due_partition(shard: int) -> str:
    return f"due#{shard}"


def due_of(item: Mapping[str, Any]) -> Due:
    return Due(item["pk"]["S"], to_millis(parse_instant(item["da"]["S"])))


def member_key(segment: str, person: str) -> dict[str, Any]:
    return {"pk": {"S": member_partition(segment, shard_of(person))}, "sk": {"S": person}}


def member_partition(segment: str, shard: int) -> str:
    return f"SEG#{segment}#{shard}"


def member_item(change: MemberChange, member: Membership) -> dict[str, Any]:
    since = {"si": {"N": str(member.since)}} if member.since is not None else {}
    return {**member_key(change.segment, change.person), "ve": {"S": member.version}, **since}


def member_of(item: Mapping[str, Any]) -> Member:
    return Member(item["sk"]["S"], item["ve"]["S"], int(item["si"]["N"]) if "si" in item else None)
