import gzip
import zlib
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.errors import Rejected
from ariane.events import bodies
from ariane.events.bodies import MAX_BODY, MAX_INFLATED, MAX_MARKS, inflate, read_object
from tests.builders.events import CollectWorld, a_message, gateway_event

BINARY = {"content-type": "application/octet-stream"}


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


COMPLEX = {
    "lists": b'{"x":[' + b"[]," * (MAX_MARKS // 2) + b"0]}",
    "nested lists": b'{"x":[' + b",".join([b"[" * 1_000 + b"]" * 1_000] * (MAX_MARKS // 1_000)) + b"]}",
    "objects": b'{"x":[' + b'{"":0},' * (MAX_MARKS // 3) + b"0]}",
    "numbers": b'{"x":[' + b"0," * MAX_MARKS + b"0]}",
}


@pytest.mark.parametrize("name", COMPLEX)
def test_what_would_fill_the_memory_is_not_parsed(name: str) -> None:
    assert refusal_of(gzip.compress(COMPLEX[name], 1)) == ("body_too_complex", 400)


def test_a_form_that_would_fill_the_memory_is_not_taken_apart() -> None:
    answer = CollectWorld().deliver(gateway_event("POST", "/e", body=gzip.compress(b"data=" + b"%5B" * (MAX_MARKS + 1), 1), headers=BINARY))

    assert (answer.status, answer.json["code"], "of % in all" in answer.json["message"]) == (400, "body_too_complex", True)


def test_the_largest_batch_of_wide_events_is_read() -> None:
    properties = {f"property_{number}": "at 05:29:00, a value" + " and still more" * 4 + " of it" for number in range(40)}
    batch = {"batch": [{"event": "E", "properties": properties}] * 2_500}
    plain = orjson.dumps(batch)

    assert MAX_INFLATED * 0.95 < len(plain) < MAX_INFLATED
    assert read_object(plain) == batch


def test_a_batch_of_either_protocol_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    def loads(plain: bytes) -> Any:
        parsed.append(plain)
        return orjson.loads(plain)

    monkeypatch.setattr(bodies, "orjson", SimpleNamespace(JSONDecodeError=orjson.JSONDecodeError, loads=loads))
    world = CollectWorld()

    assert world.post("/batch", {"batch": [a_message()]}).status == 200
    assert [event.message_id for event in world.events()] == ["m-1"]
    assert len(parsed) == 1


@given(st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress) | st.binary(max_size=100).map(lambda tail: b"\x1f\x8b" + tail))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        document = read_object(inflate(body))
    except Rejected:
        return
    assert isinstance(document, dict)
