"""Rows of the Profiles table: fragments, with their seals, and bundles."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ariane.errors import Rejected
from ariane.identity.ids import ID_BYTES, packed_id, unpacked_id
from ariane.profiles.bundles import Bundle, Moved
from ariane.profiles.fragments import Fragment, Seal, StoredFragment, Unreadable, decode, encode

FRAGMENT = "F"
BUNDLE = "S"
_MOST_BYTES = 380_000
"""Of a DynamoDB item's 400 KB."""


def fragment_item(stored: StoredFragment) -> dict[str, Any]:
    """What saving it puts."""
    item: dict[str, Any] = {
        "pk": {"S": stored.fragment.person_id},
        "sk": {"S": FRAGMENT},
        "v": {"N": str(stored.version + 1)},
        "b": {"B": encode(stored.fragment)},
    }
    item |= {"q": {"S": stored.sequence}} if stored.sequence else {}
    return item | ({"sl": {"S": " ".join(map(str, stored.seal))}} if stored.seal else {})


def stored_of(item: Mapping[str, Any]) -> StoredFragment:
    """Raises Unreadable, whatever is wrong with the row: it concerns its person alone."""
    try:
        return StoredFragment(
            fragment=decode(item["pk"]["S"], item["b"]["B"]),
            version=int(item["v"]["N"]),
            sequence=item["q"]["S"] if "q" in item else None,
            seal=_seal_of(item["sl"]["S"]) if "sl" in item else None,
        )
    except (LookupError, TypeError, ValueError) as error:
        raise Unreadable from error


def bundle_item(bundle: Bundle) -> dict[str, Any]:
    """What putting it writes. Raises Rejected (``bundle_too_large``)."""
    item: dict[str, Any] = {"pk": {"S": bundle.holder}, "sk": {"S": BUNDLE}, "v": {"N": str(bundle.version + 1)}}
    item |= {"g": {"N": str(bundle.generation)}, "rs": {"N": str(bundle.reshaped)}, "n": {"N": str(bundle.children)}}
    item |= {"o": {"BOOL": True}} if bundle.is_open else {}
    item |= {"to": {"S": bundle.moved.holder}, "tg": {"N": str(bundle.moved.generation)}} if bundle.moved else {}
    item |= {"ru": {"N": str(int(bundle.rest_until.timestamp()))}} if bundle.rest_until else {}
    item |= {"c": {"N": str(bundle.count)}, "b": {"B": encode(bundle.total)}} if bundle.count else {}
    item |= {name: {"B": _packed(ids)} for name, ids in (("aw", bundle.awake), ("hd", bundle.holders)) if ids}
    if sum(len(item[name]["B"]) for name in ("b", "aw", "hd") if name in item) > _MOST_BYTES:
        raise Rejected("bundle_too_large", "what is known of the person's devices does not fit one row")
    return item


def bundle_of(item: Mapping[str, Any]) -> Bundle:
    """What cannot be decoded is as if dissolved: everything in it is elsewhere, too."""
    bundle = Bundle(holder=item["pk"]["S"], version=int(item["v"]["N"]), generation=int(item["g"]["N"]))
    try:
        return _bundle_of(item)
    except (Unreadable, LookupError, TypeError, ValueError):
        return bundle


def _bundle_of(item: Mapping[str, Any]) -> Bundle:
    return Bundle(
        holder=item["pk"]["S"],
        version=int(item["v"]["N"]),
        generation=int(item["g"]["N"]),
        is_open="o" in item,
        reshaped=int(item["rs"]["N"]),
        children=int(item["n"]["N"]),
        total=decode("", item["b"]["B"]) if "b" in item else Fragment(person_id=""),
        count=int(item["c"]["N"]) if "c" in item else 0,
        awake=_unpacked(item["aw"]["B"]) if "aw" in item else (),
        holders=_unpacked(item["hd"]["B"]) if "hd" in item else (),
        moved=Moved(item["to"]["S"], int(item["tg"]["N"])) if "to" in item else None,
        rest_until=datetime.fromtimestamp(int(item["ru"]["N"]), UTC) if "ru" in item else None,
    )


def _seal_of(text: str) -> Seal:
    holder, generation, version = text.split(" ")
    return Seal(holder, int(generation), int(version))


def _packed(person_ids: Sequence[str]) -> bytes:
    return b"".join(map(packed_id, person_ids))


def _unpacked(packed: bytes) -> tuple[str, ...]:
    packed = bytes(packed)
    return tuple(unpacked_id(packed[place : place + ID_BYTES]) for place in range(0, len(packed), ID_BYTES))
