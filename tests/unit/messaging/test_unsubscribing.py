"""The way out: pages, one-click, forged and expired links, crashes."""

import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from ariane.errors import ArianeError, Permanent, Retryable
from ariane.messaging.links import UNSUBSCRIBE_LIFETIME, MessageLinks, WayOut
from ariane.messaging.model import Channel, Status
from ariane.messaging.pages import HEADERS, Page, language_of
from ariane.messaging.unsubscribe_endpoint import LinkRequest, UnsubscribeEndpoint
from ariane.messaging.unsubscribing import UnsubscribePorts, Unsubscriber
from ariane.privacy.consents import Consent, decide
from handlers.links import request_of
from tests.builders.messaging import ADDRESS, LINK_KEY, PUBLIC_URL, SendWorld
from tests.builders.profiles import NOON, prs

ONE_CLICK = "List-Unsubscribe=One-Click"


@dataclass
class World:
    send: SendWorld = field(default_factory=SendWorld)
    now: datetime = NOON + timedelta(days=1)

    def ports(self) -> UnsubscribePorts:
        stack = self.send.stack
        return UnsubscribePorts(
            consents=stack.consents, identities=stack.identities, log=stack.log, clock=lambda: self.now, link_key=LINK_KEY
        )

    def token(self, **fields: Any) -> str:
        values: dict[str, Any] = {
            "address_id": prs(f"email:{ADDRESS}"),
            "topic": "offers",
            "channel": Channel.EMAIL,
            "message_id": "msg_1",
            "locale": "fr",
            "label": "Offres & <b>nouveautés</b>",
        }
        return WayOut(**(values | fields)).token(LINK_KEY, expires_at=NOON + UNSUBSCRIBE_LIFETIME)

    def visit(self, method: str, token: str, *, body: str = "", language: str | None = None, ports: UnsubscribePorts | None = None) -> Page:
        request = LinkRequest(method=method, token=token, body=body, accept_language=language)
        return UnsubscribeEndpoint(Unsubscriber(ports or self.ports())).answer(request)

    def consent(self) -> Consent:
        return decide(self.send.stack.consents.states([prs(f"email:{ADDRESS}")]))

    def withdrawals(self) -> list[Any]:
        items = self.send.stack.log.items()
        return [message for each in items for message in each.messages if message.get("event") == "Consent Withdrawn"]


def test_opening_the_link_changes_nothing() -> None:
    world = World()

    page = world.visit("GET", world.token())

    assert page.status == 200
    assert '<form method="post">' in page.html
    assert (world.consent(), world.withdrawals()) == (Consent.GRANTED, [])


@pytest.mark.parametrize(("body", "how"), [(ONE_CLICK, "one_click"), ("confirm=yes", "page")])
def test_a_post_withdraws_at_once_and_is_in_the_log(body: str, how: str) -> None:
    world = World()

    page = world.visit("POST", world.token(), body=body)

    assert page.status == 200
    assert world.consent() is Consent.WITHDRAWN
    (event,) = world.withdrawals()
    assert event["properties"] == {"topic": "offers", "channel": "email", "how": how, "message_id": "msg_1"}
    assert world.send.deliver().reason == "no_consent"


def test_the_link_in_a_sent_email_is_the_way_out() -> None:
    world = World()
    world.send.deliver()
    url = world.send.emails.sent[0].unsubscribe_url or ""

    world.visit("POST", url.removeprefix(f"{PUBLIC_URL}/u/"), body=ONE_CLICK)

    assert world.consent() is Consent.WITHDRAWN
    assert ADDRESS not in url


def test_the_event_appears_once_and_brings_no_second_decision_when_it_is_stitched() -> None:
    world = World()
    token = world.token()
    for _ in range(3):
        world.visit("POST", token, body=ONE_CLICK)
        world.now += timedelta(hours=1)
    kept = len(world.send.stack.consents.records)
    items = [item for item in world.send.stack.log.items() if item.source == "ariane"]

    world.send.stack.stitch([_record(item, place) for place, item in enumerate(items)])

    assert (len(items), len(world.send.stack.consents.records)) == (1, kept)
    assert world.send.profile().occurrences["Consent Withdrawn"].count == 1


def test_a_link_works_again_after_a_new_grant() -> None:
    world = World()
    token = world.token()
    world.visit("POST", token)
    world.send.decide("Consent Granted", channel="email", minute=60 * 48)
    world.now = NOON + timedelta(days=3)

    world.visit("POST", token)

    assert world.consent() is Consent.WITHDRAWN
    assert len(world.withdrawals()) == 2


