"""The messages of the journey queue, parsed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ariane.errors import Rejected
from ariane.instants import parse_instant


@dataclass(frozen=True, slots=True)
class EntryHappened:
    """A journey's entry rule matched; the full entry condition is still to be looked at."""

    journey: str
    fact: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AwaitedHappened:
    """Some version of some journey mentions this event, as its exit for one."""

    fact: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProfilesMerged:
    into: str


@dataclass(frozen=True, slots=True)
class ProfileSplit:
    """``people``: ids of all who had a part in it, before and after."""

    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WokenUp:
    profile: str
    enrolment: str
    lock: int


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """What became of a send node's message: whatever it is, the run goes on."""

    profile: str
    enrolment: str
    node: str
    visit: int


type Incoming = EntryHappened | AwaitedHappened | ProfilesMerged | ProfileSplit | WokenUp | MessageOutcome

_FACT_FIELDS = ("event", "messageId", "source", "profile", "timestamp")


def parse_incoming(body: Mapping[str, Any]) -> Incoming:
    """Raises Rejected (``malformed_message``)."""
    try:
        return _parse(body)
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("malformed_message", f"a message of the journey queue lacks or garbles {error}") from error


def _parse(body: Mapping[str, Any]) -> Incoming:
    match body["kind"]:
        case "entry":
            return EntryHappened(str(body["journey"]), _event(body["fact"]))
        case "awaited":
            return AwaitedHappened(_event(body["fact"]))
        case "merged":
            return ProfilesMerged(str(body["fact"]["into"]))
        case "split":
            return ProfileSplit(_people(body["fact"]))
        case "due":
            return WokenUp(str(body["profile"]), str(body["enrolment"]), int(body["v"]))
        case "outcome":
            return MessageOutcome(str(body["profile"]), str(body["enrolment"]), str(body["node"]), int(body["visit"]))
        case kind:
            raise ValueError(f"kind: {kind!r} is not known")


def _people(fact: Mapping[str, Any]) -> tuple[str, ...]:
    others = [*fact["into"], *fact.get("rehomed", ())]
    return tuple(dict.fromkeys(map(str, [fact["from"], *others])))


def _event(fact: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _FACT_FIELDS:
        if not isinstance(fact[name], str):
            raise ValueError(name)
    parse_instant(fact["timestamp"])
    return fact
