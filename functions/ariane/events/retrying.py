"""Trying again what was refused: the very acceptance of the collector, with what came with the refused thing, and with today's rules.

The time of receipt is the first one, so clamping and keys are the same: whatever is repeated, be it this attempt after a crash or the
request by its client, lands on itself. What is accepted is in the log before the refusal is marked; what fails in between is tried again.
"""

import gzip
import zlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol
from urllib.parse import parse_qsl

from ariane.errors import NotFound, Rejected
from ariane.events.acceptance import Acceptance, Sorted, sort_out
from ariane.events.bodies import read_json
from ariane.events.log import LogKey, Reject, RejectHistory, Retried, Shape, StoredReject
from ariane.events.model import LogItem
from ariane.events.rejects import key_of_record
from ariane.events.routes import reader_of
from ariane.events.rudderstack import hinted_id
from ariane.events.sources import SourceDirectory
from ariane.events.wire import Request, Submission
from ariane.instants import Clock


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    IN_PART = "accepted_in_part"
    """A request that can be read now; those of its items that cannot be are rejects of their own."""
    QUEUED = "queued"
    """A parked record: stitch takes it up, and parks it again if it still cannot."""
    BEFORE = "retried_before"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    """Not all of it was kept, so there is nothing to try."""

    @property
    def is_settled(self) -> bool:
        return self in (Outcome.ACCEPTED, Outcome.IN_PART, Outcome.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryResult:
    id: str
    outcome: Outcome
    code: str | None = None
    """Why it is still refused."""
    message: str | None = None
    events: int = 0
    """Accepted now."""
    rejected: Sequence[Reject] = field(default_factory=tuple)


class ReplayQueue(Protocol):
    def put(self, keys: Sequence[LogKey]) -> None:
        """Durable on return; a key may be taken up twice. Raises Retryable."""
        ...


class LogItems(Protocol):
    def get(self, person_id: str, sort: str) -> LogItem | None: ...


class Retries:
    def __init__(
        self,
        *,
        rejects: RejectHistory,
        sources: SourceDirectory,
        acceptance: Acceptance,
        log: LogItems,
        replays: ReplayQueue,
        person_key: Callable[[], bytes],
        clock: Clock,
    ) -> None:
        self._rejects = rejects
        self._sources = sources
        self._acceptance = acceptance
        self._log = log
        self._replays = replays
        self._person_key = person_key
        self._clock = clock

    def retry(self, identity: str, *, by: str, is_dry_run: bool = False) -> RetryResult:
        """``by`` is the name of who asks. A dry run says what would happen and writes nothing. Raises NotFound, Retryable."""
        stored = self._rejects.get(identity)
        if stored is None:
            raise NotFound("reject_not_found", "there is no such reject: it has expired, or never was")
        result = self._tried(stored, is_dry_run=is_dry_run)
        if result.outcome.is_settled and not is_dry_run:
            self._rejects.mark_retried(stored, Retried(self._clock(), by))
        return result

    def _tried(self, stored: StoredReject, *, is_dry_run: bool) -> RetryResult:
        if stored.retried is not None:
            return RetryResult(id=stored.id, outcome=Outcome.BEFORE)
        try:
            if stored.reject.shape is Shape.RECORD:
                return self._replayed(stored, is_dry_run=is_dry_run)
            if stored.is_truncated or stored.reject.transport.is_partial:
                return RetryResult(id=stored.id, outcome=Outcome.TRUNCATED)
            return self._accepted(stored, self._decided(stored.reject), is_dry_run=is_dry_run)
        except Rejected as error:
            return _refused(stored, error.code, error.message)

    def _replayed(self, stored: StoredReject, *, is_dry_run: bool) -> RetryResult:
        key = key_of_record(stored.reject.body)
        try:
            item = self._log.get(*key) if key else None
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
            return _refused(stored, "unreadable_record", "the record is still no item of the log")
        if key is None or item is None:
            return _refused(stored, "log_item_gone", "the log holds no such item any more")
        if not is_dry_run:
            self._replays.put([key])
        return RetryResult(id=stored.id, outcome=Outcome.QUEUED, events=len(item.messages))

    def _decided(self, reject: Reject) -> Sorted:
        """Raises Rejected where the request still cannot be read, or nobody could have sent it."""
        source = self._sources.by_name(reject.source)
        if source is None:
            raise Rejected("source_unknown", f"there is no published source {reject.source!r}")
        request = _request_of(reject)
        known = self._sources.definitions()
        submission = _submission_of(reject, request)
        return sort_out(submission, source=source, request=request, rules=known.rules, person_key=self._person_key(), plan=known.plan)

    def _accepted(self, stored: StoredReject, decided: Sorted, *, is_dry_run: bool) -> RetryResult:
        if decided.rejects and stored.reject.shape is not Shape.REQUEST:
            again = decided.rejects[0]
            return _refused(stored, again.code, again.message)
        if not is_dry_run:
            self._acceptance.keep(decided)
        events = sum(len(item.messages) for item in decided.items)
        outcome = Outcome.IN_PART if decided.rejects else Outcome.ACCEPTED
        return RetryResult(id=stored.id, outcome=outcome, events=events, rejected=decided.rejects)


def _refused(stored: StoredReject, code: str, message: str) -> RetryResult:
    return RetryResult(id=stored.id, outcome=Outcome.REFUSED, code=code, message=message)


def _request_of(reject: Reject) -> Request:
    transport, body = reject.transport, reject.body
    query = transport.query
    if reject.shape is Shape.ITEM:
        body = b""
    elif transport.method == "GET":
        query, body = _query_of(body), b""
    elif transport.is_compressed:
        body = gzip.compress(body)
    return Request(
        method=transport.method,
        path=transport.path,
        received_at=reject.at,
        query=query,
        headers=transport.headers,
        body=body,
        source_ip=transport.source_ip,
    )


def _query_of(body: bytes) -> list[tuple[str, str]]:
    """As it was asked: ``data``, of which the document is kept, is base64 again."""
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return [(name, b64encode(value.encode()).decode() if name == "data" and value[:1] in ("{", "[") else value) for name, value in pairs]


def _submission_of(reject: Reject, request: Request) -> Submission:
    if reject.shape is Shape.ITEM:
        batch = reject.transport.batch
        return Submission(
            write_key=None,
            items=[read_json(reject.body)],
            sent_at=batch.get("sentAt"),
            context=batch.get("context"),
            integrations=batch.get("integrations"),
            body=reject.body,
            device_hint=hinted_id(request),
            retried=reject.index,
        )
    reader = reader_of(request.method, request.path, is_translated=reject.shape is Shape.TRANSLATED)
    if reader is None:
        raise Rejected("not_found", "there is nothing at this address any more")
    submission = reader(request)
    return replace(submission, retried=reject.index, sent_at=reject.transport.batch.get("sentAt") or submission.sent_at)
