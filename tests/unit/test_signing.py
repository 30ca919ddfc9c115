from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.errors import Denied
from ariane.signing import sign, verify

KEY = b"key"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def a_token() -> str:
    return sign({"m": "msg_1"}, KEY, purpose="unsubscribe", expires_at=LATER)


def refusal(token: str, *, key: bytes = KEY, now: datetime = NOW, purpose: str = "unsubscribe") -> str:
    with pytest.raises(Denied) as denied:
        verify(token, key, now, purpose=purpose)
    return denied.value.code


def test_a_token_gives_its_payload_back() -> None:
    assert verify(a_token(), KEY, NOW, purpose="unsubscribe") == {"m": "msg_1"}


def test_a_token_needs_no_escaping_in_an_address() -> None:
    assert set(a_token()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_token_ends_at_its_expiry() -> None:
    assert verify(a_token(), KEY, LATER - timedelta(seconds=1), purpose="unsubscribe")
    assert refusal(a_token(), now=LATER) == "link_expired"


def test_a_token_is_for_one_purpose() -> None:
    assert refusal(a_token(), purpose="click") == "link_forged"


def test_a_token_of_another_key_is_forged() -> None:
    assert refusal(a_token(), key=b"other") == "link_forged"


@pytest.mark.parametrize("token", ["", ".", "a.b", "a.b.c", "é.é", "=.=", a_token() + "=", a_token() + ".", "W10.AAAAAAAAAAAAAAAAAAAAAA"])
def test_what_we_did_not_write_is_forged(token: str) -> None:
    assert refusal(token) == "link_forged"


@given(st.integers(0, len(a_token()) - 1), st.characters())
def test_no_character_can_be_changed(place: int, character: str) -> None:
    token = a_token()
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        assert refusal(changed) == "link_forged"


@given(st.binary(max_size=60))
def test_any_bytes_are_forged(data: bytes) -> None:
    assert refusal(urlsafe_b64encode(data).decode() + "." + urlsafe_b64encode(data[:16]).decode()) == "link_forged"
