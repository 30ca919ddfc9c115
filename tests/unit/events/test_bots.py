"""Programs that come like people: their events are accepted, logged with a mark, and nothing more."""

from typing import Any

import pytest

from ariane.events import bots
from ariane.events.bots import MOST_JUDGED, is_bot
from ariane.events.model import LogItem, Message
from ariane.events.redirects import link_target
from tests.builders.events import KEYS, PUBLIC_URL, RECEIVED, CollectWorld, a_message

CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BOTS = [
    GOOGLEBOT,
    CHROME.replace("Chrome", "HeadlessChrome"),
    "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "Twitterbot/1.0",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    f"{CHROME} Chrome-Lighthouse",
]
PEOPLE = [
    CHROME,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/290.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/440.0.0]",
    "Mozilla/5.0 (Linux; Android 10; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.1.1 like Chrome/120 Safari/537.36",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Amazon CloudFront",
    "curl/8.5.0",
    "python-requests/2.32.3",
    "python-httpx/0.27.0",
    "okhttp/4.12.0",
    "analytics-python/2.4.0",
    "posthog-python/3.7.0",
    "node",
    "node-fetch/1.0",
    "Dalvik/2.1.0 (Linux; U; Android 12; SM-G991B Build/SP1A)",
    "Shop/5.2 CFNetwork/1408.0.4 Darwin/22.5.0",
    "",
]


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def logged(world: CollectWorld) -> list[Message]:
    items: list[LogItem] = world.log.items()
    return [message for item in items for message in item.messages]


def marks(world: CollectWorld) -> list[bool]:
    return [message.get("context", {}).get("bot") is True for message in logged(world)]


@pytest.mark.parametrize("user_agent", BOTS)
def test_crawlers_previews_monitors_and_headless_browsers_are_bots(user_agent: str) -> None:
    assert is_bot(user_agent)


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_browsers_apps_mailboxes_and_http_libraries_are_none(user_agent: str) -> None:
    assert not is_bot(user_agent)


def test_nearly_the_whole_list_is_looked_for() -> None:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    wanted = [entry for entry in CRAWLER_USER_AGENTS_DATA if "http-library" not in entry["tags"]]
    missed = {entry["pattern"] for entry in wanted if not all(is_bot(name) for name in entry["instances"] if len(name) <= 512)}
    assert len(wanted) > 1_000
    assert missed <= {"GoogleImageProxy", "YahooMailProxy"}


def test_a_bots_event_is_accepted_and_logged_with_its_mark(world: CollectWorld) -> None:
    answer = world.post("/v1/t", a_message(), headers={"user-agent": GOOGLEBOT})

    assert (answer.status, answer.json) == (200, {"success": True})
    assert marks(world) == [True]
    assert world.events() == []
    assert world.refused() == []


def test_a_persons_event_has_no_mark(world: CollectWorld) -> None:
    world.post("/v1/t", a_message(context={"bot": False}), headers={"user-agent": CHROME})

    assert "bot" not in logged(world)[0]["context"]


@pytest.mark.parametrize("source", ["app", "backend", "till"])
def test_only_a_browsers_own_header_names_the_visitor(world: CollectWorld, source: str) -> None:
    world.post("/v1/t", a_message(), source=source, headers={"user-agent": GOOGLEBOT})

    assert marks(world) == [False]


@pytest.mark.parametrize("source", ["site", "app"])
def test_a_user_agent_that_an_event_forwards_counts(world: CollectWorld, source: str) -> None:
    batch = [
        a_message(context={"userAgent": GOOGLEBOT}),
        a_message(messageId="m-2", anonymousId="visitor-2", context={"userAgent": CHROME}),
    ]
    world.post("/v1/batch", {"batch": batch}, source=source)

    assert sorted(marks(world)) == [False, True]
    assert [event.message_id for event in world.events()] == ["m-2"]


@pytest.mark.parametrize("source", ["backend", "till"])
def test_a_trusted_source_states_the_user_agent_of_whatever_told_it_and_says_itself_what_is_a_bots(
    world: CollectWorld, source: str
) -> None:
    batch = [
        a_message(messageId="order", context={"userAgent": "Shopify-Captain-Hook Googlebot/2.1"}),
        a_message(messageId="crawl", anonymousId="visitor-2", context={"userAgent": GOOGLEBOT, "bot": True}),
    ]
    world.post("/v1/batch", {"batch": batch}, source=source)

    assert sorted(marks(world)) == [False, True]
    assert [event.message_id for event in world.events()] == ["order"]


@pytest.mark.parametrize(
    ("stated", "is_marked"), [(True, True), ("true", True), (False, False), ("false", False), (None, False), ({}, False)]
)
def test_a_client_may_say_itself_that_it_is_a_bot(world: CollectWorld, stated: Any, is_marked: bool) -> None:
    world.post("/v1/t", a_message(context={"bot": stated}), source="backend")

    assert marks(world) == [is_marked]


@pytest.mark.parametrize("path", ["/p.gif", "/v1/pixel/track"])
@pytest.mark.parametrize("source", ["site", "backend"])
def test_whoever_asks_for_an_image_is_the_visitor_whatever_the_source(world: CollectWorld, path: str, source: str) -> None:
    query = {"writeKey": world.keys[source], "event": "Seen", "e": "Seen", "anonymousId": "visitor-1"}
    answer = world.get(path, query, headers={"user-agent": GOOGLEBOT})

    assert answer.status == 200
    assert marks(world) == [True]


def test_a_bot_that_follows_a_link_clicks_nothing(world: CollectWorld) -> None:
    expires = RECEIVED.replace(year=2027)
    link = link_target("https://shop.example/", key=KEYS.link, public_url=PUBLIC_URL, write_key_source="site", expires_at=expires)
    answer = world.get("/r", {"t": link.partition("?t=")[2]}, headers={"user-agent": "Slackbot-LinkExpanding 1.0"})

    assert answer.status == 302
    assert marks(world) == [True]


@pytest.mark.parametrize("first", [GOOGLEBOT, CHROME])
def test_a_bot_and_a_person_who_send_the_same_bytes_leave_an_item_each(world: CollectWorld, first: str) -> None:
    """An image in a mail is looked at by the mailbox's scanner and by who reads the mail."""
    for user_agent in (first, GOOGLEBOT, CHROME, GOOGLEBOT, CHROME):
        world.post("/v1/t", a_message(), headers={"user-agent": user_agent})

    assert sorted(marks(world)) == [False, True]
    assert [event.message_id for event in world.events()] == ["m-1"]


def test_a_user_agent_is_judged_once(world: CollectWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(bots, "is_bot", lambda user_agent: read.append(user_agent))
    batch = [a_message(messageId=str(number), context={"userAgent": CHROME}) for number in range(50)]
    world.post("/v1/batch", {"batch": batch}, source="app")

    assert read == [CHROME]


def test_the_user_agents_judged_for_a_request_are_bounded(world: CollectWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(bots, "is_bot", lambda user_agent: read.append(user_agent))
    batch = [a_message(messageId=str(number), context={"userAgent": f"agent {number}"}) for number in range(1_000)]
    world.post("/v1/batch", {"batch": batch}, source="app")

    assert len(read) == MOST_JUDGED
    assert len(world.events()) == 1_000
