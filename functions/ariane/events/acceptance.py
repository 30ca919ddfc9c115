"""Accepting a submission: before it returns, every valid event is in the log or the overflow queue, every invalid one among the rejects."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ariane.errors import Permanent, Rejected, Retryable
from ariane.events.cleaning import Cleaned, clean, context_of_batch, is_no_op, stamped
from ariane.events.enrichment import enrich
from ariane.events.keys import Keyed, log_items
from ariane.events.log import EventLog, Meter, Overflow, Reject, RejectStore
from ariane.events.measure import Inherited
from ariane.events.model import LogItem
from ariane.events.rejects import MAX_KEPT
from ariane.events.sources import Source
from ariane.events.timestamps import sent_instant
from ariane.events.wire import Request, Submission
from ariane.identity.identifiers import identifiers_of
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Rules

type ForEach = Callable[[Callable[[LogItem], bool], Sequence[LogItem]], Iterable[bool]]
"""``map``, or one that works on several items at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """A submission, decided: what to keep and what to refuse."""

    items: Sequence[LogItem]
    rejects: Sequence[Reject]


def sort_out(submission: Submission, *, source: Source, request: Request, rules: Rules, person_key: bytes) -> Sorted:
    """Pure. One bad event never harms its neighbours."""
    keyed: list[Keyed] = []
    rejects: list[Reject] = []
    sent_at = sent_instant(submission.sent_at)
    ids = _PersonIds(person_key)
    context, integrations = context_of_batch(submission.context), Inherited.of(submission.integrations)
    for place, item in enumerate(submission.items):
        try:
            cleaned = clean(item, batch_context=context, batch_integrations=integrations)
            if not is_no_op(cleaned.message):
                anchor = ids[_anchor(cleaned, source, rules)]
                keyed.append(_keyed(cleaned, anchor, source=source, request=request, place=place, sent_at=_sent(item, sent_at)))
        except Rejected as error:
            rejects.append(_reject(error, item, source=source, submission=submission, place=place, at=request.received_at))
    return Sorted(items=log_items(keyed, source=source.name, kind=source.kind, received_at=request.received_at), rejects=rejects)


class Acceptance:
    """Writes what ``sort_out`` decided. Every write is idempotent: whatever fails, the client's repeat completes it."""

    def __init__(self, *, log: EventLog, overflow: Overflow, rejects: RejectStore, meter: Meter, for_each: ForEach = map) -> None:
        self._log = log
        self._overflow = overflow
        self._rejects = rejects
        self._meter = meter
        self._for_each = for_each

    def keep(self, decided: Sorted) -> None:
        """Raises Retryable unless all of it is durable; tries every item all the same, so that a repeat has less to do."""
        is_written = list(self._for_each(self._is_written, decided.items))
        if decided.rejects:
            self._meter.count("EventsRejected", len(decided.rejects), Source=decided.rejects[0].source)
            self._rejects.put(decided.rejects)
        if not all(is_written):
            raise Retryable("log_unavailable", "not everything could be written; send the request again")

    def _is_written(self, item: LogItem) -> bool:
        try:
            self._log.append(item)
        except (Retryable, Permanent):  # to a client a log that is misconfigured is one that is away: it keeps its events
            return self._is_queued(item)
        return True

    def _is_queued(self, item: LogItem) -> bool:
        self._meter.count("LogOverflowed", Source=item.source)
        try:
            self._overflow.put(item)
        except (Retryable, Permanent):
            self._meter.count("LogUnavailable", Source=item.source)
            return False
        return True


class _PersonIds(dict[Identifier, str]):
    """Computed once per identifier: a request is mostly about one person."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, identifier: Identifier) -> str:
        self[identifier] = person_id(identifier, self._key)
        return self[identifier]


def _anchor(cleaned: Cleaned, source: Source, rules: Rules) -> Identifier:
    identifiers = identifiers_of(cleaned.message, rules, kind=source.kind, default_country=source.default_country)
    if not identifiers:
        raise Rejected("no_usable_identifier", "the event names nobody: userId, anonymousId, an external id or a trait that a rule names")
    return identifiers[0]


def _keyed(cleaned: Cleaned, anchor: str, *, source: Source, request: Request, place: int, sent_at: datetime | None) -> Keyed:
    message = stamped(cleaned, kind=source.kind, sent_at=sent_at, received_at=request.received_at, place=place)
    return Keyed(
        person_id=anchor,
        message=enrich(message, source, request),
        message_id=cleaned.message.get("messageId"),
        canonical=cleaned.canonical,
        original=cleaned.original,
    )


def _sent(item: Any, of_request: datetime | None) -> datetime | None:
    return of_request or sent_instant(item.get("sentAt"))


def _reject(error: Rejected, item: Any, *, source: Source, submission: Submission, place: int, at: datetime) -> Reject:
    try:
        body = orjson.dumps(item)
    except orjson.JSONEncodeError:  # nested too deeply to be written again
        body = submission.body[:MAX_KEPT]
    return Reject(source=source.name, at=at, code=error.code, message=error.message, index=place, body=body)
