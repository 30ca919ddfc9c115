"""The sides of a split as bytes: an un-merge may name the thousands of browsers of one person, and lies in one row all the same."""

import zlib

import orjson

from ariane.errors import Rejected
from ariane.identity.model import Split
from ariane.identity.rules import Identifier

MOST_BYTES = 350_000
"""Packed: a row holds 400 KB, and more than the sides."""


def packed_sides(split: Split) -> bytes:
    """zlib of the JSON ``[[left], [right]]``, each sorted. Raises Rejected (``split_too_large``)."""
    sides = [sorted(map(str, split.left)), sorted(map(str, split.right))]
    packed = zlib.compress(orjson.dumps(sides), 6)
    if len(packed) > MOST_BYTES:
        named = len(split.left) + len(split.right)
        raise Rejected(
            "split_too_large",
            f"a split of {named:,} identifiers takes {len(packed):,} bytes and {MOST_BYTES:,} fit: separate fewer of them",
        )
    return packed


def sides_of(packed: bytes) -> tuple[frozenset[Identifier], frozenset[Identifier]]:
    left, right = orjson.loads(zlib.decompress(packed))
    return frozenset(map(Identifier.parse, left)), frozenset(map(Identifier.parse, right))
