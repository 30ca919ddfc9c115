"""The sweep: no entry of the ledger stays undecided for more than a day."""

from dataclasses import dataclass
from datetime import datetime

from ariane.messaging.ledger import Ledger, settles_at
from ariane.messaging.model import FINAL, LedgerEntry, Status

MOST = 1_000
"""What one run settles: a fraction of the minute until the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    unclear: int = 0
    """Claims without a word for 15 minutes."""
    closed: int = 0
    """Undecided for a day: final."""


def sweep(ledger: Ledger, now: datetime, *, limit: int = MOST) -> Swept:
    """Settles up to ``limit`` entries whose time is up, those first that wait longest; the rest is the next run's. Safe to run twice and
    beside a sender."""
    due = [entry for entry in ledger.unsettled(now, limit=limit) if settles_at(entry) <= now]
    unclear = closed = 0
    for entry in due:
        status, reason = _settled(entry)
        moved = ledger.move(entry, status, reason=reason)
        unclear += moved and status is Status.UNCLEAR and reason is None
        closed += moved and (status is not Status.UNCLEAR or reason is not None)
    return Swept(unclear=unclear, closed=closed)


def _settled(entry: LedgerEntry) -> tuple[Status, str | None]:
    """A claim becomes unclear; an unclear one stays so for good; one that no provider took has failed for what was in the way."""
    if entry.status is Status.CLAIMED:
        return Status.UNCLEAR, None
    return (Status.FAILED, entry.reason or FINAL) if entry.status is Status.REOPENED else (Status.UNCLEAR, FINAL)
