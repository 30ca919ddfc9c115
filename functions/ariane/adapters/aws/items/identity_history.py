"""Rows of the Identities table about more than one person: clusters and their entries, splits, and what each cause changed."""

from collections.abc import Mapping
from typing import Any

import orjson

from ariane.adapters.aws.items.identity_summaries import last_attribute, last_of
from ariane.identity.commits import Entry
from ariane.identity.model import Cluster, Lifted, Merged, Parted, Side, Split, Transition
from ariane.identity.split_packing import packed_sides, sides_of
from ariane.instants import format_instant, parse_instant

CLUSTER = "K"
ENTRY = "E#"
SPLIT = "X"
TRANSITION = "T#"
REFOLDED = "D#"
"""Under a partition of the log: it was folded again because of the cause that follows."""


def cluster_item(cluster: Cluster) -> dict[str, Any]:
    item: dict[str, Any] = {"pk": {"S": cluster.id}, "sk": {"S": CLUSTER}, "v": {"N": str(cluster.version)}, **last_attribute(cluster.last)}
    item |= {"to": {"S": cluster.parent}} if cluster.parent else {}
    item |= {"su": {"S": format_instant(cluster.shut_until)}} if cluster.shut_until else {}
    return item | ({"q": {"S": cluster.quarantine}} if cluster.quarantine else {})


def cluster_of(item: Mapping[str, Any]) -> Cluster:
    return Cluster(
        id=item["pk"]["S"],
        version=int(item["v"]["N"]),
        last=last_of(item),
        parent=item["to"]["S"] if "to" in item else None,
        quarantine=item["q"]["S"] if "q" in item else None,
        shut_until=parse_instant(item["su"]["S"]) if "su" in item else None,
    )


def entry_item(entry: Entry) -> dict[str, Any]:
    return {"pk": {"S": entry.cluster}, "sk": {"S": ENTRY + entry.member}}


def split_item(split: Split) -> dict[str, Any]:
    """Raises Rejected (``split_too_large``)."""
    item: dict[str, Any] = {"pk": {"S": split.id}, "sk": {"S": SPLIT}, "b": {"B": packed_sides(split)}}
    item |= {"at": {"S": format_instant(split.at)}, "by": {"S": split.by}, "why": {"S": split.why}}
    item |= {"to": {"S": split.events_to.value}} if split.events_to else {}
    if split.lifted is not None:
        lifted = split.lifted
        item |= {"la": {"S": format_instant(lifted.at)}, "lb": {"S": lifted.by}, "lw": {"S": lifted.why}}
    return item


def split_of(item: Mapping[str, Any]) -> Split:
    left, right = sides_of(bytes(item["b"]["B"]))
    return Split(
        id=item["pk"]["S"],
        left=left,
        right=right,
        at=parse_instant(item["at"]["S"]),
        by=item["by"]["S"],
        why=item["why"]["S"],
        events_to=Side(item["to"]["S"]) if "to" in item else None,
        lifted=Lifted(at=parse_instant(item["la"]["S"]), by=item["lb"]["S"], why=item["lw"]["S"]) if "la" in item else None,
    )


def history_item(person_id: str, transition: Transition) -> dict[str, Any]:
    """``ch``: JSON, what changed; who reads the table can read it."""
    changes = {
        "merged": [_without_defaults({"into": each.into, "from": each.absorbed}, each, transition) for each in transition.merged],
        "parted": [_without_defaults({"from": each.origin, "into": each.parts}, each, transition) for each in transition.parted],
        "refold": transition.refold,
        "quarantined": transition.quarantined,
        "sealing": transition.sealing,
    }
    return {
        "pk": {"S": person_id},
        "sk": {"S": TRANSITION + transition.cause},
        "at": {"S": format_instant(transition.at)},
        "ch": {"S": orjson.dumps({name: value for name, value in changes.items() if value}).decode()},
    }


def _without_defaults(fields: dict[str, Any], each: Merged | Parted, transition: Transition) -> dict[str, Any]:
    fields |= {"cause": each.cause} if each.cause != transition.cause else {}
    return fields | ({"at": format_instant(each.at)} if each.at != transition.at else {})


def history_of(item: Mapping[str, Any]) -> Transition:
    changes, cause, at = orjson.loads(item["ch"]["S"]), item["sk"]["S"].removeprefix(TRANSITION), parse_instant(item["at"]["S"])

    def of(each: Mapping[str, Any]) -> dict[str, Any]:
        return {"cause": each.get("cause", cause), "at": parse_instant(each["at"]) if "at" in each else at}

    return Transition(
        cause=cause,
        at=at,
        merged=tuple(Merged(into=each["into"], absorbed=tuple(each["from"]), **of(each)) for each in changes.get("merged", ())),
        parted=tuple(Parted(origin=each["from"], parts=tuple(each["into"]), **of(each)) for each in changes.get("parted", ())),
        refold=tuple(changes.get("refold", ())),
        quarantined=changes.get("quarantined"),
        sealing=tuple(changes.get("sealing", ())),
    )
