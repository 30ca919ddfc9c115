import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.events.dictionary import CURRENT, DICTIONARIES
from ariane.events.packing import pack, unpack
from ariane.instants import format_instant

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
contexts = st.dictionaries(st.sampled_from(["page", "locale", "ip", "traits"]), json_values, min_size=1, max_size=4)
instants = st.datetimes(timezones=st.timezones()).filter(lambda instant: 1 < instant.year < 9999)
messages = st.fixed_dictionaries(
    {"type": st.just("track"), "messageId": st.text(max_size=20), "timestamp": instants.map(format_instant)},
    optional={
        "context": contexts,
        "properties": st.dictionaries(st.text(max_size=8), json_values, max_size=3),
        "originalTimestamp": instants.map(lambda instant: instant.isoformat()),
    },
)


@given(st.lists(messages, min_size=1, max_size=5))
def test_messages_come_back_as_they_went_in(items: list[dict[str, Any]]) -> None:
    assert list(unpack(pack(items))) == items


def test_packing_leaves_the_messages_alone() -> None:
    message = {"type": "page", "messageId": "1", "timestamp": "2026-11-22T05:00:00.000Z", "originalTimestamp": "2026-11-22T05:00:00Z"}
    before = dict(message)

    pack([message])

    assert message == before


def test_items_packed_without_a_dictionary_are_read() -> None:
    plain = orjson.dumps({"c": {}, "e": [{"type": "page"}]})

    assert unpack(zlib.compress(plain)) == ({"type": "page"},)


def test_an_unknown_dictionary_is_an_error() -> None:
    deflater = zlib.compressobj(zdict=b"another")

    with pytest.raises(ValueError, match="dictionary"):
        unpack(deflater.compress(b"{}") + deflater.flush())


def test_released_dictionaries_never_change() -> None:
    assert list(DICTIONARIES) == [RELEASED], "stored items name this dictionary: add a new one beside it instead"
    assert DICTIONARIES[RELEASED] is CURRENT


RELEASED = 1075784353
