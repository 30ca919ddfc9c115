"""The sender with everything around it in memory: a stitched profile, a running enrolment, a published journey, mailboxes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from mjml import mjml2html

from ariane.adapters.memory.email_sender import MemoryEmailSender
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.journey_queue import MemoryJourneyQueue
from ariane.adapters.memory.ledger import MemoryLedger, MemorySuppressions
from ariane.adapters.memory.sms_sender import MemorySmsSender
from ariane.errors import NotFound
from ariane.events.model import SourceKind
from ariane.instants import format_instant
from ariane.journeys.compile import compile_journey
from ariane.journeys.definition import JourneyFile
from ariane.journeys.enrolment import Enrolment, Status
from ariane.messaging.brand import Brand
from ariane.messaging.links import MessageLinks
from ariane.messaging.liquid_filters import Scope
from ariane.messaging.model import Channel, LedgerEntry, MessageClass, SendRequest
from ariane.messaging.model import Status as Sent
from ariane.messaging.ports import SendPorts
from ariane.messaging.send import Sender
from ariane.messaging.templates import compile_template
from ariane.profiles.model import Profile
from ariane.profiles.reader import ProfileReader
from ariane.profiles.waking import awaken
from tests.builders.profiles import KEY, NOON, Stack, identify, item, prs, track

LINK_KEY = b"test-link-key"
PUBLIC_URL = "https://collect.shop.example"
ADDRESS = "ana@shop.example"
PHONE = "+33612345678"
BRAND: Mapping[str, Any] = {
    "name": "Maison Ondine",
    "site_url": "https://shop.example",
    "default_locale": "fr",
    "default_time_zone": "Europe/Paris",
    "default_currency": "EUR",
    "email": {"from": "bonjour@maison.example", "from_name": "Maison Ondine", "reply_to": "service@maison.example"},
    "sms": {"sender_id": "ONDINE", "stop_suffix": {"fr": "STOP au 36180", "en": "Reply STOP to opt out"}},
    "topics": {
        "offers": {"class": "marketing", "channels": ["email", "sms"], "label": {"fr": "Offres", "en": "Offers"}},
        "orders": {"class": "transactional", "channels": ["email", "sms"], "label": {"fr": "Commandes", "en": "Orders"}},
    },
}
MJML = """---
subject: "{{ profile.traits.first_name | default: 'Bonjour' }}, votre panier"
preheader: "{{ event.properties.name }}"
---
<mjml><mj-body><mj-section><mj-column>
<mj-text>{{ profile.traits.first_name }} {{ event.properties.name }}</mj-text>
<mj-button href="{{ brand.site_url | append: '/panier?a=1&b=2' | track_link }}">Voir</mj-button>
<mj-text><a href="{{ unsubscribe_url }}">Sortir</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
SMS = "{{ brand.name }} : commande {{ event.properties.order_id }}, {{ event.properties.total | money }}"


def a_template(**files: str) -> dict[str, Any]:
    """``fr_email_mjml`` stands for ``fr/email.mjml``."""
    given = files or {"fr_email_mjml": MJML, "fr_sms_txt": SMS}
    paths = {"/".join(name.split("_", 1)).replace("_", "."): text for name, text in given.items()}
    return compile_template(paths, compile_mjml=mjml2html)


def a_scope(**fields: Any) -> Scope:
    values: dict[str, Any] = {
        "locale": "fr",
        "currency": "EUR",
        "time_zone": "Europe/Paris",
        "track": lambda url: f"https://t.example/{url}",
    }
    return Scope(**(values | fields))


def a_brand(**fields: Any) -> Brand:
    return replace(Brand.from_document(BRAND), **fields)


def an_entry(**fields: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "profile": "prs_a",
        "id": "msg_1",
        "channel": Channel.EMAIL,
        "template": "cart",
        "journey": "cart",
        "version": "1",
        "node": "2",
        "topic": "offers",
        "message_class": MessageClass.MARKETING,
        "status": Sent.CLAIMED,
        "at": NOON,
        "address_id": "prs_address",
    }
    return LedgerEntry(**(values | fields))


def a_definition(**exit_rule: Any) -> dict[str, Any]:
    """A wait (node 1), then an e-mail (node 2); an order ends it."""
    leaving = {"event": "Order Completed", **exit_rule}
    send = {"send": {"channel": "email", "template": "cart", "topic": "offers"}}
    entry = {"event": "Product Added", "key": "cart_id"}
    file = {"name": "cart", "entry": entry, "exit": leaving, "steps": [{"wait": "1 hour"}, send]}
    return compile_journey(JourneyFile.model_validate_json(orjson.dumps(file))).as_json()


@dataclass
class FixedDefinitions:
    messaging: Mapping[str, Any] = field(default_factory=lambda: BRAND)
    identity: Mapping[str, Any] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=lambda: a_definition())
    template: dict[str, Any] = field(default_factory=a_template)

    def document(self, name: str) -> Mapping[str, Any] | None:
        return {"messaging": self.messaging, "identity": self.identity}.get(name)

    def journey(self, name: str, version: str) -> Mapping[str, Any]:
        if version != "1":
            raise NotFound("no_such_version", "the journey has no such version")
        return {"definition": self.definition, "templates": {"cart": self.template}}


