"""Signed tokens for links: short, URL-safe, bound to one purpose and an expiry.

    token = base64url(JSON [expiry in epoch seconds, payload]) "." base64url(first 16 bytes of HMAC-SHA256(key, purpose NUL JSON))

Signed, not encrypted: whoever holds a token can read its payload, so it carries ids and never contact details.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from ariane.errors import Denied

_MAC_BYTES = 16


def sign(payload: Mapping[str, Any], key: bytes, *, purpose: str, expires_at: datetime) -> str:
    """The token. ``purpose`` goes into the signature but not into the token: an unsubscribe token is no click token.

    The same arguments give the same token; expiry counts in whole seconds.
    """
    body = orjson.dumps([int(expires_at.timestamp()), payload], option=orjson.OPT_SORT_KEYS)
    return f"{_encode(body)}.{_encode(_mac(body, key, purpose))}"


def verify(token: str, key: bytes, now: datetime, *, purpose: str) -> dict[str, Any]:
    """The payload. Raises Denied: ``link_forged`` (not ours, altered, or for another purpose) or ``link_expired``."""
    body = _authentic(token, key, purpose)
    expiry, payload = orjson.loads(body)
    if now.timestamp() >= expiry:
        raise Denied("link_expired", "this link has expired")
    return dict(payload)


def _authentic(token: str, key: bytes, purpose: str) -> bytes:
    try:
        encoded, signature = token.split(".")
        body = _decode(encoded)
        given = _decode(signature)
    except ValueError as error:
        raise _forged() from error
    # Re-encoding must give the same text: base64 has several spellings of the same bytes, and one link is one token.
    if _encode(given) != signature or _encode(body) != encoded or not hmac.compare_digest(given, _mac(body, key, purpose)):
        raise _forged()
    return body


def _forged() -> Denied:
    return Denied("link_forged", "this link was not made here")


def _mac(body: bytes, key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + body, "sha256")[:_MAC_BYTES]


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
