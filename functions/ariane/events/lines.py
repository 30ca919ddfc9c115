"""Events in files: a Segment message a line, as ``ariane events export`` writes it and every dry run reads it. Pure.

Beside the message a line may have ``source``, the kind of what sent it (``server`` unless said: a trusted one), and ``sourceName``, what
the brand calls it (its kind unless said). ``timestamp`` is the time of the event, as it stands: nothing is corrected or clamped any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from ariane.errors import Rejected
from ariane.events.acceptance import check_consent
from ariane.events.bots import BotWatch
from ariane.events.cleaning import Cleaned, clean, is_no_op, stamped
from ariane.events.model import Event, LogItem, Message, SourceKind, event_of, is_of_bot
from ariane.events.sources import Source
from ariane.events.timestamps import sent_instant, stated_instant
from ariane.events.wire import Request
from ariane.identity.identifiers import identifiers_of
from ariane.identity.rules import Identifier, Rules
from ariane.identity.signatures import verdict
from ariane.instants import format_instant

LONGEST_LINE = 1_000_000
"""Bytes. An event has 32 KB; spaces and escapes may make more of it."""


@dataclass(frozen=True, slots=True)
class LineEvent:
    event: Event
    identifiers: tuple[Identifier, ...]


def read_line(line: bytes, rules: Rules) -> LineEvent | None:
    """As collect would take it in. None: a blank line, an alias that says nothing, or what a bot did. Raises Rejected with the code that
    collect would refuse it with, or ``invalid_json``, ``unknown_source_kind``, ``timestamp_missing``."""
    if not line.strip():
        return None
    item = object_of(line)
    kind = _kind(item.get("source"))
    name = item.get("sourceName")
    name = name if isinstance(name, str) and name else kind.value
    source = Source(name=name, kind=kind, default_country=rules.countries.get(name))
    cleaned = clean(item)
    if is_no_op(cleaned.message):
        return None
    check_consent(cleaned, source, rules)
    received_at = sent_instant(item.get("receivedAt"))
    at = _time(item, cleaned, received_at)
    message = _judged(_stamped(cleaned, at), cleaned, source, at)
    if received_at is not None and item.get("originalTimestamp") is None:
        message.pop("originalTimestamp", None)  # in the log it had none
    identifiers = identifiers_of(message, rules, kind=kind, default_country=source.default_country)
    if not identifiers:
        raise Rejected("no_usable_identifier", "the event names nobody: userId, anonymousId, an external id or a trait that a rule names")
    if is_of_bot(message):
        return None
    return LineEvent(event_of(LogItem("", "", name, kind, received_at or at, (message,)), message), identifiers)


def line_of(message: Mapping[str, Any], *, kind: SourceKind, source: str, received_at: datetime) -> bytes:
    """With its line break. ``read_line`` gives the event back."""
    around = {"source": kind.value, "sourceName": source, "receivedAt": format_instant(received_at)}
    return orjson.dumps({**message, **around}, option=orjson.OPT_APPEND_NEWLINE)


def object_of(line: bytes) -> Mapping[str, Any]:
    """Raises Rejected."""
    if len(line) > LONGEST_LINE:
        raise Rejected("event_too_large", f"a line has at most {LONGEST_LINE:,} bytes")
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Rejected("invalid_json", f"the line is not JSON: {error.msg}, column {error.colno}") from error
    if not isinstance(item, Mapping):
        raise Rejected("invalid_event", "an event is a JSON object")
    return item


def _kind(value: object) -> SourceKind:
    try:
        return SourceKind.SERVER if value is None else SourceKind(str(value))
    except ValueError as error:
        raise Rejected("unknown_source_kind", f"source is none of {', '.join(SourceKind)}: its name goes into sourceName") from error


def _time(item: Mapping[str, Any], cleaned: Cleaned, received_at: datetime | None) -> datetime:
    """What else may stand there (``originalTimestamp``, ``receivedAt``) serves only where ``timestamp`` is missing."""
    at = stated_instant(item.get("timestamp")) or cleaned.original or received_at
    if at is None:
        raise Rejected("timestamp_missing", "a line needs timestamp, an ISO 8601 instant: nothing else says when it happened")
    return at


def _stamped(cleaned: Cleaned, at: datetime) -> Message:
    """Nothing is corrected of a trusted source's time that is the time of its receipt."""
    return stamped(replace(cleaned, original=at), kind=SourceKind.SERVER, sent_at=None, received_at=at, place=0)


def _judged(message: Message, cleaned: Cleaned, source: Source, at: datetime) -> Message:
    """With the marks that collect would have set, or has. There is no key here: a signature holds where collect found so, before the
    export."""
    context = dict(message.get("context", {}))
    if cleaned.signature is not None and not source.kind.is_trusted:
        given = cleaned.signature
        context["signature"] = given if isinstance(given, Mapping) else verdict(given, None, message, at=at)
    if BotWatch(source, Request(method="POST", path="/v1/batch", received_at=at)).is_bots(message):
        context["bot"] = True
    return {**message, "context": context} if context else {**message}
