import re
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
import pytest

from ariane.errors import Rejected
from ariane.events.redirects import link_target
from ariane.signing import sign, verify
from tests.builders.events import KEYS, PUBLIC_URL, RECEIVED, Answer, CollectWorld, a_message, gateway_event

ITEM = a_message(properties={"subject": "é?>ÿ"})


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def is_image(answer: Answer) -> bool:
    return (answer.status, answer.headers["Content-Type"], answer.text[:6]) == (200, "image/gif", "R0lGOD")


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("padding", ["=", ""])
def test_segments_pixel_reads_either_alphabet_with_or_without_padding(world: CollectWorld, encode: Any, padding: str) -> None:
    data = encode(orjson.dumps(ITEM | {"writeKey": world.keys["site"]})).decode()
    answer = world.get("/v1/pixel/track", {"data": data if padding else data.rstrip("=")})

    assert is_image(answer)
    assert [event.properties["subject"] for event in world.events()] == ["é?>ÿ"]


def test_segments_pixel_reads_dotted_parameters(world: CollectWorld) -> None:
    query = {"writeKey": world.keys["site"], "userId": "u1", "event": "Email Opened", "properties.subject": "Hi", "properties.a.b": "1"}
    answer = world.get("/v1/pixel/track", query)

    assert is_image(answer)
    (event,) = world.events()
    assert (event.name, event.properties) == ("Email Opened", {"subject": "Hi", "a": {"b": "1"}})


@pytest.mark.parametrize(
    "query", [{}, {"data": "%%%"}, {"data": "é"}, {"data": "bm8="}, {"writeKey": "wk_nobody"}, {"a": "1", "a.b": "2", "a.b.c": ""}]
)
def test_segments_pixel_is_an_image_even_on_error(world: CollectWorld, query: dict[str, str]) -> None:
    assert is_image(world.get("/v1/pixel/page", query))
    assert world.log.items() == []


def test_a_pixels_invalid_event_is_kept(world: CollectWorld) -> None:
    world.get("/v1/pixel/track", {"writeKey": world.keys["site"], "userId": "u1"})

    assert [stored.reject.code for stored in world.refused()] == ["event_missing"]


def test_a_pixel_that_cannot_be_read_is_kept_when_its_key_is_known(world: CollectWorld) -> None:
    world.get("/v1/pixel/track", {"writeKey": world.keys["site"], "data": "é"})

    (stored,) = world.refused()
    assert (stored.reject.code, stored.reject.index) == ("invalid_data", None)
    assert b"data=%C3%A9" in stored.reject.body


