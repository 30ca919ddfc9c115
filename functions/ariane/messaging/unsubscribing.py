"""The way out of a topic: what a signed unsubscribe link does when somebody confirms it, or a mailbox provider does (RFC 8058)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ariane.errors import Conflict, Retryable
from ariane.events.model import OWN_SOURCE, LogItem, SourceKind
from ariane.identity.trees import Heads, climb
from ariane.instants import Clock, format_instant
from ariane.messaging.links import WayOut
from ariane.privacy.consents import WITHDRAWN_EVENT, ConsentDecision, ConsentQuestion, ConsentState, ConsentStore

_ATTEMPTS = 5


class Log(Protocol):
    def append(self, item: LogItem) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribePorts:
    consents: ConsentStore
    identities: Heads
    log: Log
    clock: Clock
    link_key: bytes


class Unsubscriber:
    def __init__(self, ports: UnsubscribePorts) -> None:
        self._ports = ports

    def read(self, token: str) -> WayOut:
        """Changes nothing. Raises Denied (``link_forged``, ``link_expired``)."""
        return WayOut.of_token(token, self._ports.link_key, self._ports.clock())

    def unsubscribe(self, token: str, *, how: str) -> WayOut:
        """Committed on return: no later claim finds a grant. The withdrawal also lies in the log, once, however often the link is used and
        wherever a call before crashed. Raises Denied, Retryable."""
        way_out = self.read(token)
        decision = self._decision(way_out, how)
        self._record(decision)
        self._ports.log.append(_log_item(decision, way_out, self._ports.clock()))
        return way_out

    def _decision(self, way_out: WayOut, how: str) -> ConsentDecision:
        """The one that this link brought already, while it stands; else a new one, now."""
        standing = self._standing(way_out)
        now = self._ports.clock()
        at = standing.at if standing else now.replace(microsecond=now.microsecond // 1000 * 1000)
        return ConsentDecision(
            person_id=way_out.address_id,
            topic=way_out.topic,
            channel=str(way_out.channel),
            granted=False,
            at=at,
            source=OWN_SOURCE,
            message_id=_message_id(way_out, at),
            how=how,
        )

    def _standing(self, way_out: WayOut) -> ConsentState | None:
        question = ConsentQuestion(topic=way_out.topic, channel=str(way_out.channel), address_id=way_out.address_id)
        states = self._ports.consents.concerning(question)
        return next((state for state in states if not state.granted and state.message_id == _message_id(way_out, state.at)), None)

    def _record(self, decision: ConsentDecision) -> None:
        for _ in range(_ATTEMPTS):
            root = climb(self._ports.identities, [decision.person_id]).root_of(decision.person_id)
            try:
                return self._ports.consents.record(decision, root_id=root.person_id)
            except Conflict:
                continue
        raise Retryable("consent_contended", "merges of the same person keep coming")


def _message_id(way_out: WayOut, at: datetime) -> str:
    parts = (way_out.address_id, way_out.topic, way_out.channel, way_out.message_id, format_instant(at))
    return "unsubscribe-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _log_item(decision: ConsentDecision, way_out: WayOut, now: datetime) -> LogItem:
    """About the address's own person id: a token holds no address, so the event names none."""
    at = format_instant(decision.at)
    properties: Mapping[str, Any] = {
        "topic": decision.topic,
        "channel": decision.channel,
        "how": decision.how,
        "message_id": way_out.message_id,
    }
    message = {
        "type": "track",
        "event": WITHDRAWN_EVENT,
        "messageId": decision.message_id,
        "timestamp": at,
        "originalTimestamp": at,
        "properties": properties,
        "context": {"library": {"name": "ariane-links"}},
    }
    digest = hashlib.sha256(decision.message_id.encode()).hexdigest()[:16]
    return LogItem(decision.person_id, f"{at}#{digest}", OWN_SOURCE, SourceKind.SERVER, now, (message,))
