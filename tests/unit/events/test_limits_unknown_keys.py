"""Requests under keys that nobody has: counted, a few named to the operator, none kept, and nobody else harmed."""

from datetime import timedelta
from io import StringIO

import orjson
import pytest

from ariane.access.hashing import hash_of
from ariane.adapters.aws.journal import LogJournal
from ariane.adapters.memory.journal import MemoryJournal
from ariane.events.unknown_keys import MOST_AN_HOUR
from tests.builders.events import CollectWorld, a_message


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def send(world: CollectWorld, key: str, **headers: str) -> int:
    return world.post(
        "/v1/t", a_message(writeKey=key), source=None, headers={name.replace("_", "-"): value for name, value in headers.items()}
    ).status


def test_an_operator_sees_the_mistyped_key_and_nothing_of_the_event(world: CollectWorld) -> None:
    send(world, "wk_0123456789", user_agent="analytics-python/2.4.0")

    ((message, fields),) = world.journal.lines
    assert message == "unknown write key"
    assert {name: value for name, value in fields.items() if name != "bytes"} == {
        "key": "wk_012",
        "key_hash": hash_of("wk_0123456789")[:12],
        "key_length": 13,
        "path": "/v1/t",
        "client": "analytics-python",
    }
    assert int(fields["bytes"]) > 100
    assert world.refused() == []


@pytest.mark.parametrize("key", ["jeanne@shop.example", "AKIDEXAMPLE", "x" * 5_000])
def test_what_does_not_look_like_a_key_of_ours_is_named_by_its_hash_alone(world: CollectWorld, key: str) -> None:
    send(world, key, user_agent="jeanne@shop.example")

    ((_, fields),) = world.journal.lines
    assert (fields["key"], fields["key_hash"], fields["client"]) == ("", hash_of(key)[:12], "")
    assert key[:6] not in repr(fields)


def test_a_page_that_asks_for_its_settings_under_a_wrong_key_is_named_too(world: CollectWorld) -> None:
    answer = world.get("/v1/projects/wk_0123456789/settings")

    assert answer.status == 404
    ((_, fields),) = world.journal.lines
    assert (fields["key"], fields["path"]) == ("wk_012", "/v1/projects/…/settings")


def test_a_request_without_a_key_says_so_once(world: CollectWorld) -> None:
    for _ in range(3):
        assert world.post("/v1/t", a_message(), source=None).status == 401

    assert [fields["key_length"] for _, fields in world.journal.lines] == [0]
    assert world.meter.counts["UnknownWriteKeys"] == 3


def test_of_a_flood_a_sample_an_hour_is_named_and_all_are_counted(world: CollectWorld) -> None:
    for number in range(100):
        send(world, f"wk_{number}")
    assert len(world.journal.lines) == MOST_AN_HOUR
    assert world.meter.counts["UnknownWriteKeys"] == 100

    world.now += timedelta(hours=1)
    send(world, "wk_0")
    assert len(world.journal.lines) == MOST_AN_HOUR + 1


def test_keys_tried_at_random_do_not_drive_the_known_ones_out_of_memory(world: CollectWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.post("/v1/t", a_message()).status == 200
    for number in range(1_500):
        send(world, f"wk_{number}")
    asked: list[str] = []
    monkeypatch.setattr(world.access, "source_name", asked.append)

    assert world.post("/v1/t", a_message(messageId="m-2")).status == 200
    assert asked == []


def test_what_is_too_long_for_a_key_is_not_looked_for(world: CollectWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(world.access, "source_name", asked.append)

    assert send(world, "wk_" + "x" * 500) == 401
    assert asked == []


def test_a_line_for_the_operator_is_json_with_a_level() -> None:
    stream, memory = StringIO(), MemoryJournal()
    for journal in (LogJournal(stream), memory):
        journal.warn("unknown write key", {"bytes": 7, "path": "/v1/t"})

    assert orjson.loads(stream.getvalue()) == {"level": "WARN", "message": "unknown write key", "bytes": 7, "path": "/v1/t"}
    assert memory.lines == [("unknown write key", {"bytes": 7, "path": "/v1/t"})]
