import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.errors import Rejected
from ariane.events.bodies import MAX_BODY, MAX_INFLATED, inflate, read_object


def refusal_of(body: bytes) -> tuple[str, int]:
    with pytest.raises(Rejected) as rejected:
        read_object(inflate(body))
    return rejected.value.code, rejected.value.status


def test_gzip_is_known_by_its_bytes() -> None:
    assert inflate(gzip.compress(b"{}")) == b"{}"
    assert inflate(b"{}") == b"{}"


def test_a_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(b" " * (MAX_INFLATED + 1))

    assert len(bomb) < 20_000
    assert refusal_of(bomb) == ("body_too_large", 400)


def test_a_body_at_the_limit_is_read() -> None:
    assert len(inflate(gzip.compress(b" " * MAX_INFLATED))) == MAX_INFLATED
    assert len(inflate(b" " * MAX_BODY)) == MAX_BODY


def test_a_body_over_500_kilobytes_is_refused() -> None:
    assert refusal_of(b" " * (MAX_BODY + 1)) == ("body_too_large", 400)


def test_gzip_that_ends_early_or_is_none_is_refused() -> None:
    assert refusal_of(gzip.compress(b"{}" * 50)[:-10]) == ("invalid_gzip", 400)
    assert refusal_of(b"\x1f\x8bnothing") == ("invalid_gzip", 400)


def test_gzip_carried_as_text_is_told_apart() -> None:
    mangled = gzip.compress(b'{"batch": []}').decode("utf-8", "replace").encode()

    assert refusal_of(mangled) == ("compressed_body_mangled", 415)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        "{'a': 1}".encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 2_000,
        b"[]",
        b"null",
        b'"text"',
        zlib.compress(b"{}"),
    ],
)
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    assert refusal_of(body) == ("invalid_json", 400)


def test_of_equal_keys_the_last_counts() -> None:
    assert read_object(b'{"a": 1, "a": 2}') == {"a": 2}


@given(st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress) | st.binary(max_size=100).map(lambda tail: b"\x1f\x8b" + tail))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        document = read_object(inflate(body))
    except Rejected:
        return
    assert isinstance(document, dict)
