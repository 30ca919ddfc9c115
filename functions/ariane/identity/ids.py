"""Person ids: computed from an identifier, never allocated, not guessable without the deployment's key."""

import base64
import hashlib
import hmac

from ariane.identity.rules import Identifier

DRY_RUN_KEY = b"ariane dry run"
"""Published: the ids of a dry run on files are the same everywhere, and nobody's in any deployment."""


def person_id(identifier: Identifier, key: bytes) -> str:
    """``prs_`` + 26 lower-case base32 characters of HMAC-SHA256(key, ``namespace:value``), cut to 16 bytes."""
    digest = hmac.digest(key, str(identifier).encode(), hashlib.sha256)[:16]
    return "prs_" + base64.b32encode(digest).decode().rstrip("=").lower()


ID_BYTES = 16


def packed_id(text: str) -> bytes:
    """A person id as the ``ID_BYTES`` bytes that it writes. Raises ValueError for what is none."""
    return base64.b32decode(text.removeprefix("prs_").upper() + "======")


def unpacked_id(packed: bytes) -> str:
    return "prs_" + base64.b32encode(packed).decode().rstrip("=").lower()