@pytest.mark.parametrize("path", ["/p.gif", "/v1/pixel/track"])
def test_a_look_at_a_pixels_headers_is_nobodys_visit(world: CollectWorld, path: str) -> None:
    query = urlencode({"k": world.keys["site"], "writeKey": world.keys["site"], "e": "Ad Seen", "event": "Ad Seen", "userId": "u1"})
    answer = world.deliver(gateway_event("HEAD", path, query=query))

    assert (answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (200, "image/gif", "no-store")
    assert (answer.text, answer.cookies, world.events(), world.refused()) == ("", [], [], [])


def test_a_look_at_a_links_headers_goes_to_the_target_and_is_no_click(world: CollectWorld) -> None:
    answer = world.deliver(gateway_event("HEAD", "/r", query=urlsplit(link("https://shop.example/p/1")).query))

    assert (answer.status, answer.headers["Location"]) == (302, "https://shop.example/p/1")
    assert (answer.text, answer.cookies, world.events()) == ("", [], [])


def test_a_look_at_the_headers_of_a_link_that_is_not_ours_is_refused_without_a_body(world: CollectWorld) -> None:
    answer = world.deliver(gateway_event("HEAD", "/r", query="t=x"))

    assert (answer.status, answer.text) == (400, "")


def test_a_look_at_the_settings_headers_says_what_reading_them_would(world: CollectWorld) -> None:
    path = f"/v1/projects/{world.keys['site']}/settings"
    looked, read = (world.deliver(gateway_event(method, path)) for method in ("HEAD", "GET"))

    assert (looked.status, looked.headers, looked.text) == (200, read.headers, "")


def test_a_pixel_whose_parameters_nest_without_end_is_an_image(world: CollectWorld) -> None:
    assert is_image(world.get("/p.gif", {"k": world.keys["site"], "e": "Ad Seen", "a" + ".a" * 3_000: "1"}))
    assert [stored.reject.code for stored in world.refused()] == ["event_too_deep"]


def test_the_own_pixel_gives_a_cookie_and_logs_under_it(world: CollectWorld) -> None:
    query = {"k": world.keys["site"], "e": "Ad Seen", "creative": "c1", "utm_source": "tv"}
    answer = world.get("/p.gif", query, headers={"referer": "https://shop.example/a"})

    assert is_image(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    (cookie,) = answer.cookies
    assert cookie.split("; ")[0] == "ariane_aid=new-visitor-id"
    assert {"SameSite=Lax", "HttpOnly", "Secure", "Path=/"} <= set(cookie.split("; "))
    assert timedelta(days=390) < timedelta(seconds=int(re.findall(r"Max-Age=(\d+)", cookie)[0])) < timedelta(days=400)
    (event,) = world.events()
    assert (event.name, event.properties, event.message["anonymousId"]) == ("Ad Seen", {"creative": "c1"}, "new-visitor-id")
    assert event.message["context"]["campaign"] == {"source": "tv"}
    assert event.message["context"]["page"] == {"url": "https://shop.example/a"}


def test_the_own_pixel_knows_and_renews_its_cookie(world: CollectWorld) -> None:
    answer = world.get("/p.gif", {"k": world.keys["site"], "e": "Ad Seen"}, cookies=("other=1", "ariane_aid=visitor-0001"))

    assert answer.cookies[0].startswith("ariane_aid=visitor-0001;")
    assert [event.message["anonymousId"] for event in world.events()] == ["visitor-0001"]


def test_a_cookie_that_we_did_not_write_is_replaced(world: CollectWorld) -> None:
    answer = world.get("/p.gif", {"k": world.keys["site"], "e": "Ad Seen"}, cookies=("ariane_aid=x; Domain=evil",))

    assert answer.cookies[0].startswith("ariane_aid=new-visitor-id;")


def test_over_plain_http_the_cookie_is_not_secure(world: CollectWorld) -> None:
    answer = world.get("/p.gif", {"k": world.keys["site"]}, headers={"x-forwarded-proto": "http"})

    assert "Secure" not in answer.cookies[0]
    assert [event.type for event in world.events()] == ["page"]


def test_a_source_may_share_its_cookie_with_the_sites_domain() -> None:
    world = CollectWorld({"sources": {"site": {"kind": "browser", "cookie_domain": "shop.example"}}, "identity": {}})

    assert "Domain=shop.example" in world.get("/p.gif", {"k": world.keys["site"]}).cookies[0].split("; ")


def test_an_unknown_key_gets_an_image_without_a_cookie(world: CollectWorld) -> None:
    answer = world.get("/p.gif", {"k": "wk_nobody", "e": "Ad Seen"})

    assert is_image(answer)
    assert answer.cookies == []


def link(url: str = "https://shop.example/p/1?utm_source=instagram&utm_campaign=spring&x=%C3%A9#top", **fields: Any) -> str:
    values: dict[str, Any] = {
        "key": KEYS.link,
        "public_url": PUBLIC_URL,
        "write_key_source": "site",
        "expires_at": RECEIVED + timedelta(days=30),
    }
    return link_target(url, **(values | fields))


def follow(world: CollectWorld, url: str, **fields: Any) -> Answer:
    parts = urlsplit(url)
    return world.deliver(gateway_event("GET", parts.path, query=parts.query, **fields))


def test_a_click_goes_on_to_the_target_with_the_visitors_anonymous_id(world: CollectWorld) -> None:
    answer = follow(world, link())

    assert answer.status == 302
    assert answer.headers["Location"] == (
        "https://shop.example/p/1?utm_source=instagram&utm_campaign=spring&x=%C3%A9&ajs_aid=new-visitor-id#top"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.cookies[0].startswith("ariane_aid=new-visitor-id;")


def test_a_click_is_an_event_with_its_campaign(world: CollectWorld) -> None:
    follow(world, link(properties={"placement": "story"}), cookies=("ariane_aid=visitor-0001",))

    (event,) = world.events()
    assert (event.type, event.name, event.source) == ("track", "Link Clicked", "site")
    assert event.properties["placement"] == "story"
    assert event.message["anonymousId"] == "visitor-0001"
    assert event.message["context"]["campaign"] == {"source": "instagram", "name": "spring"}


def test_from_our_own_mail_the_site_also_gets_a_token_for_ten_minutes(world: CollectWorld) -> None:
    answer = follow(world, link(message_id="msg_1"))

    (token,) = parse_qs(urlsplit(answer.headers["Location"]).query)["ariane_token"]
    within = RECEIVED + timedelta(minutes=9)
    assert verify(token, KEYS.link, within, purpose="visit") == {"a": "new-visitor-id", "m": "msg_1"}
    assert world.events()[0].properties["message_id"] == "msg_1"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "link_forged"),
        ("https://evil.example", "link_forged"),
        (sign({"u": "https://evil.example", "s": "site"}, b"other", purpose="click", expires_at=RECEIVED + timedelta(1)), "link_forged"),
        (sign({"u": "https://evil.example", "s": "site"}, KEYS.link, purpose="visit", expires_at=RECEIVED + timedelta(1)), "link_forged"),
        (sign({"u": "https://shop.example", "s": "site"}, KEYS.link, purpose="click", expires_at=RECEIVED), "link_expired"),
    ],
)
def test_a_link_that_is_not_ours_leads_nowhere(world: CollectWorld, token: str | None, code: str) -> None:
    answer = world.get("/r", {"url": "https://evil.example", **({"t": token} if token else {})})

    assert (answer.status, answer.json["code"]) == (400, code)
    assert "Location" not in answer.headers
    assert world.log.items() == []


def test_a_click_under_a_source_that_is_gone_still_arrives(world: CollectWorld) -> None:
    answer = follow(world, link(write_key_source="gone"))

    assert answer.status == 302
    assert world.log.items() == []
    assert world.meter.counts["ClicksWithoutSource"] == 1


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//shop.example", "shop.example", ""])
def test_links_lead_to_web_addresses_only(url: str) -> None:
    with pytest.raises(Rejected):
        link(url)
