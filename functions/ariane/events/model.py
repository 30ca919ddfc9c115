"""An event, as the log keeps it and as everything behind the log reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ariane.identity.signatures import is_verified
from ariane.instants import parse_instant

type Message = dict[str, Any]
"""One event as JSON, in Segment's shape, after collect has cleaned it.

Always there: ``type``, ``messageId``, ``timestamp`` (clamped, the one spelling of ``instants``). Where given:
``originalTimestamp`` (as sent), ``userId``, ``anonymousId``, ``previousId``, ``groupId``, ``event``, ``name``, ``category``,
``properties``, ``traits``, ``context``, ``integrations``. Nothing else, no nulls and no empty objects among them.
``context.signature`` is collect's own word on a signature (``identity.signatures.Verdict``), never what a client sent.
"""


OWN_SOURCE = "ariane"
"""Under this name the platform logs its own events; no source of a brand may have it."""


class SourceKind(StrEnum):
    BROWSER = "browser"
    APP = "app"
    SERVER = "server"
    STORE = "store"
    IMPORT = "import"

    @property
    def is_trusted(self) -> bool:
        """The keys of browsers and apps are public: what they say is a claim, not a fact."""
        return self not in (SourceKind.BROWSER, SourceKind.APP)


@dataclass(frozen=True, slots=True)
class LogItem:
    """One item of the Events table: the events of one person in one request.

    ``person_id`` and ``sort`` (``{original time}#{digest}``) come from the content alone, so that a repeated request lands on itself.
    """

    person_id: str
    sort: str
    source: str
    kind: SourceKind
    received_at: datetime
    messages: tuple[Message, ...]
    duplicates: frozenset[int] = frozenset()
    """Places in ``messages`` that stitch found under another key already; readers leave them out."""
    refolded: frozenset[str] = frozenset()
    """Which events a refold counted without knowing whether they had been stitched (``profiles.refold_marks``)."""

    @property
    def standing(self) -> Sequence[tuple[int, Message]]:
        """What happened to a person, with its places: no copies, nothing that a bot did."""
        return [(place, each) for place, each in enumerate(self.messages) if place not in self.duplicates and not is_of_bot(each)]


@dataclass(frozen=True, slots=True)
class Event:
    """One event with what surrounds it: the view that decisions are made on."""

    type: str
    message_id: str
    timestamp: datetime
    received_at: datetime
    source: str
    kind: SourceKind
    person_id: str
    """The fragment it is bound to: the id of its anchor identifier."""
    name: str | None
    """``event`` of a track, ``name`` of a page or screen."""
    message: Mapping[str, Any]
    original: datetime
    """The time that the event itself gives, unclamped; the same in every copy of it that has one."""

    @property
    def is_trusted(self) -> bool:
        """Whether what it says of who is whom is a fact: its source is trusted, or the brand's backend signed for the ids."""
        if self.kind.is_trusted:
            return True
        return is_verified(self.signature)

    @property
    def signature(self) -> object:
        """Collect's word on it (``identity.signatures.Verdict``); None: none was sent, or none was needed."""
        context = self.message.get("context")
        return context.get("signature") if isinstance(context, Mapping) else None

    @property
    def properties(self) -> Mapping[str, Any]:
        value = self.message.get("properties")
        return value if isinstance(value, Mapping) else {}

    @property
    def traits(self) -> Mapping[str, Any]:
        """Traits that this event sets: an identify's own, and ``context.traits`` of any other type."""
        context = self.message.get("context")
        value = self.message.get("traits") if self.type == "identify" else (context or {}).get("traits")
        return value if isinstance(value, Mapping) else {}


def is_of_bot(message: Message) -> bool:
    """Marked by collect (``bots``): it stays in the log and reaches no profile."""
    context = message.get("context")
    return isinstance(context, Mapping) and context.get("bot") is True


def events_of(item: LogItem) -> Sequence[Event]:
    """The item's events in the order in which they were sent, without known duplicates and those of bots."""
    return [event_of(item, message) for _, message in item.standing]


def event_of(item: LogItem, message: Message) -> Event:
    kind = message["type"]
    timestamp = parse_instant(message["timestamp"])
    return Event(
        type=kind,
        message_id=message["messageId"],
        timestamp=timestamp,
        received_at=item.received_at,
        source=item.source,
        kind=item.kind,
        person_id=item.person_id,
        name=message.get("event") if kind == "track" else message.get("name"),
        message=message,
        original=_original(message, timestamp),
    )


def _original(message: Message, timestamp: datetime) -> datetime:
    sent = message.get("originalTimestamp")
    if not isinstance(sent, str) or sent == message["timestamp"]:
        return timestamp
    try:
        return parse_instant(sent)
    except (ValueError, OverflowError):
        return timestamp
