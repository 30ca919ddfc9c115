"""The largest event that is accepted, as a fact on the bus and as a message in the journey queue: both take 256 KB."""

import json
from typing import Any

import orjson
import pytest

from ariane.events.measure import MAX_EVENT
from ariane.profiles.admission import Placed
from ariane.profiles.announcing import event_fact
from tests.builders.events import CollectWorld

LIMIT = 256 * 1024
LONGEST_NAME = "j" * 60


def a_full_event(filler: str) -> dict[str, Any]:
    """As many fillers as fit."""
    event = {"type": "track", "event": "E", "userId": "u1", "messageId": "m" * 99, "properties": {"text": ""}}
    each = len(orjson.dumps(filler)) - 2
    event["properties"] = {"text": filler * ((MAX_EVENT - len(orjson.dumps(event))) // each)}
    return event


# One byte, four bytes, what JSON must escape, and what some writers escape although they need not.
@pytest.mark.parametrize("filler", ["a", "\U0001f600", "é", '"', "\\", "\x01", "/", "<", "\x7f"])
def test_the_largest_event_fits_the_bus_and_the_queue_however_it_is_escaped(filler: str) -> None:
    world = CollectWorld()
    event = a_full_event(filler)
    longer = {**event, "properties": {"text": event["properties"]["text"] + filler}}
    assert [each["code"] for each in world.post("/v1/batch", {"batch": [event, longer]}).json["rejected"]] == ["event_too_large"]

    (item,), (logged,) = world.log.items(), world.events()
    detail = event_fact(Placed(logged, item.sort, 2_499), root_id="prs_" + "a" * 26, home_id="prs_" + "a" * 26, is_awaited=True).detail
    message = f'{{"kind": "entry", "journey": "{LONGEST_NAME}", "fact": {_worst(detail)}}}'
    assert json.loads(message)["fact"]["properties"] == event["properties"]
    assert MAX_EVENT * 0.99 < len(message) < LIMIT


def _worst(detail: Any) -> str:
    """As a writer of JSON that escapes whatever it may."""
    written = json.dumps(dict(detail), ensure_ascii=True).replace("\x7f", "\\u007f")
    return written.replace("/", "\\u002f").replace("<", "\\u003c")
