"""A message: one e-mail, SMS or push meant for one profile, and its entry in the ledger, whether it was sent or not."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from ariane.errors import Rejected


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class MessageClass(StrEnum):
    MARKETING = "marketing"
    """Claimed at most once; needs a recorded grant."""
    TRANSACTIONAL = "transactional"
    """Sent at least once; needs no grant."""


class Status(StrEnum):
    REOPENED = "reopened"
    """The provider did not take it, and the reason says why: nothing left, the message may be claimed again."""
    CLAIMED = "claimed"
    UNCLEAR = "unclear"
    SKIPPED = "skipped"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


UNDECIDED = frozenset({Status.REOPENED, Status.CLAIMED, Status.UNCLEAR})

_AFTER: Mapping[Status, frozenset[Status]] = {
    Status.REOPENED: frozenset({Status.CLAIMED, Status.SKIPPED, Status.FAILED}),
    Status.CLAIMED: frozenset(Status) - {Status.CLAIMED, Status.SKIPPED},
    Status.UNCLEAR: frozenset({Status.SENT, Status.FAILED, Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED}),
    Status.SKIPPED: frozenset(),
    Status.SENT: frozenset({Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED, Status.FAILED}),
    Status.FAILED: frozenset(),
    Status.DELIVERED: frozenset({Status.COMPLAINED, Status.BOUNCED}),
    Status.BOUNCED: frozenset(),
    Status.COMPLAINED: frozenset(),
}


def statuses_before(status: Status) -> frozenset[Status]:
    """From which statuses an entry may move to ``status``: the ledger never goes back. Nothing but a new claim leads to ``claimed``."""
    return frozenset(before for before, after in _AFTER.items() if status in after)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A message of the send queue. ``profile`` and ``enrolment`` are the enrolment's keys: the profile's root may be another by now."""

    profile: str
    enrolment: str
    journey: str
    version: str
    key: str
    number: int
    node: str
    visit: int
    channel: Channel
    template: str
    topic: str
    attempt: int = 0

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Raises Rejected (``malformed_send``)."""
        try:
            return cls(
                profile=str(body["profile"]),
                enrolment=str(body["enrolment"]),
                journey=str(body["journey"]),
                version=str(body["version"]),
                key=str(body["key"]),
                number=int(body["number"]),
                node=str(body["node"]),
                visit=int(body["visit"]),
                channel=Channel(body["channel"]),
                template=str(body["template"]),
                topic=str(body["topic"]),
                attempt=int(body.get("attempt", 0)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Rejected("malformed_send", f"a send request lacks or garbles {error}") from error

    @property
    def message_id(self) -> str:
        """The same for every profile, so that after a merge the absorbed profiles' entries are found under their own keys."""
        return message_id(self.journey, self.key, self.number, self.node, self.visit, self.attempt)


def message_id(*parts: str | int) -> str:
    """``msg_`` + 26 lower-case base32 characters of SHA-256 over the length-prefixed parts."""
    text = "".join(f"{len(str(part))}:{part}" for part in parts)
    digest = hashlib.sha256(text.encode()).digest()[:16]
    return "msg_" + base64.b32encode(digest).decode().rstrip("=").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    profile: str
    """Root person id at the claim: the entry's partition."""
    id: str
    channel: Channel
    template: str
    journey: str
    version: str
    node: str
    topic: str
    message_class: MessageClass
    status: Status
    at: datetime
    first_at: datetime | None = None
    """When the first claim was made, where ``at`` is that of a later one."""
    reason: str | None = None
    provider_id: str | None = None
    address_id: str | None = None
    """Person id of the address: the ledger holds no address."""
    segments: int | None = None
    """Of an SMS: what is paid for."""

    @property
    def is_undecided(self) -> bool:
        return self.status in UNDECIDED and self.reason != FINAL


FINAL = "never_settled"
"""Reason of an entry that stays ``unclear`` for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a send node's message: the journey moves on with it."""

    profile: str
    enrolment: str
    node: str
    visit: int
    status: Status
    reason: str | None = None
