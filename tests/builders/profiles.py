"""A stitching stack in memory, and log items to feed it with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import orjson

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.adapters.memory.replay_queue import MemoryReplayQueue
from ariane.conditions.observing import Observing
from ariane.events.model import Event, LogItem, Message, SourceKind, event_of
from ariane.identity.identifiers import identifiers_of
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Rules
from ariane.instants import format_instant, parse_instant
from ariane.profiles.announcing import Interest
from ariane.profiles.contention import LateLinks, links_of
from ariane.profiles.homes import HomeReader
from ariane.profiles.model import Profile
from ariane.profiles.one_person import merges_of, stitch_person
from ariane.profiles.parking import RejectParking
from ariane.profiles.reader import ProfileReader
from ariane.profiles.stitching import StitchDefinitions, Stitcher, StitchReport, Stores, StreamRecord
from ariane.profiles.timeline import timeline

KEY = b"test-person-key"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = Rules.from_document({})


def prs(text: str) -> str:
    """The person id of ``namespace:value``."""
    return person_id(Identifier.parse(text), KEY)


def track(name: str = "Product Viewed", *, message_id: str, minute: float = 0, **fields: Any) -> Message:
    """A track event ``minute`` minutes after noon, of the browser a1 unless said."""
    at = format_instant(NOON + timedelta(minutes=minute))
    return {
        "type": "track",
        "event": name,
        "messageId": message_id,
        "timestamp": at,
        "originalTimestamp": at,
        **({"anonymousId": "a1"} | fields),
    }


def identify(*, message_id: str, minute: float = 0, **fields: Any) -> Message:
    at = format_instant(NOON + timedelta(minutes=minute))
    return {"type": "identify", "messageId": message_id, "timestamp": at, "originalTimestamp": at, **fields}


def item(
    *messages: Message, source: str = "web", kind: SourceKind = SourceKind.BROWSER, received_minute: float = 5_000, salt: str = ""
) -> LogItem:
    """As collect writes it; another ``salt`` gives the same events another key, as another request would."""
    anchor = identifiers_of(messages[0], RULES, kind=kind)[0]
    original = min(str(message.get("originalTimestamp") or message["timestamp"]) for message in messages)
    digest = sha256(orjson.dumps([source, salt, messages])).hexdigest()[:16]
    received = NOON + timedelta(minutes=received_minute)
    return LogItem(person_id(anchor, KEY), f"{format_instant(parse_instant(original))}#{digest}", source, kind, received, messages)


@dataclass
class Stack:
    """Every port in memory. Any may be replaced before ``stitch`` by a proxy that fails."""

    identities: Any = field(default_factory=MemoryIdentities)
    fragments: Any = field(default_factory=MemoryFragments)
    log: Any = field(default_factory=MemoryEventLog)
    announcer: Any = field(default_factory=MemoryAnnouncer)
    rejects: Any = field(default_factory=MemoryRejects)
    consents: Any = None
    replays: Any = field(default_factory=MemoryReplayQueue)
    background: Any = None
    """None: what is left to the background is done at once, or not at all."""
    observing: Observing = field(default_factory=Observing)
    interest: Interest = field(default_factory=lambda: Interest.from_document({"forward": ["*"]}))
    sequence: int = 0

    def __post_init__(self) -> None:
        self.consents = self.consents or MemoryConsents(self.identities, is_sealed=lambda own: self.fragments.is_sealed(own))

    def write(self, *items: LogItem) -> list[StreamRecord]:
        """Into the log; the stream's records of what was new there."""
        records = []
        for each in items:
            if self.log.append(each):
                self.sequence += 1
                records.append(StreamRecord(each, str(self.sequence)))
        return records

    def stitch(self, records: Sequence[StreamRecord]) -> StitchReport:
        stores = Stores(identities=self.identities, fragments=self.fragments, log=self.log, consents=self.consents)
        stitcher = Stitcher(
            person=partial(stitch_person, stores=stores, key=KEY, late=self.replays, background=self.background),
            merges=partial(merges_of, stores=stores, key=KEY),
            fragments=self.fragments,
            announcer=self.announcer,
            parking=RejectParking(self.rejects, clock=lambda: NOON),
            definitions=lambda: StitchDefinitions(rules=RULES, interest=self.interest, observing=self.observing),
        )
        return stitcher.stitch(records)

    @property
    def late_links(self) -> LateLinks:
        stores = Stores(identities=self.identities, fragments=self.fragments, log=self.log, consents=self.consents)
        return LateLinks(
            links=partial(links_of, stores=stores, key=KEY),
            announcer=self.announcer,
            definitions=lambda: StitchDefinitions(rules=RULES, interest=self.interest, observing=self.observing),
            queue=self.replays,
        )

    def deliver(self, *items: LogItem) -> StitchReport:
        return self.stitch(self.write(*items))

    def profile(self, identifier: str) -> Profile:
        return self.profile_of(prs(identifier))

    def profile_of(self, own_id: str) -> Profile:
        return ProfileReader(self.identities, self.fragments).snapshot(own_id)

    @property
    def homes(self) -> HomeReader:
        return HomeReader(self.identities, rules=lambda: RULES, key=lambda: KEY)

    def shown(self, profile: Profile) -> list[str]:
        """Message ids of a person's timeline, the newest first."""
        return [event.message_id for event in timeline(self.log, profile, homes=self.homes, limit=10_000).items]

    def announced(self, kind: str) -> list[Any]:
        return [fact.detail for fact in self.announcer.facts if fact.kind == kind]

    def timeline(self) -> list[str]:
        """Message ids of the events that the log shows, copies left out."""
        return [
            str(message.get("messageId"))
            for each in self.log.items()
            for place, message in enumerate(each.messages)
            if place not in each.duplicates
        ]


def event_in(message: Message) -> Event:
    """As stitch reads it."""
    return event_of(item(message), message)
