"""Rows of the Privacy table: consent states and records."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ariane.instants import format_instant, parse_instant
from ariane.privacy.consents import EVERY, ConsentDecision, ConsentQuestion, ConsentState


def state_key(state: ConsentState) -> dict[str, Any]:
    sort = sort_of(state.topic, state.channel, is_person_wide=state.is_person_wide)
    return {"pk": {"S": state.person_id}, "sk": {"S": sort}}


def sort_of(topic: str, channel: str, *, is_person_wide: bool) -> str:
    """A mailbox may be a fragment, too: what it says for itself and for its whole person are two rows."""
    return f"C#{topic}#{channel}" + (f"#{EVERY}" if is_person_wide else "")


def keys_of(question: ConsentQuestion) -> list[tuple[str, str]]:
    pairs = [(topic, channel) for topic in (question.topic, EVERY) for channel in (question.channel, EVERY)]
    keys = [(question.address_id, sort_of(*pair, is_person_wide=False)) for pair in pairs]
    wide = [sort_of(*pair, is_person_wide=True) for pair in pairs]
    keys += [(person_id, sort) for person_id in sorted(question.person_ids | question.owner_ids) for sort in wide]
    return list(dict.fromkeys(keys))


def facts(decision: ConsentDecision) -> dict[str, Any]:
    return {
        "st": status(decision.granted),
        "at": {"S": format_instant(decision.at)},
        "s": {"S": decision.source},
        "m": {"S": decision.message_id},
    }


def status(granted: bool) -> dict[str, str]:
    return {"S": "granted" if granted else "withdrawn"}


def record_item(decision: ConsentDecision) -> dict[str, Any]:
    at = format_instant(decision.at)
    status = "granted" if decision.granted else "withdrawn"
    parts = (decision.topic, decision.channel, status, decision.source, decision.message_id, *([EVERY] if decision.is_person_wide else []))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    item = {"pk": {"S": decision.person_id}, "sk": {"S": f"L#{at}#{digest}"}, **facts(decision)}
    item |= {"to": {"S": decision.topic}, "ch": {"S": decision.channel}}
    item |= {"ew": {"BOOL": True}} if decision.is_person_wide else {}
    item |= {name: {"S": text} for name, text in (("w", decision.wording), ("how", decision.how)) if text}
    return item


def state_of(item: Mapping[str, Any]) -> ConsentState:
    _, topic, channel, *wide = item["sk"]["S"].split("#")
    return ConsentState(
        person_id=item["pk"]["S"],
        topic=topic,
        channel=channel,
        granted=item["st"]["S"] == "granted",
        at=parse_instant(item["at"]["S"]),
        source=item["s"]["S"],
        message_id=item["m"]["S"],
        is_person_wide=bool(wide),
    )


def decision_of(item: Mapping[str, Any]) -> ConsentDecision:
    texts = {field: item[name]["S"] for name, field in (("w", "wording"), ("how", "how")) if name in item}
    return ConsentDecision(
        person_id=item["pk"]["S"],
        topic=item["to"]["S"],
        channel=item["ch"]["S"],
        granted=item["st"]["S"] == "granted",
        at=parse_instant(item["at"]["S"]),
        source=item["s"]["S"],
        message_id=item["m"]["S"],
        is_person_wide="ew" in item,
        **texts,
    )
