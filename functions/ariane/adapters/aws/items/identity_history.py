"""Rows of the Identities table about more than one person: clusters and their entries, and splits."""

from collections.abc import Mapping
from typing import Any

from ariane.adapters.aws.items.identity_summaries import last_attribute, last_of
from ariane.identity.commits import Entry
from ariane.identity.model import Cluster, Lifted, Side, Split
from ariane.identity.split_packing import packed_sides, sides_of
from ariane.instants import format_instant, parse_instant

CLUSTER = "K"
ENTRY = "E#"
SPLIT = "X"
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
