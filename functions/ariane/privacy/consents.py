"""Consent decisions: what people said about being written to, kept for good and asked at every claim.

A decision is about one address, or, where it names none, about the whole person and every address of theirs; about one topic and channel,
or, with ``*`` of a withdrawal, about all of them. The latest explicit decision wins; of two at the same instant the withdrawal.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ariane.events.model import OWN_SOURCE, Event

GRANTED_EVENT = "Consent Granted"
WITHDRAWN_EVENT = "Consent Withdrawn"
EVERY = "*"

_ADDRESS_NAMESPACES: Mapping[str, str] = {"email": "email", "sms": "phone"}
"""Channel -> namespace (and property) of the address that it writes to."""
_MOST_DECISIONS = 10
"""Of one event: each is a transaction of its own."""
_LONGEST_NAME = 200
"""Bytes of a topic or channel: both are parts of a key."""
_LONGEST_TEXT = 200


class Consent(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """The decision that stands for one (person id, topic, channel), for that address alone or for the whole person."""

    person_id: str
    topic: str
    channel: str
    granted: bool
    at: datetime
    source: str
    message_id: str
    is_person_wide: bool = False

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
    is_person_wide: bool = False
    """It names no address: it counts for every address of the person that the fragment belongs to."""
    wording: str | None = None
    """Version of the text that the person agreed to."""
    how: str | None = None

    @property
    def thing(self) -> tuple[str, str, str, bool]:
        """What it is about: (person id, topic, channel, for the whole person)."""
        return self.person_id, self.topic, self.channel, self.is_person_wide

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
            is_person_wide=self.is_person_wide,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentQuestion:
    """May this address of this person be written to about a topic, over a channel?"""

    topic: str
    channel: str
    address_id: str
    person_ids: frozenset[str] = frozenset()
    """Every id of the person that a decision may lie under: what any of them says for the whole person counts."""
    owner_ids: frozenset[str] = frozenset()
    """Where the address belongs to another identity, such ids of that one: what it withdraws counts, what it grants does not."""

    def answered_by(self, states: Iterable[ConsentState]) -> Consent:
        return decide(state for state in states if self._heeds(state))

    def _heeds(self, state: ConsentState) -> bool:
        if not state.concerns(self.topic, self.channel):
            return False
        if not state.is_person_wide:
            return state.person_id == self.address_id
        return state.person_id in self.person_ids or (state.person_id in self.owner_ids and not state.granted)


FRAGMENT_SEALED = "fragment_sealed"


class ConsentStore(Protocol):
    """A decision for a whole person mostly lies under one of their devices. One that is at rest and known to hold no decisions is asked by
    nobody (``profiles.bundles``): the first of its decisions is written only while it is awake. What lies beside an earlier one of the same
    id is found with that; and ``release`` changes only what was there."""

    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        """Keeps the record, moves the state forward (never back in time) and raises the head's version of ``root_id``, all or nothing.

        ``root_id`` is the root of ``decision.person_id``, read just before. Recording the same decision again changes nothing. Raises
        Conflict (``root_merged``) where that root has been merged meanwhile: resolve again and repeat; and, of a decision for the whole
        person, Conflict (``FRAGMENT_SEALED``) where its id is of a device at rest: wake it and repeat.
        """
        ...

    def adopt(self, decision: ConsentDecision, *, root_id: str) -> None:
        """As ``record``, of a decision that may have been recorded under this id and released from it before: it counts again."""
        ...

    def release(self, decision: ConsentDecision, *, root_id: str) -> None:
        """The event that brought the decision turned out to be another person's. Its record stays, marked; where it is the state, that goes
        back to the latest of the records that are left (or to none), with a raise of the head's version, all or nothing. Idempotent;
        nothing happens where it was never recorded. Raises Conflict as ``record`` does."""
        ...

    def concerning(self, question: ConsentQuestion) -> Sequence[ConsentState]:
        """What stands and may bear on the question; sees every decision committed before the call."""
        ...

    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]:
        """What stands under any of these ids, all topics and channels; sees every decision committed before the call."""
        ...


def decisions_of(event: Event, *, id_of: Callable[[str, str], str | None]) -> list[ConsentDecision]:
    """The decisions that a ``Consent Granted`` or ``Consent Withdrawn`` track event holds, ten at most; none for any other event.

    Properties: ``topic`` or ``topics``, ``channel`` or ``channels``, optional ``email`` and ``phone`` (the address meant), ``wording``,
    ``how``. Without a channel, the addresses given say it. ``id_of(namespace, raw value)`` is the person id of an address, or None where
    it is none. What a grant leaves out or garbles makes it void; a withdrawal then means all topics, all channels or the whole person.
    """
    if event.type != "track" or event.name not in (GRANTED_EVENT, WITHDRAWN_EVENT):
        return []
    granted = event.name == GRANTED_EVENT
    pairs = _granted_pairs(event.properties) if granted else _withdrawn_pairs(event.properties)
    found = (_decision(event, granted=granted, topic=topic, channel=channel, id_of=id_of) for topic, channel in pairs)
    return [decision for decision in found if decision is not None]


def fault_of_grant(properties: Mapping[str, Any], *, is_address: Callable[[str, str], bool]) -> str | None:
    """Why a ``Consent Granted`` with these properties is void, wholly or in part, naming the field; None: it grants what it says.

    A withdrawal has no such fault: what it leaves out means all of it. ``is_address(namespace, raw value)``.
    """
    topics = _names(properties, "topic", "topics")
    channels = _channels(properties) or _channels_of_addresses(properties)
    if not topics:
        return "properties.topic is missing: a Consent Granted names its topic"
    if not channels:
        return "properties.channel is missing: a Consent Granted names its channel, or the address (properties.email, properties.phone)"
    if EVERY in topics or EVERY in channels:
        return "properties.topic and properties.channel are names of one topic and channel each, without # and at most 200 bytes"
    if len(topics) * len(channels) > _MOST_DECISIONS:
        return f"properties.topics and properties.channels make more than {_MOST_DECISIONS} decisions: send several events"
    given = {namespace: properties.get(namespace) for channel in channels if (namespace := _ADDRESS_NAMESPACES.get(channel))}
    void = [name for name, value in given.items() if _is_given(value) and not (isinstance(value, str) and is_address(name, value))]
    return f"properties.{void[0]} is no address" if void else None


def _granted_pairs(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What goes beyond the bound is granted by another event, or not at all."""
    topics = _names(properties, "topic", "topics")
    channels = _channels(properties) or _channels_of_addresses(properties)
    return [(topic, channel) for topic in topics for channel in channels if EVERY not in (topic, channel)][:_MOST_DECISIONS]


