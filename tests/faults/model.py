"""The reference: what the log alone says that the state must be. Small, slow and written apart from the product, of which it uses the
computation of a person id and nothing else. Who is one person: ``model_people``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from ariane.events.model import LogItem, SourceKind
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier

ORDER = ("user_id", "email", "phone", "loyalty_card", "device_id", "anonymous_id")
DEVICES = ("device_id", "anonymous_id")
_COUNTRY_SOURCES = frozenset({"site", "backend"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the log, whether it is a copy or not."""

    pk: str
    sort: str
    place: int
    source: str
    kind: SourceKind
    received_at: datetime
    message: Mapping[str, Any]
    is_marked: bool

    @property
    def id(self) -> tuple[str, str]:
        return self.source, self.message["messageId"]

    @property
    def is_trusted(self) -> bool:
        return self.kind not in (SourceKind.BROWSER, SourceKind.APP) or self.is_signed

    @property
    def is_signed(self) -> bool:
        """As collect found, who has the key."""
        mark = (self.message.get("context") or {}).get("signature")
        return isinstance(mark, Mapping) and mark.get("verified") is True

    @property
    def name(self) -> str | None:
        if self.message["type"] == "track":
            return str(self.message["event"])
        return f"${self.message['type']}" if self.message["type"] in ("page", "screen") else None

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.message["timestamp"])

    @property
    def millis(self) -> int:
        return round(self.at.timestamp() * 1000)

    @property
    def properties(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.message.get("properties") or {}
        return found

    @property
    def tag(self) -> tuple[str, str]:
        """As the client knows the event."""
        return self.source, str(self.properties.get("tag") or self.message["messageId"])


def entries_of(items: Iterable[LogItem]) -> list[Entry]:
    return [
        Entry(item.person_id, item.sort, place, item.source, item.kind, item.received_at, message, place in item.duplicates)
        for item in items
        for place, message in enumerate(item.messages)
    ]


# who is who


def identifiers_in(entry: Entry) -> list[str]:
    """``namespace:value``, the first is the one under whose id the event lies in the log."""
    found = sorted(set(_named(entry)), key=lambda pair: (ORDER.index(pair[0]), pair[1]))
    if entry.kind is SourceKind.STORE:
        found = [pair for pair in found if pair[0] not in DEVICES] or found[:1]
    return [f"{namespace}:{value}" for namespace, value in found]


def _named(entry: Entry) -> Iterator[tuple[str, str]]:
    message = entry.message
    for name, namespace in (("userId", "user_id"), ("anonymousId", "anonymous_id")):
        if message.get(name):
            yield namespace, message[name]
    if message["type"] == "alias":
        yield "user_id" if message["previousId"].startswith("u") else "anonymous_id", message["previousId"]
    context = message.get("context") or {}
    if (context.get("device") or {}).get("id"):
        yield "device_id", context["device"]["id"]
    for external in context.get("externalIds") or ():
        yield external["type"], _normal(external["type"], external["id"])
    own = message.get("traits") or {} if message["type"] == "identify" else {}
    for traits in (own, context.get("traits") or {}):
        for name in ("email", "phone", "loyalty_card"):
            if traits.get(name):
                yield name, _normal(name, traits[name])


def _normal(namespace: str, value: str) -> str:
    if namespace == "email":
        return value.strip().lower()
    return "+33" + value[1:] if namespace == "phone" and value.startswith("0") else value


# what is known


@dataclass
class Known:
    """The fold of the events that count."""

    counts: Counter[str] = field(default_factory=Counter)
    first: int | None = None
    last: int | None = None

    places: dict[tuple[str, str, int, str], int] = field(default_factory=dict)
    """(id, item, instant, trait) -> the place whose word counts: of one request and one instant the last."""
    said: dict[tuple[str, str, int, str], Any] = field(default_factory=dict)
    """The same -> what it said."""

    def add(self, entry: Entry) -> None:
        if entry.name:
            self.counts[entry.name] += 1
        self.first = entry.millis if self.first is None else min(self.first, entry.millis)
        self.last = entry.millis if self.last is None else max(self.last, entry.millis)
        own = entry.message.get("traits") if entry.message["type"] == "identify" else (entry.message.get("context") or {}).get("traits")
        for name, value in (own or {}).items():
            moment = (entry.pk, entry.sort, entry.millis, name)
            if entry.place >= self.places.get(moment, -1):
                self.places[moment] = entry.place
                self.said[moment] = value

    def take(self, other: "Known") -> None:
        """Everything that the other knows, of other events."""
        self.counts.update(other.counts)
        self.first = min((each for each in (self.first, other.first) if each is not None), default=None)
        self.last = max((each for each in (self.last, other.last) if each is not None), default=None)
        self.places |= other.places
        self.said |= other.said

    def shown(self) -> dict[str, Any]:
        """The latest value, of one instant the largest, unless it is a removal."""
        best: dict[str, tuple[int, bytes, Any]] = {}
        for (_, _, millis, name), value in self.said.items():
            word = (millis, orjson.dumps(value), value)
            best[name] = max(best.get(name, word), word, key=lambda each: each[:2])
        return {name: value for name, (_, _, value) in sorted(best.items()) if value is not None}


# consents


@dataclass(frozen=True, slots=True)
class Said:
    """One decision: about an address's id, or, when wide, about everybody who is the same person as that id."""

    id: str
    topic: str
    channel: str
    is_wide: bool
    granted: bool
    at: datetime

    @property
    def thing(self) -> tuple[str, str, str, bool]:
        return self.id, self.topic, self.channel, self.is_wide


def said_in(entry: Entry, home: str, key: bytes) -> Said | None:
    """``home`` is the person id of whoever the event is about.

    As the simulated clients say it: one topic and channel, or nothing of either, which withdraws everything."""
    if entry.name not in ("Consent Granted", "Consent Withdrawn"):
        return None
    properties = entry.properties
    topic, channel = properties.get("topic", "*"), properties.get("channel", "*")
    address = next((f"{name}:{_normal(name, properties[name])}" for name in ("email", "phone") if name in properties), None)
    about = person_id(Identifier.parse(address), key) if address else home
    is_wide = address is None and entry.source != "ariane"
    return Said(about, topic, channel, is_wide, entry.name == "Consent Granted", entry.at)


def standing(decisions: Iterable[Said]) -> dict[tuple[str, str, str, bool], tuple[datetime, bool]]:
    """Of each thing the latest decision; of two at one instant the withdrawal."""
    last: dict[tuple[str, str, str, bool], tuple[datetime, bool]] = {}
    for said in decisions:
        before = last.get(said.thing)
        if before is None or (said.at, not said.granted) > (before[0], not before[1]):
            last[said.thing] = (said.at, said.granted)
    return last


def may_write(
    states: Mapping[tuple[str, str, str, bool], tuple[datetime, bool]],
    *,
    topic: str,
    channel: str,
    address: str,
    person: Iterable[str],
    owner: Iterable[str],
) -> bool:
    """Whether the latest word on it is a grant."""
    people, owners = set(person), set(owner)
    heard = [
        (at, not granted)
        for (about, its_topic, its_channel, is_wide), (at, granted) in states.items()
        if its_topic in (topic, "*")
        and its_channel in (channel, "*")
        and ((about == address and not is_wide) or (is_wide and (about in people or (about in owners and not granted))))
    ]
    return bool(heard) and not max(heard)[1]


FRESH = timedelta(hours=1)
"""Entry events older than this start nothing, in the simulated brand."""
