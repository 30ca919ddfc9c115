"""Which pages may send under a browser's key."""

from typing import Any

import pytest

from ariane.errors import Rejected
from ariane.events.origins import Origins, origin_of
from tests.builders.events import Answer, CollectWorld, a_message

LISTED = ["https://shop.example", "https://*.shop.example", "http://localhost:3000", "https://pay.example:8443", "capacitor://localhost"]


def is_admitted(headers: dict[str, str], *, method: str = "POST", listed: list[str] | None = None) -> bool:
    return Origins.of(listed or LISTED).admit(headers, method=method)


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "https://www.shop.example",
        "https://fr.www.shop.example",
        "https://SHOP.example",
        "HTTPS://www.Shop.Example",
        "https://shop.example:443",
        "http://localhost:3000",
        "https://pay.example:8443",
        "capacitor://localhost",
    ],
)
def test_a_listed_origin_may_send(origin: str) -> None:
    assert is_admitted({"origin": origin})


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example",
        "https://shop.example:8443",
        "https://www.shop.example:8443",
        "https://evilshop.example",
        "https://shop.example.evil.example",
        "https://shop.example@evil.example",
        "https://*.shop.example",
        "https://.shop.example",
        "https://www..shop.example",
        "http://localhost",
        "http://localhost:30000",
        "https://pay.example",
        "https://www.pay.example:8443",
        "https://shop.example/",
        "shop.example",
        "null",
        "",
    ],
)
def test_any_other_may_not(origin: str) -> None:
    assert not is_admitted({"origin": origin})
    assert not is_admitted({"origin": origin, "referer": "https://shop.example/"}, method="GET")


def test_subdomains_alone_do_not_list_the_domain() -> None:
    assert not is_admitted({"origin": "https://shop.example"}, listed=["https://*.shop.example"])


def test_a_wildcard_has_the_port_that_it_names() -> None:
    listed = ["https://*.shop.example:8443"]

    assert is_admitted({"origin": "https://a.shop.example:8443"}, listed=listed)
    assert not is_admitted({"origin": "https://a.shop.example"}, listed=listed)


def test_a_post_without_origin_comes_from_no_browser() -> None:
    assert not is_admitted({})
    assert not is_admitted({"referer": "https://shop.example/cart"})


@pytest.mark.parametrize(
    "referer", ["https://shop.example/", "https://www.shop.example/a?b=https://x", "https://shop.example", "http://localhost:3000/#"]
)
def test_an_image_is_asked_for_by_the_page_that_refers(referer: str) -> None:
    assert is_admitted({"referer": referer}, method="GET")


@pytest.mark.parametrize(
    "referer", ["https://evil.example/https://shop.example/", "https://shop.example.evil.example/", "/cart", "about:blank", ""]
)
def test_an_image_on_another_page_is_not(referer: str) -> None:
    assert not is_admitted({"referer": referer}, method="GET")


def test_an_image_without_a_page_is_on_none_that_is_listed() -> None:
    assert not is_admitted({}, method="GET")


@pytest.mark.parametrize(
    "text",
    [
        "shop.example",
        "https://",
        "https://shop.example/",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:123456",
        "https://user@shop.example",
        "https://www.*.example",
        "https://w*.shop.example",
        "https://*",
        "*",
        "null",
        "https://café.example",
        "https://-shop.example",
        " https://shop.example",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="is not an origin"):
        origin_of(text)


@pytest.mark.parametrize("text", ["https://*.example", "https://*.com", "https://*.[::1]"])
def test_a_wildcard_for_a_top_level_domain_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="top-level domain"):
        origin_of(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("HTTPS://Shop.Example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("https://xn--caf-dma.example", "https://xn--caf-dma.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://*.Shop.example:443", "https://*.shop.example"),
    ],
)
def test_an_origin_has_one_spelling(text: str, normal: str) -> None:
    assert origin_of(text) == normal


def test_an_ipv6_host_is_told_from_its_port() -> None:
    listed = ["http://[::1]:3000"]

    assert is_admitted({"origin": "http://[::1]:3000"}, listed=listed)
    assert not is_admitted({"origin": "http://[::1]"}, listed=listed)


# through the collector


@pytest.fixture
def world() -> CollectWorld:
    sources = {"site": {"kind": "browser", "allowed_origins": LISTED}, "other": {"kind": "browser"}}
    return CollectWorld({"sources": sources, "identity": {}})


def seen(world: CollectWorld, path: str, headers: dict[str, str], **extra: Any) -> Answer:
    query = {"writeKey": world.keys["site"], "event": "Seen", "e": "Seen", "anonymousId": "visitor-1", **extra}
    return world.get(path, query, headers=headers)


def test_another_page_is_refused_and_may_read_why(world: CollectWorld) -> None:
    answer = world.post("/v1/t", a_message(), headers={"origin": "https://evil.example"})

    assert (answer.status, answer.json["code"]) == (403, "origin_not_allowed")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://evil.example"
    assert world.events() == []
    assert world.meter.counts["OriginsRefused"] == 1


def test_a_source_without_a_list_takes_any_page_and_none(world: CollectWorld) -> None:
    assert world.post("/v1/t", a_message(), source="other", headers={"origin": "https://evil.example"}).status == 200
    assert world.post("/v1/t", a_message(messageId="m-2"), source="other").status == 200


def test_what_another_page_sends_is_not_kept_either(world: CollectWorld) -> None:
    answer = world.post("/v1/batch", {"nothing": 1}, headers={"origin": "https://evil.example"})

    assert (answer.status, answer.json["code"]) == (403, "origin_not_allowed")
    assert world.refused() == []


@pytest.mark.parametrize("path", ["/p.gif", "/v1/pixel/track"])
def test_a_pixel_is_an_image_on_any_page_and_counts_on_listed_ones(world: CollectWorld, path: str) -> None:
    answers = [
        seen(world, path, headers) for headers in ({"referer": "https://evil.example/"}, {}, {"referer": "https://www.shop.example/"})
    ]

    assert [answer.status for answer in answers] == [200] * 3
    assert len(world.events()) == 1
    assert world.meter.counts["OriginsRefused"] == 2


def test_an_origin_with_an_underscore_may_read_the_answer() -> None:
    """No host name of the standards, and yet in use."""
    answer = CollectWorld().post("/v1/batch", {"batch": []}, headers={"origin": "https://my_shop.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://my_shop.example"
