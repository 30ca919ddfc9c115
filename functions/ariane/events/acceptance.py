"""Accepting a submission: before it returns, every valid event is in the log or the overflow queue, every invalid one among the rejects."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ariane.errors import Permanent, Rejected, Retryable
from ariane.events.bots import BotWatch
from ariane.events.cleaning import Cleaned, clean, context_of_batch, is_no_op, stamped
from ariane.events.enrichment import enrich
from ariane.events.keys import Keyed, log_items
from ariane.events.log import EventLog, Meter, Overflow, Reject, RejectStore
from ariane.events.measure import Inherited
from ariane.events.model import LogItem, Message
from ariane.events.refusals import ItemRefusals
from ariane.events.sources import Source
from ariane.events.timestamps import REACH, sent_instant
from ariane.events.wire import Request, Submission
from ariane.identity.identifiers import effort_of, identifiers_of, normalise
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Rules
from ariane.identity.signatures import is_verified, verdict
from ariane.instants import format_instant

if TYPE_CHECKING:
    from ariane.events.tracking_plan import TrackingPlan

MAX_EFFORT = 200_000
"""Characters of slowly read identifiers in a request: 80 an event of the most events, and half a second."""
_BY_BOT = b"bot"
_SIGNED = b"signed"

_GRANT = "Consent Granted"
type ForEach = Callable[[Callable[[LogItem], bool], Sequence[LogItem]], Iterable[bool]]
"""``map``, or one that works on several items at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """A submission, decided: what to keep and what to refuse."""

    items: Sequence[LogItem]
    rejects: Sequence[Reject]


def sort_out(
    submission: Submission,
    *,
    source: Source,
    request: Request,
    rules: Rules,
    person_key: bytes,
    signing_key: bytes | None = None,
    plan: "TrackingPlan | None" = None,
) -> Sorted:
    """Pure. One bad event never harms its neighbours. Without ``signing_key`` no signature holds; without ``plan`` any event is planned."""
    keyed: list[Keyed] = []
    rejects: list[Reject] = []
    sent_at, at = sent_instant(submission.sent_at), request.received_at
    ids = _PersonIds(person_key)
    bots, effort = BotWatch(source, request), _Effort(rules)
    context, integrations = context_of_batch(submission.context), Inherited.of(submission.integrations)
    cleaning, planned = partial(clean, batch_context=context, batch_integrations=integrations), plan.of_request() if plan else _unchecked
    refusals = ItemRefusals(submission, source=source, request=request, context=context, integrations=integrations)
    is_alone = submission.retried is not None
    for place, item in enumerate(submission.items):
        try:
            cleaned = cleaning(_unless_refused(item))
            if not is_no_op(cleaned.message):
                effort.spend(cleaned.message)
                check_consent(cleaned, source, rules)
                if submission.device_hint and _names_nobody(cleaned, source, rules):
                    cleaned = cleaning(item | {"anonymousId": submission.device_hint})
                anchor = ids[_anchor(cleaned, source, rules)]
                message = stamped(cleaned, kind=source.kind, sent_at=_sent(item, sent_at), received_at=at, place=submission.index(place))
                is_bots = bots.is_bots(message)
                message = enrich(planned(message), source, request, is_bots=is_bots)
                message = _judged(message, cleaned, source, signing_key, at)
                keyed.append(_keyed(cleaned, anchor, message, is_bots=is_bots, is_alone=is_alone))
        except Rejected as error:
            rejects.append(refusals.of(error, place=place))
    items = log_items(keyed, source=source.name, kind=source.kind, received_at=at)
    return Sorted(items=items, rejects=rejects if submission.origins is None else _first_of_each(rejects))


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
        backdated = sum(map(_backdated, decided.items))
        if backdated:
            self._meter.count("EventsBackdated", backdated, Source=decided.items[0].source)

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


def _unless_refused(item: Any) -> Any:
    """What its protocol's reader refused comes as the reason."""
    if isinstance(item, Rejected):
        raise item
    return item


def _unchecked(message: Message) -> Message:
    """Of a brand without a tracking plan."""
    return message


class _Effort:
    """A small request can hold identifiers that take seconds to read."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._left = MAX_EFFORT

    def spend(self, message: Message) -> None:
        """Raises Rejected, having read nothing, where the request's other events have left too little."""
        effort = effort_of(message, self._rules)
        if effort > self._left:
            raise Rejected(
                "too_many_identifiers", "the request holds too many telephone numbers or international addresses; send fewer at once"
            )
        self._left -= effort


def _backdated(item: LogItem) -> int:
    """Events whose clocks reached further back than a public source's word counts."""
    if item.kind.is_trusted:
        return 0
    earliest = format_instant(item.received_at - REACH)
    return sum(message["timestamp"] <= earliest for message in item.messages)


def _first_of_each(rejects: Iterable[Reject]) -> list[Reject]:
    """What the client sent as one item is refused once."""
    by_index: dict[int | None, Reject] = {}
    for reject in rejects:
        by_index.setdefault(reject.index, reject)
    return list(by_index.values())


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


def _names_nobody(cleaned: Cleaned, source: Source, rules: Rules) -> bool:
    """An external id that no rule knows yet names somebody too."""
    message = cleaned.message
    if any(name in message for name in ("userId", "anonymousId", "previousId")) or message.get("context", {}).get("externalIds"):
        return False
    return not identifiers_of(message, rules, kind=source.kind, default_country=source.default_country)


def check_consent(cleaned: Cleaned, source: Source, rules: Rules) -> None:
    """A grant that grants nothing must not pass for one: the shop would believe that it may write."""
    if cleaned.message.get("event") != _GRANT or cleaned.message["type"] != "track":
        return
    # Here, as few requests hold one and every cold start would pay for it.
    from ariane.privacy.consents import fault_of_grant

    def is_address(namespace: str, value: str) -> bool:
        return normalise(namespace, value, rules, default_country=source.default_country) is not None

    fault = fault_of_grant(cleaned.message.get("properties", {}), is_address=is_address)
    if fault is not None:
        raise Rejected("invalid_consent", fault)


def _judged(message: Message, cleaned: Cleaned, source: Source, key: bytes | None, at: datetime) -> Message:
    """With the word whether its signature holds in the signature's place. A trusted source needs none."""
    if cleaned.signature is None or source.kind.is_trusted:
        return message
    return {**message, "context": {**message.get("context", {}), "signature": verdict(cleaned.signature, key, message, at=at)}}


def _keyed(cleaned: Cleaned, anchor: str, message: Message, *, is_bots: bool, is_alone: bool) -> Keyed:
    """A bot that repeats a person's request, or comes before it (a mail's images are looked at by both), leaves an item of its own. So does
    each of equal items without a time that are tried again ``is_alone``: the id that their place gives them tells them apart. And so does
    what is signed: the same without a signature that holds must not pass for it."""
    is_placed = is_alone and cleaned.original is None
    is_signed = cleaned.signature is not None and is_verified(message.get("context", {}).get("signature"))
    return Keyed(
        person_id=anchor,
        message=message,
        message_id=message["messageId"] if is_placed else cleaned.message.get("messageId"),
        canonical=cleaned.canonical + (_BY_BOT if is_bots else b"") + (_SIGNED if is_signed else b""),
        original=cleaned.original,
    )


def _sent(item: Any, of_request: datetime | None) -> datetime | None:
    return of_request or sent_instant(item.get("sentAt"))
