from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.events.addresses import truncated
from tests.builders.events import CollectWorld, a_message, gateway_event


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("2001:DB8:1:2::", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("::ffff:cb00:714d", "203.0.113.0"),
        ("2002:cb00:714d:1::1", "2002:cb00:7100::"),
        ("64:ff9b::203.0.113.77", "64:ff9b::"),
        ("::203.0.113.77", "::"),
        ("::1", "::"),
    ],
)
def test_the_network_part_stays(address: str, network: str) -> None:
    assert truncated(address) == network


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "203.0.113",
        "203.0.113.077",
        "203.0.113.256",
        "203.0.113.77:80",
        " 203.0.113.77",
        "203.0.113.77, 198.51.100.9",
        "203.0.113.77/32",
        "0xcb00714d",
        "fe80::1%eth0",
        "fe80::1%25eth0",
        "2001:db8::1%",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "a\0b",
        ":",
        "１２７.0.0.1",
        "\ud800:",
    ],
)
def test_what_is_no_address_goes(text: str) -> None:
    assert truncated(text) is None


@given(st.ip_addresses(v=4))
def test_of_an_ipv4_address_24_bits_stay(address: IPv4Address) -> None:
    assert truncated(str(address)) == str(IPv4Network((address, 24), strict=False).network_address)


@given(st.ip_addresses(v=6))
def test_of_an_ipv6_address_48_bits_stay_at_most(address: IPv6Address) -> None:
    left = truncated(str(address))
    assert left is not None
    if ip_address(left).version == 6:
        assert ip_address(left) in IPv6Network((address, 40), strict=False)
        assert int(ip_address(left)) & ((1 << 80) - 1) == 0


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    assert truncated(text) is None or truncated(text) == truncated(truncated(text) or "")


# through the collector

FORWARDED = {"x-forwarded-for": "192.0.2.1", "forwarded": "for=192.0.2.1", "x-real-ip": "192.0.2.1", "true-client-ip": "192.0.2.1"}


def address_of(world: CollectWorld, *, source: str, context: Any = None, headers: dict[str, str] | None = None) -> Any:
    assert world.post("/v1/t", a_message(context=context), source=source, headers=headers).status == 200
    return world.events()[0].message.get("context", {}).get("ip")


@pytest.mark.parametrize("source", ["site", "app"])
def test_a_public_source_is_where_the_gateway_says_whatever_headers_say(source: str) -> None:
    assert address_of(CollectWorld(), source=source, headers=FORWARDED) == "203.0.113.0"


def test_a_server_is_not_where_its_customers_are() -> None:
    assert address_of(CollectWorld(), source="backend", headers=FORWARDED) is None


@pytest.mark.parametrize("source", ["site", "app", "backend", "till"])
@pytest.mark.parametrize(
    ("stated", "kept"), [("198.51.100.9", "198.51.100.0"), ("::ffff:198.51.100.9", "198.51.100.0"), ("2001:db8:1:2::3", "2001:db8:1::")]
)
def test_a_stated_address_is_truncated_whoever_states_it(source: str, stated: str, kept: str) -> None:
    assert address_of(CollectWorld(), source=source, context={"ip": stated}) == kept


@pytest.mark.parametrize("stated", ["somewhere", 7, {"v4": "198.51.100.9"}, ["198.51.100.9"], "198.51.100.9:80"])
def test_a_stated_address_that_is_none_goes(stated: Any) -> None:
    assert address_of(CollectWorld(), source="backend", context={"ip": stated}) is None


def test_a_source_that_keeps_addresses_keeps_them_whole() -> None:
    sources = {"site": {"kind": "browser", "keep_ip": True}, "backend": {"kind": "server", "keep_ip": True}}
    definitions = {"sources": sources, "identity": {}}

    assert address_of(CollectWorld(definitions), source="site") == "203.0.113.77"
    assert address_of(CollectWorld(definitions), source="backend", context={"ip": "2001:db8:1:2::3"}) == "2001:db8:1:2::3"


def test_an_ipv6_visitors_address_is_truncated() -> None:
    world = CollectWorld()
    query = f"k={world.keys['site']}&e=Seen"
    world.deliver(gateway_event("GET", "/p.gif", query=query, source_ip="2001:db8:1:2:3:4:5:6"))

    assert world.events()[0].message["context"]["ip"] == "2001:db8:1::"