def test_other_topics_and_channels_stay() -> None:
    world = World()
    world.visit("POST", world.token(), body=ONE_CLICK)

    assert world.send.deliver(channel=Channel.SMS).status is Status.SENT


@pytest.mark.parametrize("token", ["", "x", "a.b", "é.ü", "../../etc"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_not_ours_says_so(token: str, method: str) -> None:
    page = World().visit(method, token)

    assert (page.status, "not valid" in page.html) == (404, True)


def test_a_link_for_something_else_is_no_way_out() -> None:
    world = World()
    links = MessageLinks(key=LINK_KEY, public_url=PUBLIC_URL)
    click = links.track("https://shop.example", source="web", message_id="msg_1", journey="cart", now=NOON)

    assert world.visit("POST", click.partition("t=")[2]).status == 404
    assert world.consent() is Consent.GRANTED


def test_an_expired_link_says_so_and_changes_nothing() -> None:
    world = World()
    world.now = NOON + UNSUBSCRIBE_LIFETIME

    page = world.visit("POST", world.token(), language="fr")

    assert (page.status, "expiré" in page.html) == (410, True)
    assert world.consent() is Consent.GRANTED


@pytest.mark.parametrize("port", ["consents", "identities", "log"])
def test_a_failure_is_admitted_and_the_next_try_completes_it(port: str) -> None:
    world = World()
    broken_port: Any = {port: _Refuses(Retryable("table_busy", "later"))}
    broken = replace(world.ports(), **broken_port)

    assert world.visit("POST", world.token(), ports=broken).status == 503
    world.now += timedelta(minutes=5)
    assert world.visit("POST", world.token()).status == 200
    assert world.consent() is Consent.WITHDRAWN
    assert len(world.withdrawals()) == 1


@pytest.mark.parametrize(("language", "words"), [("en", "not unsubscribed yet"), ("fr", "pas encore désabonné")])
@pytest.mark.parametrize("port", ["consents", "identities", "log"])
def test_what_trying_again_does_not_mend_has_a_page_too(port: str, language: str, words: str) -> None:
    world = World()
    broken_port: Any = {port: _Refuses(Permanent("table_refused", "no such key"))}

    page = world.visit("POST", world.token(locale=language), ports=replace(world.ports(), **broken_port))

    assert (page.status, page.problem, words in page.html) == (500, "table_refused", True)


@pytest.mark.parametrize(
    ("header", "locale", "language"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "en", "fr"),
        ("en;q=0.5, fr;q=0.9", "en", "fr"),
        ("de, *;q=0.1", "fr-CA", "fr"),
        ("fr;q=0", "en", "en"),
        ("fr;q=x", "de", "en"),
        (None, "fr", "fr"),
        ("", "nl", "en"),
    ],
)
def test_the_page_speaks_the_visitors_language(header: str | None, locale: str, language: str) -> None:
    assert language_of(header, otherwise=locale) == language


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_is_accessible_and_shows_no_markup_of_the_brand(language: str) -> None:
    world = World()
    page = world.visit("GET", world.token(locale=language))
    reader = _Outline(page.html)

    assert reader.tags.count("h1") == reader.tags.count("main") == reader.tags.count("button") == 1
    assert reader.language == language
    assert "script" not in reader.tags
    assert "b" not in reader.tags
    assert "Offres &amp; &lt;b&gt;" in page.html
    assert not re.search(r"\son\w+=", page.html)


def test_the_page_speaks_the_messages_language_whatever_the_browser_speaks() -> None:
    """Its topic's label is in the message's language: one page, one language."""
    world = World()
    page = world.visit("GET", world.token(locale="fr", label="Offres"), language="en-GB,en;q=0.9")

    assert _Outline(page.html).language == "fr"


def test_nothing_is_stored_framed_or_run() -> None:
    assert HEADERS["cache-control"] == "no-store"
    assert "default-src 'none'" in HEADERS["content-security-policy"]
    assert "script-src" not in HEADERS["content-security-policy"]


def test_the_gateways_event_is_read() -> None:
    body = b64encode(ONE_CLICK.encode()).decode()
    event = {
        "rawPath": "/u/abc.def",
        "headers": {"Accept-Language": "fr"},
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": True,
    }

    assert request_of(event) == LinkRequest(method="POST", token="abc.def", body=ONE_CLICK, accept_language="fr")


class _Refuses:
    def __init__(self, error: ArianeError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise self._error

        return call


class _Outline(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.language: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "html":
            self.language = dict(attrs).get("lang")


def _record(item: Any, place: int) -> Any:
    from ariane.profiles.stitching import StreamRecord

    return StreamRecord(item, str(1000 + place))