@dataclass
class SendWorld:
    """A customer who gave an address, a phone and a grant for offers by both; a run that waits at node 2."""

    now: datetime = NOON
    stack: Stack = field(default_factory=Stack)
    enrolments: MemoryEnrolments = field(default_factory=MemoryEnrolments)
    definitions: FixedDefinitions = field(default_factory=FixedDefinitions)
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    emails: MemoryEmailSender = field(default_factory=MemoryEmailSender)
    texts: MemorySmsSender = field(default_factory=MemorySmsSender)
    queue: MemoryJourneyQueue = field(default_factory=MemoryJourneyQueue)
    ledger: MemoryLedger = field(init=False)
    traits: dict[str, Any] = field(default_factory=lambda: {"email": ADDRESS, "phone": PHONE, "first_name": "Ana"})
    consents: tuple[str, ...] = ("email", "sms")

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(enrolments=self.enrolments, heads=self.stack.identities, suppressions=self.suppressions)
        self.tell(identify(message_id="i1", userId="u1", traits=self.traits))
        for channel in self.consents:
            self.decide("Consent Granted", channel=channel, minute=1)
        self.enrolments.create(self.run())

    def run(self, **fields: Any) -> Enrolment:
        fact = {
            "event": "Product Added",
            "profile": self.profile().id,
            "timestamp": format_instant(NOON + timedelta(minutes=2)),
            "properties": {"name": "Robe", "order_id": "o-1", "total": 49.9},
        }
        values: dict[str, Any] = {
            "profile": self.profile().id,
            "journey": "cart",
            "version": "1",
            "key": "c1",
            "number": 0,
            "cause": "web/m1",
            "fact": fact,
            "entered_at": NOON,
            "node": "2",
            "visit": 2,
            "due": NOON + timedelta(minutes=15),
        }
        return Enrolment(**(values | fields))

    def end_run(self, status: Status = Status.EXITED) -> None:
        self.enrolments.save(replace(self.run(), status=status, lock=1, due=None))

    def request(self, **fields: Any) -> SendRequest:
        run = self.run()
        values: dict[str, Any] = {
            "profile": run.profile,
            "enrolment": run.sort,
            "journey": run.journey,
            "version": run.version,
            "key": run.key,
            "number": run.number,
            "node": run.node,
            "visit": run.visit,
            "channel": Channel.EMAIL,
            "template": "cart",
            "topic": "offers",
        }
        return SendRequest(**(values | fields))

    def profile(self) -> Profile:
        return self.stack.profile("user_id:u1")

    def decide(self, event: str, *, channel: str, topic: str = "offers", minute: float, **properties: Any) -> None:
        address = {"email": {"email": ADDRESS}, "sms": {"phone": PHONE}}.get(channel, {})
        message = track(
            event,
            message_id=f"consent-{event}-{channel}-{topic}-{minute}",
            minute=minute,
            userId="u1",
            anonymousId=None,
            properties={"topic": topic, "channel": channel, **address, **properties},
        )
        self.tell(message)

    def happen(self, event: str, *, minute: float, **fields: Any) -> None:
        self.tell(track(event, message_id=f"{event}-{minute}", minute=minute, userId="u1", **fields))

    def tell(self, message: Any) -> None:
        """An event of the shop's backend."""
        self.stack.deliver(self._log(message))

    def _log(self, message: Any) -> Any:
        return item(message, source="backend", kind=SourceKind.SERVER)

    def ports(self) -> SendPorts:
        return SendPorts(
            profiles=_ProfilesOf(self.stack),
            heads=self.stack.identities,
            awaken=partial(awaken, bundles=self.stack.fragments),
            enrolments=self.enrolments,
            definitions=self.definitions,
            history=self.stack.log,
            consents=self.stack.consents,
            suppressions=self.suppressions,
            ledger=self.ledger,
            emails=self.emails,
            texts=self.texts,
            outcomes=self.queue,
            links=MessageLinks(key=LINK_KEY, public_url=PUBLIC_URL),
            person_key=KEY,
            clock=lambda: self.now,
        )

    def deliver(self, *, change: Callable[[SendPorts], SendPorts] = lambda ports: ports, **fields: Any) -> LedgerEntry:
        return Sender(change(self.ports())).deliver(self.request(**fields))

    def entry(self) -> LedgerEntry:
        """The only one there is."""
        (entry,) = self.ledger.entries_of([*self.profile().member_ids, self.profile().id])
        return entry

    def outcomes(self) -> list[tuple[str, str | None]]:
        return [(message.body["status"], message.body["reason"]) for message in self.queue.messages]


@dataclass
class _ProfilesOf:
    stack: Stack

    def snapshot(self, person_id: str) -> Profile:
        return self._reader.snapshot(person_id)

    def brief(self, person_id: str) -> Profile:
        return self._reader.brief(person_id)

    @property
    def _reader(self) -> ProfileReader:
        return ProfileReader(self.stack.identities, self.stack.fragments)


__all__ = ["ADDRESS", "BRAND", "KEY", "LINK_KEY", "NOON", "PHONE", "PUBLIC_URL", "FixedDefinitions", "SendWorld", "prs"]
