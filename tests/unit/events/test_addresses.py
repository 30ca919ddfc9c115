import pytest

from ariane.events.addresses import truncated


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("::1", "::"),
    ],
)
def test_the_network_part_stays(address: str, network: str) -> None:
    assert truncated(address) == network


@pytest.mark.parametrize("text", ["", "unknown", "203.0.113", "203.0.113.77:80", "fe80::1%eth0", "a\0b", ":"])
def test_what_is_no_address_goes(text: str) -> None:
    assert truncated(text) is None
