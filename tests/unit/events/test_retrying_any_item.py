"""Trying again whatever a translated protocol's item may be, and equal items each for itself."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ariane.events.log import Reject, Shape, Transport
from ariane.events.retrying import Outcome
from tests.builders.events import RECEIVED
from tests.builders.reject_desk import CARD, Desk

PATHS = ("/e/", "/batch/", "/batch", "/mp/collect")
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
NAMES = st.sampled_from(
    ["batch", "events", "event", "distinct_id", "properties", "timestamp", "client_id", "name", "params", "api_key", "x"]
)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=15)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANYTHING, st.sampled_from(PATHS))
@example([1, 2], "/e/")
@example({"batch": [1, 2], "distinct_id": "u"}, "/batch/")
@example([{"event": "a", "distinct_id": "u"}, 1], "/e/")
def test_whatever_was_kept_of_an_item_has_an_outcome(kept: Any, path: str) -> None:
    desk = Desk()
    transport = Transport(method="POST", path=path)
    reject = Reject(source="site", at=RECEIVED, code="c", message="m", index=3, body=orjson.dumps(kept), transport=transport)
    for shape in (Shape.TRANSLATED, Shape.ITEM):
        desk.world.rejects.put([Reject(**{name: getattr(reject, name) for name in reject.__dataclass_fields__} | {"shape": shape})])
        result = desk.retries().retry(desk.only().id, by="support", is_dry_run=True)
        assert result.outcome in (Outcome.ACCEPTED, Outcome.REFUSED)


@pytest.mark.parametrize("event", [[1, 2], {"batch": [1, 2], "distinct_id": "u"}, "text", 7])
def test_one_item_of_posthogs_stays_one_and_is_refused_again(event: Any) -> None:
    desk = Desk()
    desk.world.post("/e/", {"batch": [event]})
    stored = desk.only()
    result = desk.retries().retry(stored.id, by="support")

    assert (result.outcome, result.code) == (Outcome.REFUSED, stored.reject.code)


def test_equal_items_without_time_or_id_are_each_accepted_once_however_often_they_are_tried() -> None:
    desk = Desk()
    untold = {name: value for name, value in CARD.items() if name not in ("messageId", "timestamp")}
    desk.world.post("/v1/batch", {"batch": [untold] * 3})
    desk.declare()
    found = desk.open()
    for stored in found:
        assert desk.retries().retry(stored.id, by="support").outcome is Outcome.ACCEPTED
    desk.world.rejects.put([stored.reject for stored in found])  # a crash before they were marked
    for stored in found:
        desk.retries().retry(stored.id, by="support")

    assert len({event.message_id for event in desk.world.events()}) == len(desk.world.events()) == 3


def test_a_request_under_several_keys_stays_one_of_several() -> None:
    desk = Desk()
    events = [{"event": "e", "distinct_id": "u", "api_key": f"wk_a-projects-key-{number}"} for number in range(2)]
    desk.world.post("/e/", events)

    assert desk.retries().retry(desk.only().id, by="support").code == "several_write_keys"


def test_a_pixel_whose_data_is_kept_decoded_is_refused_for_the_same_reason() -> None:
    desk = Desk()
    desk.world.get("/v1/pixel/track", {"writeKey": desk.world.keys["site"], "data": "eyJhIjog"})

    assert desk.retries().retry(desk.only().id, by="support").code == desk.only().reject.code == "invalid_json"
