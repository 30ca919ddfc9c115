"""From an item as it came to a message as the log keeps it, or the reason why not. Pure: equal items give equal canonical bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from ariane.errors import Rejected
from ariane.events.measure import Inherited, canonical
from ariane.events.model import Message, SourceKind
from ariane.events.timestamps import corrected, stated_instant
from ariane.instants import format_instant

MAX_MESSAGE_ID = 99
MAX_EXTERNAL_IDS = 100
"""More than anybody has; each is normalised, which takes longer than to send it."""
TYPES = frozenset({"identify", "track", "page", "screen", "group", "alias"})

_IDS = ("userId", "anonymousId", "previousId", "groupId")
_TEXTS = ("event", "name", "category")
_OBJECTS = ("properties", "traits", "integrations")
_CONTEXT = frozenset(
    {
        "active",
        "app",
        "bot",
        "campaign",
        "channel",
        "device",
        "externalIds",
        "groupId",
        "integrations",
        "ip",
        "library",
        "locale",
        "location",
        "network",
        "os",
        "page",
        "referrer",
        "screen",
        "signature",
        "timezone",
        "traits",
        "userAgent",
        "userAgentData",
    }
)
_NOTHING = Inherited()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """``message`` has no ``timestamp`` yet. ``canonical`` is what its keys are made of: nothing of the transport is in it, so a repeated
    request has the same."""

    message: Message
    canonical: bytes
    original: datetime | None
    signature: Any = None
    """``context.signature`` as sent: a credential, so neither in the message nor in what is made of it."""


def context_of_batch(value: Any) -> Inherited:
    return Inherited.of(value, names=_CONTEXT)


def clean(item: Any, *, batch_context: Inherited = _NOTHING, batch_integrations: Inherited = _NOTHING) -> Cleaned:
    """Raises Rejected with the reason. Null ids and null objects count as absent; a trait's null stays: it removes the trait."""
    if not isinstance(item, Mapping):
        raise Rejected("invalid_event", "an event is a JSON object")
    message = _typed(item)
    original = _stated(item, message)
    for name in _IDS:
        _keep(message, name, _identifier(item.get(name)))
    for name in _OBJECTS:
        _keep(message, name, _object(item, name))
    context = _context(item, batch_context)
    signature = context.pop("signature", None)
    _keep(message, "context", context)
    _keep(message, "integrations", batch_integrations.below(message.get("integrations", {})))
    _keep(message, "messageId", _message_id(item.get("messageId")))
    return Cleaned(message=message, canonical=canonical(message), original=original, signature=signature)


def is_no_op(message: Message) -> bool:
    """An alias of an id to itself says nothing."""
    return message["type"] == "alias" and message.get("userId") is not None and message.get("userId") == message.get("previousId")


def stamped(cleaned: Cleaned, *, kind: SourceKind, sent_at: datetime | None, received_at: datetime, place: int) -> Message:
    """The message with its time and, where it came without, its id.

    The id is the content's hash. Without a time of its own, two equal events may be two happenings, so the hash takes in when and where
    in the request it came: such an event is kept at least once.
    """
    instant = corrected(cleaned.original, sent_at=sent_at, received_at=received_at, is_public=not kind.is_trusted)
    message = cleaned.message | {"timestamp": format_instant(instant)}
    if "messageId" not in message:
        moment = b"" if cleaned.original else f"{format_instant(received_at)}/{place}".encode()
        message["messageId"] = "hash-" + sha256(cleaned.canonical + moment).hexdigest()[:32]
    return message


def _typed(item: Mapping[str, Any]) -> Message:
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise Rejected("unknown_type", "type is none of " + ", ".join(sorted(TYPES)))
    message: Message = {"type": kind}
    for name in _TEXTS:
        value = item.get(name)
        _keep(message, name, value if isinstance(value, str) else None)
    if kind == "track" and not message.get("event", "").strip():
        raise Rejected("event_missing", "a track needs event, a name that is not blank")
    return message


def _stated(item: Mapping[str, Any], message: Message) -> datetime | None:
    stated = item.get("originalTimestamp")
    stated = item.get("timestamp") if stated is None else stated
    original = stated_instant(stated)
    _keep(message, "originalTimestamp", stated)
    return original


def _identifier(value: Any) -> str | None:
    """Numbers are ids too (a shop's customer numbers); what is neither text nor number names nobody."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _message_id(value: Any) -> str | None:
    text = _identifier(value)
    if text and len(text) > MAX_MESSAGE_ID:
        raise Rejected("message_id_too_long", f"messageId has at most {MAX_MESSAGE_ID} characters")
    return text


def _object(item: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = item.get(name)
    if value is not None and not isinstance(value, dict):
        raise Rejected("not_an_object", f"{name} is not a JSON object")
    return value or None


def _context(item: Mapping[str, Any], batch_context: Inherited) -> dict[str, Any]:
    merged = batch_context.below(_object(item, "context") or {})
    kept = {name: value for name, value in merged.items() if name in _CONTEXT and value is not None}
    channel = item.get("channel")
    if isinstance(channel, str):
        kept.setdefault("channel", channel)
    if kept.pop("bot", None) in (True, "true"):  # a pixel's parameters are text
        kept["bot"] = True
    external = kept.get("externalIds")
    if isinstance(external, list) and len(external) > MAX_EXTERNAL_IDS:
        raise Rejected("too_many_identifiers", f"an event has at most {MAX_EXTERNAL_IDS} externalIds")
    return kept


def _keep(message: Message, name: str, value: Any) -> None:
    if value is not None and value != "" and value != {}:
        message[name] = value
