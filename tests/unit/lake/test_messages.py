"""Messages of the land queue."""

import orjson
import pytest

from ariane.errors import Permanent
from ariane.lake.messages import Asked, ItemLater, PartitionMoved, PeopleMoved, Put, message_of, read_message

LATER = ItemLater("prs_a", "2026-11-22T12:00:00.000Z#0123456789abcdef", "42", 3)


@pytest.mark.parametrize("asked", [LATER, PartitionMoved("prs_a"), PartitionMoved("prs_a", "2026-11-22T12:00:00.000Z#0")])
def test_what_the_function_asks_of_itself_is_read_as_it_was_put(asked: Put) -> None:
    assert read_message(message_of(asked)) == (asked,)


@pytest.mark.parametrize(
    ("kind", "fact", "asked"),
    [
        ("merged", {"into": "prs_a", "from": ["prs_b", "prs_c"]}, (PeopleMoved(("prs_b", "prs_c"), "c", is_merge=True),)),
        ("split", {"from": "prs_a", "into": ["prs_b", "prs_a"]}, (PeopleMoved(("prs_b", "prs_a"), "c"),)),
        ("split", {"from": "prs_a", "into": [], "rehomed": ["prs_d", "prs_e"]}, (PartitionMoved("prs_d"), PartitionMoved("prs_e"))),
    ],
)
def test_facts_of_the_bus_name_everybody_concerned(kind: str, fact: dict[str, object], asked: tuple[Asked, ...]) -> None:
    body = orjson.dumps({"kind": kind, "fact": {**fact, "at": "2026-11-22T12:00:00.000Z", "cause": "c"}}).decode()
    assert read_message(body) == asked


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"kind": "item"}', '{"kind": "other"}', '{"kind": "item", "sequence": "x"}', '{"kind": "split", "fact": 1}']
)
def test_what_is_no_message_is_refused(body: str) -> None:
    with pytest.raises(Permanent) as refused:
        read_message(body)
    assert refused.value.code == "invalid_message"
