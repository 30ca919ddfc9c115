"""What the brand's backend vouches for, and what nobody can make of it."""

import hashlib
import hmac
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.identity.signatures import is_verified, signature, verdict

KEY = b"a" * 64
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MESSAGE = {"type": "identify", "userId": "u42", "anonymousId": "a1"}
SIGNED = signature(KEY, user_id="u42", anonymous_id="a1", expires_at=NOON + HOUR)
VERIFIED = {"verified": True}


def judged(given: object, message: dict[str, Any] = MESSAGE, *, key: bytes | None = KEY, at: datetime = NOON) -> dict[str, Any]:
    return dict(verdict(given, key, message, at=at))


def refused(reason: str) -> dict[str, Any]:
    return {"verified": False, "reason": reason}


def test_a_signature_is_what_a_backend_writes_in_five_lines() -> None:
    expiry = int((NOON + HOUR).timestamp())
    digest = hmac.new(KEY, f"v1\n{expiry}\nu42\na1".encode(), hashlib.sha256).hexdigest()

    assert f"v1.{expiry}.{digest}" == SIGNED
    assert judged(SIGNED) == VERIFIED


def test_without_an_anonymous_id_its_line_is_empty() -> None:
    signed = signature(KEY, user_id="u42", expires_at=NOON + HOUR)

    assert judged(signed, {"userId": "u42"}) == VERIFIED
    assert judged(signed) == refused("forged")


@pytest.mark.parametrize(
    "message",
    [
        {**MESSAGE, "userId": "u43"},
        {**MESSAGE, "userId": "u42 "},
        {**MESSAGE, "anonymousId": "a2"},
        {"userId": "u42"},
        {"anonymousId": "a1"},
        {},
        {"userId": "u4", "anonymousId": "2\na1"},
        {"userId": "u42\na1"},
    ],
)
def test_a_signature_is_worth_nothing_for_other_ids(message: dict[str, Any]) -> None:
    assert judged(SIGNED, message) == refused("forged")


def test_a_signature_of_another_key_or_with_a_later_expiry_is_forged() -> None:
    version, expiry, digest = SIGNED.split(".")

    assert judged(SIGNED, key=b"b" * 64) == refused("forged")
    assert judged(f"{version}.{int(expiry) + 1}.{digest}") == refused("forged")
    assert judged(f"{version}.0{expiry}.{digest}") == refused("forged")
    assert judged(f"{version}.{expiry}.{digest[:-1]}{'0' if digest[-1] != '0' else '1'}") == refused("forged")


def test_where_no_key_is_known_nothing_holds() -> None:
    assert judged(SIGNED, key=None) == refused("forged")
    empty = hmac.new(b"", f"v1\n{9 * 10**9}\nu42\na1".encode(), hashlib.sha256).hexdigest()
    assert judged(f"v1.{9 * 10**9}.{empty}", key=b"") == refused("forged")


def test_a_signature_holds_until_its_expiry() -> None:
    assert judged(SIGNED, at=NOON + HOUR - timedelta(milliseconds=1)) == VERIFIED
    assert judged(SIGNED, at=NOON + HOUR) == refused("expired")
    assert judged(SIGNED, at=NOON + 100 * HOUR) == refused("expired")


@pytest.mark.parametrize(
    "given",
    [
        SIGNED[:-1],
        SIGNED + "0",
        SIGNED.upper(),
        f" {SIGNED}",
        f"{SIGNED}\n",
        SIGNED.replace("v1", "v2"),
        SIGNED.replace(".", ":"),
        "v1.٣." + "0" * 64,
        "v1.-1." + "0" * 64,
        "v1." + "9" * 13 + "." + "0" * 64,
        "v1..",
        "",
        "x" * 100_000,
        True,
        False,
        0,
        7.5,
        [],
        [SIGNED],
        {"verified": True},
        {"verified": "true"},
        {},
    ],
)
def test_what_is_no_signature_is_malformed(given: object) -> None:
    assert judged(given) == refused("malformed")


IDS = st.text(min_size=1, max_size=8)


@given(IDS, st.text(max_size=8), IDS, st.text(max_size=8))
def test_no_two_pairs_of_ids_share_a_signature(user: str, anonymous: str, other_user: str, other_anonymous: str) -> None:
    try:
        signed = signature(KEY, user_id=user, anonymous_id=anonymous, expires_at=NOON + HOUR)
    except (ValueError, UnicodeError):
        return
    message = {"userId": other_user, "anonymousId": other_anonymous}
    assert is_verified(judged(signed, message)) == ((user, anonymous) == (other_user, other_anonymous))


@given(st.from_type(object) | st.text() | st.builds(lambda tail: "v1." + tail, st.text()))
def test_nothing_that_a_client_sends_holds_or_breaks_anything(given: object) -> None:
    mark = judged(given)
    assert mark in (refused("malformed"), refused("forged"))


@pytest.mark.parametrize("mark", [None, True, "true", {}, {"verified": "true"}, {"verified": 1}, {"verified": False}, [True]])
def test_only_the_word_itself_verifies(mark: object) -> None:
    assert not is_verified(mark)


@pytest.mark.parametrize(("user", "anonymous"), [("", "a1"), ("u\n42", ""), ("u42", "a\x001")])
def test_what_cannot_identify_is_not_signed(user: str, anonymous: str) -> None:
    with pytest.raises(ValueError, match="signature"):
        signature(KEY, user_id=user, anonymous_id=anonymous, expires_at=NOON)


GUIDE = (Path(__file__).parents[3] / "docs/how-to/sign-identify.md").read_text("utf-8")


def snippet(language: str) -> str:
    return GUIDE.split(f"```{language}\n", 1)[1].split("```", 1)[0]


def test_the_guides_python_signs() -> None:
    names: dict[str, Any] = {}
    exec(snippet("python"), names)

    now = datetime.now(UTC)
    assert judged(names["sign"](KEY.decode(), "u42", "a1"), at=now) == VERIFIED
    assert judged(names["sign"](KEY.decode(), "ü42"), {"userId": "ü42"}, at=now) == VERIFIED
    assert judged(names["sign"](KEY.decode(), "u42", "a1", 0), at=now + HOUR) == refused("expired")


def test_the_guides_javascript_signs() -> None:
    node = which("node")
    assert node is not None
    calls = f'console.log([sign("{KEY.decode()}", "u42", "a1"), sign("{KEY.decode()}", "ü42")].join("\\n"))'
    told = subprocess.run([node, "-e", snippet("js") + calls], capture_output=True, text=True, check=True).stdout.split()

    now = datetime.now(UTC)
    assert [judged(told[0], at=now), judged(told[1], {"userId": "ü42"}, at=now)] == [VERIFIED, VERIFIED]
