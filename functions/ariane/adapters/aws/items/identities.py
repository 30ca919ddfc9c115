"""Rows of the Identities table."""

from collections.abc import Mapping
from typing import Any

from ariane.identity.model import Assertion, Head, Merged
from ariane.identity.rules import Identifier
from ariane.instants import format_instant, parse_instant

HEAD = "H"
MEMBER = "M#"
ASSERTION = "S#"
TRANSITION = "T#"


def key_of(person_id: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": person_id}, "sk": {"S": sort}}


def head_of(item: Mapping[str, Any]) -> Head:
    return Head(
        person_id=item["pk"]["S"],
        identifier=Identifier.parse(item["i"]["S"]) if "i" in item else None,
        parent=item["to"]["S"] if "to" in item else None,
        version=int(item["v"]["N"]),
        first_at=parse_instant(item["f"]["S"]) if "f" in item else None,
        is_identified=item.get("u", {}).get("BOOL", False),
        children=int(item["n"]["N"]) if "n" in item else 0,
    )


def head_item(head: Head) -> dict[str, Any]:
    item: dict[str, Any] = {**key_of(head.person_id, HEAD), "v": {"N": str(head.version)}}
    item |= {"i": {"S": str(head.identifier)}} if head.identifier else {}
    item |= {"to": {"S": head.parent}} if head.parent else {}
    item |= {"f": {"S": format_instant(head.first_at)}} if head.first_at else {}
    item |= {"u": {"BOOL": True}} if head.is_identified else {}
    return item | ({"n": {"N": str(head.children)}} if head.children else {})


def assertion_item(anchor_id: str, assertion: Assertion) -> dict[str, Any]:
    return {
        **key_of(anchor_id, ASSERTION + assertion.digest),
        "ids": {"L": [{"S": str(identifier)} for identifier in assertion.identifiers]},
        "t": {"S": format_instant(assertion.at)},
        "tr": {"BOOL": assertion.is_trusted},
        "s": {"S": assertion.source},
        "m": {"S": assertion.message_id},
        "dg": {"S": assertion.body_digest},
    }


def assertion_of(item: Mapping[str, Any]) -> Assertion:
    return Assertion(
        identifiers=tuple(Identifier.parse(each["S"]) for each in item["ids"]["L"]),
        at=parse_instant(item["t"]["S"]),
        is_trusted=item["tr"]["BOOL"],
        source=item["s"]["S"],
        message_id=item["m"]["S"],
        body_digest=item["dg"]["S"],
    )


def transition_item(merged: Merged) -> dict[str, Any]:
    return {
        **key_of(merged.into, TRANSITION + merged.cause),
        "kind": {"S": "merged"},
        "into": {"S": merged.into},
        "from": {"L": [{"S": person_id} for person_id in merged.absorbed]},
        "cause": {"S": merged.cause},
        "at": {"S": format_instant(merged.at)},
    }


def transition_of(item: Mapping[str, Any]) -> Merged:
    return Merged(
        into=item["into"]["S"],
        absorbed=tuple(each["S"] for each in item["from"]["L"]),
        cause=item["cause"]["S"],
        at=parse_instant(item["at"]["S"]),
    )
