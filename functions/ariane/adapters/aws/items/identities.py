"""Rows of the Identities table."""

from collections.abc import Mapping
from typing import Any

from ariane.adapters.aws.items.identity_summaries import (
    evidence_attribute,
    evidence_of,
    last_attribute,
    last_of,
    newest_attribute,
    newest_of,
    summary_attribute,
    summary_of,
)
from ariane.identity.commits import Child
from ariane.identity.model import Assertion, Head
from ariane.identity.rules import Identifier
from ariane.instants import format_instant, parse_instant

HEAD = "H"
MEMBER = "M#"
ASSERTION = "S#"


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
        evidence=evidence_of(item),
        summary=summary_of(item),
        last=last_of(item),
        cluster=item["k"]["S"] if "k" in item else None,
        reshaped=int(item["rs"]["N"]) if "rs" in item else 0,
        newest=newest_of(item),
    )


def head_item(head: Head) -> dict[str, Any]:
    item: dict[str, Any] = {**key_of(head.person_id, HEAD), "v": {"N": str(head.version)}}
    item |= {"i": {"S": str(head.identifier)}} if head.identifier else {}
    item |= {"to": {"S": head.parent}} if head.parent else {}
    item |= {"f": {"S": format_instant(head.first_at)}} if head.first_at else {}
    item |= {"u": {"BOOL": True}} if head.is_identified else {}
    item |= {"n": {"N": str(head.children)}} if head.children else {}
    item |= {"k": {"S": head.cluster}} if head.cluster else {}
    item |= {"rs": {"N": str(head.reshaped)}} if head.reshaped else {}
    item |= newest_attribute(head.newest)
    return item | evidence_attribute(head.evidence) | summary_attribute(head.summary) | last_attribute(head.last)


def member_item(child: Child) -> dict[str, Any]:
    return {**key_of(child.parent, MEMBER + child.child), "i": {"S": child.identifier}}


def assertion_item(anchor_id: str, assertion: Assertion) -> dict[str, Any]:
    item: dict[str, Any] = {
        **key_of(anchor_id, ASSERTION + assertion.digest),
        "ids": {"L": [{"S": str(identifier)} for identifier in assertion.identifiers]},
        "t": {"S": format_instant(assertion.at)},
        "tr": {"BOOL": assertion.is_trusted},
        "s": {"S": assertion.source},
        "m": {"S": assertion.message_id},
        "dg": {"S": assertion.body_digest},
    }
    item |= {"by": {"S": assertion.by}} if assertion.by else {}
    item |= {"why": {"S": assertion.why}} if assertion.why else {}
    item |= {"rx": {"S": format_instant(assertion.received_at)}} if assertion.received_at else {}
    return item | ({"sg": {"S": assertion.signature}} if assertion.signature else {})


def assertion_of(item: Mapping[str, Any]) -> Assertion:
    return Assertion(
        identifiers=tuple(Identifier.parse(each["S"]) for each in item["ids"]["L"]),
        at=parse_instant(item["t"]["S"]),
        is_trusted=item["tr"]["BOOL"],
        source=item["s"]["S"],
        message_id=item["m"]["S"],
        body_digest=item["dg"]["S"],
        by=item["by"]["S"] if "by" in item else None,
        why=item["why"]["S"] if "why" in item else None,
        received_at=parse_instant(item["rx"]["S"]) if "rx" in item else None,
        signature=item["sg"]["S"] if "sg" in item else None,
    )
