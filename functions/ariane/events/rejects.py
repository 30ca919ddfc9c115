"""What a kept refusal is called and how much of it is kept."""

from dataclasses import replace
from hashlib import sha256

from ariane.events.log import Reject
from ariane.instants import format_instant

MAX_KEPT = 64 * 1024


def reject_id(reject: Reject) -> str:
    """``{day}/{digest of source, code and body}``: a repeated request refuses the same thing once a day."""
    digest = sha256(f"{reject.source}\0{reject.code}\0".encode() + reject.body).hexdigest()[:32]
    return f"{format_instant(reject.at)[:10]}/{digest}"


def bounded(reject: Reject) -> Reject:
    return replace(reject, body=reject.body[:MAX_KEPT])
