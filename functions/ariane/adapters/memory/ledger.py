"""The message ledger and the suppression list in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ariane.identity.model import Head
from ariane.identity.trees import Heads
from ariane.messaging.ledger import Claim, ClaimResult, RunningEnrolment, may_be_replaced, settles_at
from ariane.messaging.model import LedgerEntry, Status, statuses_before


class Enrolments(Protocol):
    def is_running(self, enrolment: RunningEnrolment) -> bool: ...


class MemorySuppressions:
    def __init__(self) -> None:
        self._reasons: dict[str, tuple[str, datetime]] = {}

    def suppress(self, address_id: str, *, reason: str, at: datetime) -> None:
        self._reasons.setdefault(address_id, (reason, at))

    def reason(self, address_id: str) -> str | None:
        found = self._reasons.get(address_id)
        return found[0] if found else None


class MemoryLedger:
    def __init__(self, *, enrolments: Enrolments, heads: Heads, suppressions: MemorySuppressions) -> None:
        self._enrolments = enrolments
        self._heads = heads
        self._suppressions = suppressions
        self._entries: dict[tuple[str, str], LedgerEntry] = {}

    def find(self, message_id: str, person_ids: Collection[str]) -> Sequence[LedgerEntry]:
        return [entry for person_id in sorted(person_ids) if (entry := self._entries.get((person_id, message_id)))]

    def claim(self, claim: Claim) -> ClaimResult:
        refusal = self._refusal(claim)
        if refusal is None:
            self._entries[claim.entry.profile, claim.entry.id] = claim.entry
        return refusal or ClaimResult.CLAIMED

    def _refusal(self, claim: Claim) -> ClaimResult | None:
        entry = claim.entry
        stored = self._entries.get((entry.profile, entry.id))
        if not _is_as_seen(stored, claim.seen) or (stored and not may_be_replaced(stored)):
            return ClaimResult.TAKEN
        if not self._enrolments.is_running(claim.enrolment):
            return ClaimResult.ENROLMENT_ENDED
        if entry.address_id and self._suppressions.reason(entry.address_id):
            return ClaimResult.SUPPRESSED
        heads = self._heads.heads(claim.heads)
        is_same = all(_is_unchanged(heads.get(root_id), version) for root_id, version in claim.heads.items())
        return None if is_same else ClaimResult.PROFILE_CHANGED

    def skip(self, entry: LedgerEntry) -> bool:
        stored = self._entries.get((entry.profile, entry.id))
        if stored is not None and stored.status is not Status.REOPENED:
            return False
        self._entries[entry.profile, entry.id] = entry
        return True

    def move(self, entry: LedgerEntry, status: Status, *, reason: str | None = None, provider_id: str | None = None) -> bool:
        stored = self._entries.get((entry.profile, entry.id))
        if stored is None or stored.at != entry.at:
            return False
        if stored.status not in statuses_before(status) and not (stored.status is status and stored.reason in (reason, None)):
            return False
        self._entries[entry.profile, entry.id] = replace(
            stored, status=status, reason=reason, provider_id=provider_id or stored.provider_id
        )
        return True

    def entries_of(self, person_ids: Collection[str]) -> Sequence[LedgerEntry]:
        found = [entry for (profile, _), entry in self._entries.items() if profile in person_ids]
        return sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)

    def unsettled(self, now: datetime, *, limit: int) -> Sequence[LedgerEntry]:
        due = [entry for entry in self._entries.values() if entry.is_undecided and settles_at(entry) <= now]
        return sorted(due, key=settles_at)[:limit]


def _is_as_seen(stored: LedgerEntry | None, seen: LedgerEntry | None) -> bool:
    if stored is None or seen is None:
        return stored is seen
    return (stored.at, stored.status) == (seen.at, seen.status)


def _is_unchanged(head: Head | None, version: int) -> bool:
    return version == 0 if head is None else head.parent is None and head.version == version
