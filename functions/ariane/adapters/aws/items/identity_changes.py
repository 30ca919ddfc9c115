"""What one cause changed, as a row of the Identities table; what is too long for one lies in further rows, written before it.

A person of many devices who is parted, or a split that says whose events are, names tens of thousands of partitions to be folded again.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from ariane.identity.model import Merged, Parted, Transition
from ariane.instants import format_instant, parse_instant

TRANSITION = "T#"
CHANGES = "U#"
_LONGEST = 300_000
"""Bytes of the JSON that lies in the row itself. A row holds 400 KB."""
_PART = 350_000

type Item = dict[str, Any]


def history_item(person_id: str, transition: Transition) -> dict[str, Any]:
    """``ch``: JSON, what changed; who reads the table can read it. Or ``n`` and ``dg``: in how many rows it lies, and under which name."""
    text = _changes_of(transition)
    item: Item = {"pk": {"S": person_id}, "sk": {"S": TRANSITION + transition.cause}, "at": {"S": format_instant(transition.at)}}
    if len(text) <= _LONGEST:
        return item | {"ch": {"S": text.decode()}}
    packed = zlib.compress(text)
    return item | {"n": {"N": str(-(-len(packed) // _PART))}, "dg": {"S": _digest(packed)}}


def part_items(person_id: str, transition: Transition) -> Sequence[Item]:
    """Empty where all of it fits into the row. Their name tells what is in them: no commit that is lost meanwhile writes over another's."""
    text = _changes_of(transition)
    if len(text) <= _LONGEST:
        return ()
    packed = zlib.compress(text)
    places = range(0, len(packed), _PART)
    keys = _part_sorts(transition.cause, _digest(packed), len(places))
    return [
        {"pk": {"S": person_id}, "sk": {"S": sort}, "b": {"B": packed[start : start + _PART]}}
        for sort, start in zip(keys, places, strict=True)
    ]


def part_keys(item: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Of the further rows, in order."""
    if "n" not in item:
        return ()
    sorts = _part_sorts(item["sk"]["S"].removeprefix(TRANSITION), item["dg"]["S"], int(item["n"]["N"]))
    return [(item["pk"]["S"], sort) for sort in sorts]


def _part_sorts(cause: str, digest: str, count: int) -> list[str]:
    return [f"{CHANGES}{cause}#{digest}#{number:03}" for number in range(count)]


def _digest(packed: bytes) -> str:
    return hashlib.sha256(packed).hexdigest()[:32]


def _changes_of(transition: Transition) -> bytes:
    changes = {
        "merged": [_without_defaults({"into": each.into, "from": each.absorbed}, each, transition) for each in transition.merged],
        "parted": [_without_defaults({"from": each.origin, "into": each.parts}, each, transition) for each in transition.parted],
        "refold": transition.refold,
        "quarantined": transition.quarantined,
        "sealing": transition.sealing,
    }
    return orjson.dumps({name: value for name, value in changes.items() if value})


def _without_defaults(fields: dict[str, Any], each: Merged | Parted, transition: Transition) -> dict[str, Any]:
    fields |= {"cause": each.cause} if each.cause != transition.cause else {}
    return fields | ({"at": format_instant(each.at)} if each.at != transition.at else {})


def history_of(item: Mapping[str, Any], parts: Iterable[Mapping[str, Any]] = ()) -> Transition:
    """``parts``: the further rows, in any order."""
    cause, at = item["sk"]["S"].removeprefix(TRANSITION), parse_instant(item["at"]["S"])
    changes = orjson.loads(item["ch"]["S"] if "ch" in item else _joined(parts))

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


def _joined(parts: Iterable[Mapping[str, Any]]) -> bytes:
    ordered = sorted(parts, key=lambda part: str(part["sk"]["S"]))
    return zlib.decompress(b"".join(bytes(part["b"]["B"]) for part in ordered))
