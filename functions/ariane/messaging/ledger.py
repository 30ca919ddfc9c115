"""The ledger of messages: what was claimed, sent, skipped, and why. The claim is the moment of decision."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ariane.messaging.model import FINAL, LedgerEntry, MessageClass, Status

CLAIM_LIFETIME = timedelta(minutes=15)
"""A claim older than this has lost its worker: whether the message left is unclear."""
UNDECIDED_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningEnrolment:
    """The enrolment's keys and where it must still stand for the claim to hold."""

    profile: str
    enrolment: str
    node: str
    visit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    entry: LedgerEntry
    enrolment: RunningEnrolment
    heads: Mapping[str, int]
    """Root person id -> its head's version as the checks saw it: a merge or a consent decision since then voids the claim. The profile's
    root, and the address's where that is another."""
    seen: LedgerEntry | None
    """The entry that stood when the message was looked up, which this claim replaces; None: there was none."""


class ClaimResult(StrEnum):
    CLAIMED = "claimed"
    TAKEN = "taken"
    """What stands is not what was seen, or may not be replaced: read it."""
    ENROLMENT_ENDED = "enrolment_ended"
    SUPPRESSED = "suppressed"
    PROFILE_CHANGED = "profile_changed"
    """Read the profile and its consents again and decide again."""


class Ledger(Protocol):
    def find(self, message_id: str, person_ids: Collection[str]) -> Sequence[LedgerEntry]:
        """The entries of one message under any of a profile's ids, as of every write committed before the call."""
        ...

    def claim(self, claim: Claim) -> ClaimResult:
        """One transaction: writes the entry, status ``claimed``, if what stands is still what was seen (its ``at`` and status) and
        ``may_be_replaced``, the enrolment still runs at that node and visit, the heads are unchanged and the address is not suppressed.
        Otherwise nothing is written."""
        ...

    def skip(self, entry: LedgerEntry) -> bool:
        """Writes an entry that was never claimed (``skipped``). False, and nothing written, where an entry other than a reopened stands."""
        ...

    def move(self, entry: LedgerEntry, status: Status, *, reason: str | None = None, provider_id: str | None = None) -> bool:
        """Moves the stored entry on. False, and nothing written, where it no longer is the claim ``entry`` saw (its ``at``), or where the
        ledger would go back. Moving to the status and reason it already has is True."""
        ...

    def entries_of(self, person_ids: Collection[str]) -> Sequence[LedgerEntry]:
        """Every entry under these ids, newest first."""
        ...

    def unsettled(self, now: datetime, *, limit: int) -> Sequence[LedgerEntry]:
        """Undecided entries whose ``settles_at`` has passed, longest ago first; may lag behind the last writes by a moment."""
        ...


class Suppressions(Protocol):
    def suppress(self, address_id: str, *, reason: str, at: datetime) -> None:
        """No message to this address is claimed from here on. The first reason stays."""
        ...

    def reason(self, address_id: str) -> str | None: ...


_REPLACEABLE: Mapping[MessageClass, frozenset[Status]] = {
    MessageClass.MARKETING: frozenset({Status.REOPENED}),
    MessageClass.TRANSACTIONAL: frozenset({Status.REOPENED, Status.CLAIMED, Status.UNCLEAR}),
}


def may_be_replaced(entry: LedgerEntry) -> bool:
    """By a new claim. Marketing: only where it certainly did not leave."""
    return entry.status in _REPLACEABLE[entry.message_class] and entry.reason != FINAL


def settles_at(entry: LedgerEntry) -> datetime:
    """When the sweep decides on an undecided entry. The day counts from the first claim, however often it was claimed again."""
    if entry.status is Status.CLAIMED:
        return entry.at + CLAIM_LIFETIME
    return (entry.first_at or entry.at) + UNDECIDED_LIFETIME
