"""Events, and a whole collector over memory adapters, fed the way API Gateway feeds the function."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from ariane.access import write_keys
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.journal import MemoryJournal
from ariane.adapters.memory.meter import MemoryMeter
from ariane.adapters.memory.overflow import MemoryOverflow
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.adapters.memory.usage import MemoryUsage
from ariane.adapters.memory.write_keys import MemoryAccess
from ariane.events.acceptance import Acceptance
from ariane.events.collector import CollectKeys, Collector
from ariane.events.entrance import Entrance
from ariane.events.limits import Limiter, UsageStore
from ariane.events.log import EventLog, Overflow, RejectStore, StoredReject
from ariane.events.model import Event, LogItem, Message, SourceKind, events_of
from ariane.events.sources import SourceDirectory
from ariane.events.unknown_keys import UnknownKeys
from ariane.instants import parse_instant
from handlers.collect import serve

RECEIVED = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
PUBLIC_URL = "https://collect.shop.example"
KEYS = CollectKeys(person=b"person-key", link=b"link-key", signing=b"signing-key")
SOURCES: Mapping[str, Mapping[str, Any]] = {
    "site": {"kind": "browser", "default_country": "FR"},
    "app": {"kind": "app"},
    "backend": {"kind": "server", "default_country": "FR"},
    "till": {"kind": "store"},
}
_AS_TEXT = ("text/", "application/json", "application/xml", "application/javascript")


def a_message(**fields: Any) -> Message:
    """A track event in Segment's shape, as an SDK sends it."""
    message: Message = {
        "type": "track",
        "event": "Product Viewed",
        "messageId": "m-1",
        "anonymousId": "visitor-1",
        "timestamp": "2026-11-22T05:29:00.000Z",
        "properties": {"sku": "S1"},
    }
    message.update(fields)
    return {name: value for name, value in message.items() if value is not ...}


def a_log_item(*messages: Message, **fields: Any) -> LogItem:
    """As collect would log ``messages`` (cleaned ones), without its keys' meaning."""
    given = messages or ({"type": "track", "event": "Product Viewed", "messageId": "m-1", "timestamp": "2026-11-22T05:29:00.000Z"},)
    values: dict[str, Any] = {
        "person_id": "prs_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "sort": "2026-11-22T05:29:00.000Z#0123456789abcdef",
        "source": "site",
        "kind": SourceKind.BROWSER,
        "received_at": RECEIVED,
        "messages": given,
    }
    return LogItem(**(values | fields))


def gateway_event(
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: str = "",
    cookies: tuple[str, ...] = (),
    source_ip: str = "203.0.113.77",
) -> dict[str, Any]:
    """HTTP API's payload 2.0. Bodies of text types travel as text, whatever bytes they hold; all others as base64."""
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    is_text = sent.get("content-type", "application/json").startswith(_AS_TEXT)
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"x-forwarded-proto": "https", **sent},
        "cookies": list(cookies),
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": source_ip}},
        "body": body.decode("utf-8", "replace") if is_text else b64encode(body).decode(),
        "isBase64Encoded": not is_text,
    }


@dataclass(slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    cookies: list[str]
    text: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.text)


@dataclass(slots=True)
class CollectWorld:
    """A collector and everything around it, in memory, with a write key per source."""

    definitions: Mapping[str, Any] = field(default_factory=lambda: {"sources": SOURCES, "identity": {}})
    now: datetime = RECEIVED
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    overflow: MemoryOverflow = field(default_factory=MemoryOverflow)
    rejects: MemoryRejects = field(default_factory=MemoryRejects)
    meter: MemoryMeter = field(default_factory=MemoryMeter)
    usage: UsageStore = field(default_factory=MemoryUsage)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    access: MemoryAccess = field(init=False)
    keys: dict[str, str] = field(init=False)
    collector: Collector = field(init=False)

    def __post_init__(self) -> None:
        self.access = MemoryAccess(self.definitions)
        self.keys = {name: self.new_key(name, f"{name}-secret") for name in self.definitions["sources"]}
        self.collector = self.with_ports()

    def with_ports(self, *, log: EventLog | None = None, overflow: Overflow | None = None, rejects: RejectStore | None = None) -> Collector:
        """The same collector over other ports; it becomes this world's own."""
        store = rejects or self.rejects
        sources = SourceDirectory(self.access, clock=self.clock, ttl=parse_instant("2026-01-01T00:01") - parse_instant("2026-01-01"))
        self.collector = Collector(
            sources=sources,
            entrance=Entrance(
                sources=sources,
                limiter=Limiter(self.usage, meter=self.meter),
                unknown_keys=UnknownKeys(self.journal, meter=self.meter),
                meter=self.meter,
            ),
            acceptance=Acceptance(log=log or self.log, overflow=overflow or self.overflow, rejects=store, meter=self.meter),
            rejects=store,
            keys=lambda: KEYS,
            new_id=lambda: "new-visitor-id",
            meter=self.meter,
            public_url=PUBLIC_URL,
        )
        return self.collector

    def clock(self) -> datetime:
        return self.now

    def new_key(self, source: str, secret: str) -> str:
        return write_keys.create(self.access, source, clock=self.clock, new_secret=lambda: secret)

    def deliver(self, event: Mapping[str, Any]) -> Answer:
        """Through the function itself."""
        reply = serve(event, lambda: self.collector, self.clock)
        return Answer(reply["statusCode"], reply["headers"], reply["cookies"], reply["body"])

    def post(self, path: str, document: Any, *, source: str | None = "site", headers: Mapping[str, str] | None = None) -> Answer:
        key = {"authorization": "Basic " + b64encode(f"{self.keys[source]}:".encode()).decode()} if source else {}
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        return self.deliver(gateway_event("POST", path, body=body, headers={**key, **(headers or {})}))

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        cookies: tuple[str, ...] = (),
    ) -> Answer:
        return self.deliver(gateway_event("GET", path, query=urlencode(query or {}), headers=headers, cookies=cookies))

    def events(self) -> list[Event]:
        return [event for item in self.log.items() for event in events_of(item)]

    def refused(self) -> list[StoredReject]:
        found, _ = self.rejects.of_day(self.now.date().isoformat(), limit=10_000)
        return [stored for each in found if (stored := self.rejects.get(each.id)) is not None]
