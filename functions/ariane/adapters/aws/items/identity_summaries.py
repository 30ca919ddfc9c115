"""What a head says beyond its place in the tree: evidence about its identifier, the summary of its component, its cluster's last assertion.

Every event that joins two people writes such rows, in a transaction, so they are kept well below one kilobyte.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ariane.identity.ids import ID_BYTES, packed_id, unpacked_id
from ariane.identity.model import Evidence, Standing, Summary
from ariane.instants import from_millis, to_millis
from ariane.profiles.compact import Reader, Writer

_MARK = 6
"""Bytes of the mark of an account, which is hex."""


def evidence_attribute(evidence: Evidence) -> dict[str, Any]:
    """``a`` accounts, ``n`` what they are called, ``p`` protected, ``s`` seen at, milliseconds."""
    parts: dict[str, Any] = {}
    parts |= {"a": {"B": _packed_accounts(evidence)}} if evidence.accounts else {}
    parts |= {"n": {"M": {mark: {"S": text} for mark, text in evidence.names.items()}}} if evidence.names else {}
    parts |= {"p": {"BOOL": True}} if evidence.is_protected else {}
    parts |= {"s": {"N": str(to_millis(evidence.seen_at))}} if evidence.seen_at else {}
    return {"ev": {"M": parts}} if parts else {}


def evidence_of(item: Mapping[str, Any]) -> Evidence:
    parts = item["ev"]["M"] if "ev" in item else {}
    return Evidence(
        accounts=_accounts(bytes(parts["a"]["B"])) if "a" in parts else {},
        names={mark: text["S"] for mark, text in parts["n"]["M"].items()} if "n" in parts else {},
        is_protected="p" in parts,
        seen_at=from_millis(int(parts["s"]["N"])) if "s" in parts else None,
    )


def _packed_accounts(evidence: Evidence) -> bytes:
    writer = Writer()
    writer.number(len(evidence.accounts))
    for mark, at in evidence.accounts.items():
        writer.raw(bytes.fromhex(mark))
        writer.signed(to_millis(at))
    return writer.done()


def _accounts(packed: bytes) -> dict[str, Any]:
    reader = Reader(packed)
    return {reader.raw(_MARK).hex(): from_millis(reader.signed()) for _ in range(reader.number())}


def summary_attribute(summary: Summary | None) -> dict[str, Any]:
    """``c`` counts, ``s`` first sightings, ``u`` identified, ``l`` and ``r`` splits by side."""
    if summary is None:
        return {}
    parts: dict[str, Any] = {"c": {"M": {namespace: {"N": str(count)} for namespace, count in summary.counts.items()}}}
    if summary.sightings:
        parts["s"] = {"M": {namespace: {"B": _packed_instants(instants)} for namespace, instants in summary.sightings.items()}}
    parts |= {"u": {"BOOL": True}} if summary.is_identified else {}
    parts |= {"l": {"SS": sorted(summary.left)}} if summary.left else {}
    parts |= {"r": {"SS": sorted(summary.right)}} if summary.right else {}
    return {"sm": {"M": parts}}


def summary_of(item: Mapping[str, Any]) -> Summary | None:
    if "sm" not in item:
        return None
    parts = item["sm"]["M"]
    return Summary(
        counts={namespace: int(count["N"]) for namespace, count in parts["c"]["M"].items()},
        sightings={namespace: _instants(bytes(packed["B"])) for namespace, packed in parts["s"]["M"].items()} if "s" in parts else {},
        is_identified="u" in parts,
        left=frozenset(parts["l"]["SS"]) if "l" in parts else frozenset(),
        right=frozenset(parts["r"]["SS"]) if "r" in parts else frozenset(),
    )


def _packed_instants(instants: Sequence[int]) -> bytes:
    """How many, then each one's distance from the one before."""
    writer = Writer()
    writer.number(len(instants))
    before = 0
    for instant in instants:
        writer.signed(instant - before)
        before = instant
    return writer.done()


def _instants(packed: bytes) -> tuple[int, ...]:
    reader = Reader(packed)
    instants: list[int] = []
    for _ in range(reader.number()):
        instants.append(reader.signed() + (instants[-1] if instants else 0))
    return tuple(instants)


def last_attribute(last: Standing | None) -> dict[str, Any]:
    return {"l": {"S": orjson.dumps(last).decode()}} if last else {}


def last_of(item: Mapping[str, Any]) -> Standing | None:
    if "l" not in item:
        return None
    is_public, at, source, message_id, body_digest, digest = orjson.loads(item["l"]["S"])
    return is_public, at, source, message_id, body_digest, digest


def newest_attribute(person_ids: Sequence[str]) -> dict[str, Any]:
    return {"nw": {"B": b"".join(map(packed_id, person_ids))}} if person_ids else {}


def newest_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    packed = bytes(item["nw"]["B"]) if "nw" in item else b""
    return tuple(unpacked_id(packed[place : place + ID_BYTES]) for place in range(0, len(packed), ID_BYTES))