def _withdrawn_pairs(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Never less than was meant: what is left out, too much or unreadable is all of it."""
    topics, channels = _names(properties, "topic", "topics"), _channels(properties)
    if not channels or EVERY in channels:
        channels = _channels_of_addresses(properties) or [EVERY]
    if len(channels) > _MOST_DECISIONS:
        channels = [EVERY]
    if not topics or EVERY in topics or len(topics) * len(channels) > _MOST_DECISIONS:
        topics = [EVERY]
    return [(topic, channel) for topic in topics for channel in channels]


def _decision(event: Event, *, granted: bool, topic: str, channel: str, id_of: Callable[[str, str], str | None]) -> ConsentDecision | None:
    namespace = _ADDRESS_NAMESPACES.get(channel)
    address = event.properties.get(namespace) if namespace else None
    named = id_of(namespace, address) if namespace and isinstance(address, str) and _is_given(address) else None
    if granted and named is None and _is_given(address):
        return None
    # Our own events are about the address whose id they lie under: an unsubscribe link holds no address that they could name.
    is_own = event.source == OWN_SOURCE
    return ConsentDecision(
        person_id=event.person_id if is_own or named is None else named,
        topic=topic,
        channel=channel,
        granted=granted,
        at=event.timestamp,
        source=event.source,
        message_id=event.message_id,
        is_person_wide=named is None and not is_own,
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


def latest_of(decisions: Iterable[ConsentDecision]) -> ConsentDecision | None:
    """The one that stands in the end, of decisions on one thing."""
    last: ConsentDecision | None = None
    for decision in decisions:
        if moves_forward(last.state if last else None, decision):
            last = decision
    return last


def _channels(properties: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name.lower() for name in _names(properties, "channel", "channels")))


def _channels_of_addresses(properties: Mapping[str, Any]) -> list[str]:
    return [channel for channel, namespace in _ADDRESS_NAMESPACES.items() if _is_given(properties.get(namespace))]


def _names(properties: Mapping[str, Any], one: str, many: str) -> list[str]:
    """Without repeats. What is given but no name is ``*``: void in a grant, everything in a withdrawal."""
    values = [each for name in (one, many) for each in _listed(properties.get(name)) if _is_given(each)]
    return list(dict.fromkeys(map(_name, values)))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_given(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _name(value: object) -> str:
    """``#`` separates the parts of a key, so a name holds none."""
    text = value.strip() if isinstance(value, str) else EVERY
    return text if len(text.encode()) <= _LONGEST_NAME and "#" not in text else EVERY


def _text(value: object) -> str | None:
    return value[:_LONGEST_TEXT] if isinstance(value, str) and value else None
