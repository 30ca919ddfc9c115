"""A repeated request lands on itself."""

import random
from copy import deepcopy
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ariane.events.acceptance import sort_out
from ariane.events.keys import MAX_ITEM
from ariane.events.model import LogItem
from ariane.events.sources import CollectDefinitions
from ariane.events.wire import Request, Submission
from tests.builders.events import RECEIVED, SOURCES, a_message

DEFINITIONS = CollectDefinitions.from_document({"sources": SOURCES, "identity": {}})

values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
events = st.fixed_dictionaries(
    {"type": st.just("track"), "event": st.just("E"), "timestamp": st.datetimes().map(lambda instant: instant.isoformat() + "Z")},
    optional={
        "messageId": st.text(max_size=12),
        "anonymousId": st.sampled_from(["visitor-1", "visitor-2"]),
        "userId": st.sampled_from(["u1", "u2"]),
        "properties": st.dictionaries(st.text(max_size=5), values, max_size=3),
        "context": st.fixed_dictionaries({}, optional={"ip": st.just("1.2.3.4"), "locale": st.text(max_size=5)}),
        "sentAt": st.just("2026-11-22T05:29:30Z"),
        "writeKey": st.just("wk"),
    },
)


def items_of(*messages: Any, source: str = "site", after: timedelta = timedelta(), ip: str = "203.0.113.1", **fields: Any) -> list[LogItem]:
    request = Request(method="POST", path="/v1/b", received_at=RECEIVED + after, source_ip=ip)
    submission = Submission(write_key=None, items=messages, **fields)
    return list(sort_out(submission, source=DEFINITIONS.sources[source], request=request, rules=DEFINITIONS.rules, person_key=b"key").items)


def keys_of(items: list[LogItem]) -> list[tuple[str, str]]:
    return [(item.person_id, item.sort) for item in items]


@given(st.lists(events, max_size=6), st.randoms(use_true_random=False))
def test_a_request_repeated_later_from_elsewhere_with_its_fields_reordered_has_the_same_keys(
    messages: list[dict[str, Any]], chance: random.Random
) -> None:
    repeated = deepcopy(messages)
    for place, message in enumerate(repeated):
        fields = list(message.items())
        chance.shuffle(fields)
        repeated[place] = dict(fields) | {"sentAt": "2026-11-22T06:00:00Z"}

    first = items_of(*messages, sent_at="2026-11-22T05:29:30Z")
    again = items_of(*repeated, sent_at="2026-11-22T06:00:00Z", after=timedelta(minutes=31), ip="198.51.100.1")

    assert keys_of(again) == keys_of(first)


def test_the_key_holds_the_earliest_stated_time() -> None:
    (item,) = items_of(a_message(timestamp="2026-11-22T05:29:10+00:00"), a_message(timestamp="2026-11-22T06:29:05.5+01:00"))

    assert item.sort.startswith("2026-11-22T05:29:05.500Z#")
    assert len(item.sort) == len("2026-11-22T05:29:05.500Z#") + 16


def test_another_content_source_or_order_is_another_key() -> None:
    one, two = a_message(), a_message(messageId="m-2")
    variants = [
        items_of(one, two),
        items_of(two, one),
        items_of(one),
        items_of(one, two, source="backend"),
        items_of(one, a_message(messageId="m-2", properties={"sku": "S2"})),
    ]

    assert len({keys_of(items)[0] for items in variants}) == len(variants)


def test_each_person_has_an_item_of_their_own() -> None:
    items = items_of(a_message(), a_message(anonymousId="visitor-2"), a_message(messageId="m-3"))

    assert [[message["messageId"] for message in item.messages] for item in items] == [["m-1", "m-3"], ["m-1"]]


def test_the_anchor_is_the_identifier_of_highest_priority() -> None:
    (both,) = items_of(a_message(userId="u1"))
    (user,) = items_of(a_message(userId="u1", anonymousId=...))

    assert both.person_id == user.person_id


def test_many_events_are_cut_alike_every_time() -> None:
    messages = [
        a_message(messageId=f"m-{number}", properties={"text": random.Random(number).randbytes(7_000).hex()}) for number in range(40)
    ]

    first, again = items_of(*messages), items_of(*messages, after=timedelta(minutes=5))

    assert len(first) > 1
    assert keys_of(first) == keys_of(again)
    assert [message["messageId"] for item in first for message in item.messages] == [message["messageId"] for message in messages]
    assert all(sum(len(message["properties"]["text"]) for message in item.messages) < MAX_ITEM for item in first)


def test_a_missing_message_id_is_the_contents_hash() -> None:
    (first,) = items_of(a_message(messageId=None))
    (again,) = items_of(a_message(messageId=None), after=timedelta(minutes=1))
    (other,) = items_of(a_message(messageId=None, properties={}))

    assert first.messages[0]["messageId"] == again.messages[0]["messageId"]
    assert first.messages[0]["messageId"] != other.messages[0]["messageId"]


def test_two_sights_without_time_or_id_are_two_events() -> None:
    (first,) = items_of(a_message(messageId=None, timestamp=None))
    (second,) = items_of(a_message(messageId=None, timestamp=None), after=timedelta(milliseconds=1))
    (twins,) = items_of(a_message(messageId=None, timestamp=None), a_message(messageId=None, timestamp=None))

    assert first.messages[0]["messageId"] != second.messages[0]["messageId"]
    assert len({message["messageId"] for message in twins.messages}) == 2
