"""Consent decisions: what people said about being written to, kept for good and asked at every claim.

A decision is about one (topic, channel, address). ``*`` as topic or channel of a withdrawal means all of them. The latest explicit decision
wins; of two at the same instant the withdrawal.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ariane.events.model import Event

GRANTED_EVENT = "Consent Granted"
WITHDRAWN_EVENT = "Consent Withdrawn"
EVERY = "*"

_ADDRESS_NAMESPACES: Mapping[str, str] = {"email": "email", "sms": "phone"}
"""Channel -> namespace (and property) of the address that it writes to."""
_MAX_DECISIONS = 50
_MAX_TEXT = 200


class Consent(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """The decision that stands for one (person id of an address or fragment, topic, channel)."""

    person_id: str
    topic: str
    channel: str
    granted: bool
    at: datetime
    source: str
    message_id: str

    def concerns(self, topic: str, channel: str) -> bool:
        return self.topic in (topic, EVERY) and self.channel in (channel, EVERY)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDecision:
    person_id: str
    """Of the address that the decision names, else the event's fragment."""
    topic: str
    channel: str
    granted: bool
    at: datetime
    source: str
    message_id: str
    wording: str | None = None
    """Version of the text that the person agreed to."""
    how: str | None = None

    @property
    def state(self) -> ConsentState:
        return ConsentState(
            person_id=self.person_id,
            topic=self.topic,
            channel=self.channel,
            granted=self.granted,
            at=self.at,
            source=self.source,
            message_id=self.message_id,
        )


class ConsentStore(Protocol):
    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        """Keeps the record, moves the state forward (never back in time) and raises the head's version of ``root_id``, all or nothing.

        ``root_id`` is the root of ``decision.person_id``, read just before. Recording the same decision again changes nothing. Raises
        Conflict (``root_merged``) where that root has been merged meanwhile: resolve again and repeat.
        """
        ...

    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]:
        """What stands for any of these ids, all topics and channels; sees every decision committed before the call."""
        ...


def decisions_of(event: Event, *, id_of: Callable[[str, str], str | None]) -> list[ConsentDecision]:
    """The decisions that a ``Consent Granted`` or ``Consent Withdrawn`` track event holds; none for any other event.

    Properties: ``topic`` or ``topics``, ``channel`` or ``channels``, optional ``email`` and ``phone`` (the address meant), ``wording``,
    ``how``. Without a channel, the addresses given say it. A withdrawal that leaves topic or channel out means all.
    ``id_of(namespace, raw value)`` is the person id of an address, or None where it is none: such a grant is void, such a withdrawal
    falls back to the event's own fragment.
    """
    if event.type != "track" or event.name not in (GRANTED_EVENT, WITHDRAWN_EVENT):
        return []
    granted = event.name == GRANTED_EVENT
    topics = _names(event.properties, "topic", "topics") or _everything_unless(granted)
    channels = _names(event.properties, "channel", "channels") or _channels_of_addresses(event.properties) or _everything_unless(granted)
    pairs = [(topic, channel) for topic in topics for channel in channels][:_MAX_DECISIONS]
    found = (_decision(event, granted=granted, topic=topic, channel=channel, id_of=id_of) for topic, channel in pairs)
    return [decision for decision in found if decision is not None]


def _decision(event: Event, *, granted: bool, topic: str, channel: str, id_of: Callable[[str, str], str | None]) -> ConsentDecision | None:
    namespace = _ADDRESS_NAMESPACES.get(channel)
    address = event.properties.get(namespace) if namespace else None
    person_id = event.person_id
    if namespace and isinstance(address, str) and address.strip():
        named = id_of(namespace, address)
        if named is None and granted:
            return None
        person_id = named or event.person_id
    return ConsentDecision(
        person_id=person_id,
        topic=topic,
        channel=channel,
        granted=granted,
        at=event.timestamp,
        source=event.source,
        message_id=event.message_id,
        wording=_text(event.properties.get("wording")),
        how=_text(event.properties.get("how")),
    )


def decide(states: Iterable[ConsentState]) -> Consent:
    """What the states, already narrowed to those that apply, come to: the latest wins, of several at that instant a withdrawal."""
    last = max(states, key=lambda state: (state.at, not state.granted), default=None)
    if last is None:
        return Consent.NONE
    return Consent.GRANTED if last.granted else Consent.WITHDRAWN


def moves_forward(stored: ConsentState | None, decision: ConsentDecision) -> bool:
    """Whether ``decision`` becomes the state. Applying decisions in any order ends in the same state."""
    if stored is None or decision.at != stored.at:
        return stored is None or decision.at > stored.at
    return stored.granted and not decision.granted


def ids_that_decide(identifiers: Mapping[str, str], *, channel: str, address_id: str) -> frozenset[str]:
    """Of a profile's person ids, those whose states apply to one address: the address itself, and every id that is no other address of
    the channel (a grant for one mailbox is none for another)."""
    namespace = _ADDRESS_NAMESPACES.get(channel)
    own = {person_id for person_id, identifier in identifiers.items() if namespace is None or not identifier.startswith(namespace + ":")}
    return frozenset(own | {address_id})


def _names(properties: Mapping[str, Any], one: str, many: str) -> list[str]:
    value = properties.get(many, properties.get(one))
    values = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(text for item in values if (text := _name(item))))


def _name(value: object) -> str | None:
    """``#`` separates the parts of a key, so a name holds none."""
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= _MAX_TEXT and "#" not in text else None


def _channels_of_addresses(properties: Mapping[str, Any]) -> list[str]:
    return [channel for channel, namespace in _ADDRESS_NAMESPACES.items() if properties.get(namespace)]


def _everything_unless(granted: bool) -> list[str]:
    return [] if granted else [EVERY]


def _text(value: object) -> str | None:
    return value[:_MAX_TEXT] if isinstance(value, str) and value else None
