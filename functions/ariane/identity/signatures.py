"""Signed identify: the brand's backend vouches that a browser's or app's ``userId`` and ``anonymousId`` belong together, until an expiry.

A signature is ``v1.{expiry, Unix seconds}.{HMAC-SHA256, hex}`` of the text ``v1\\n{expiry}\\n{userId}\\n{anonymousId}`` in UTF-8, under the
deployment's signing key as the parameter store shows it. An id that is absent is empty; one with control characters identifies nobody and
is not signed, so no two pairs have the same text. Imported by collect: nothing heavy at the top.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

VERSION = "v1"
VERIFIED = "verified"
_SIGNATURE = re.compile(r"v1\.(\d{1,12})\.([0-9a-f]{64})", re.ASCII)
_UNSIGNABLE = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 128

type Verdict = Mapping[str, bool | str]
"""What a message keeps in the credential's place: ``{"verified": true}``, or ``{"verified": false, "reason": …}``."""


class Fault(StrEnum):
    MALFORMED = "malformed"
    FORGED = "forged"
    """Of another user, another anonymous id or another key, or with another expiry."""
    EXPIRED = "expired"


def signature(key: bytes, *, user_id: str, anonymous_id: str = "", expires_at: datetime) -> str:
    """Raises ValueError for an id that cannot be signed."""
    if not user_id or _UNSIGNABLE.search(user_id + anonymous_id):
        raise ValueError("a signature is of a user id, and of ids without control characters")
    expiry = str(int(expires_at.timestamp()))
    return f"{VERSION}.{expiry}.{_digest(key, expiry, user_id, anonymous_id)}"


def verdict(given: object, key: bytes | None, message: Mapping[str, Any], *, at: datetime) -> Verdict:
    """Of what a client put into ``context.signature`` of ``message``, received ``at``. Whatever it is, never raises, and the answer holds
    nothing of it. Without a key none holds."""
    fault = _fault(given, key, str(message.get("userId", "")), str(message.get("anonymousId", "")), at)
    return {"verified": True} if fault is None else {"verified": False, "reason": fault.value}


def is_verified(mark: object) -> bool:
    """Whether ``context.signature`` of a logged message is collect's own word that the signature holds."""
    return isinstance(mark, Mapping) and mark.get("verified") is True


def word_of(mark: object) -> str | None:
    """``VERIFIED`` or the fault's reason of such a mark; None: there is none."""
    if is_verified(mark):
        return VERIFIED
    reason = mark.get("reason") if isinstance(mark, Mapping) else None
    return reason if isinstance(reason, str) and reason in set(Fault) else None


def _fault(given: object, key: bytes | None, user_id: str, anonymous_id: str, at: datetime) -> Fault | None:
    found = _SIGNATURE.fullmatch(given) if isinstance(given, str) and len(given) <= _LONGEST else None
    if found is None:
        return Fault.MALFORMED
    expiry, digest = found.groups()
    if not key or not user_id or _UNSIGNABLE.search(user_id + anonymous_id):
        return Fault.FORGED
    if not hmac.compare_digest(digest, _digest(key, expiry, user_id, anonymous_id)):
        return Fault.FORGED
    return Fault.EXPIRED if int(expiry) <= at.timestamp() else None


def _digest(key: bytes, expiry: str, user_id: str, anonymous_id: str) -> str:
    text = "\n".join((VERSION, expiry, user_id, anonymous_id))
    return hmac.digest(key, text.encode(errors="surrogatepass"), "sha256").hex()
