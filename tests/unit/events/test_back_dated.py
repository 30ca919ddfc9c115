"""Clocks that are wrong or lie: every event is kept or refused with a reason, and what was set back too far is counted."""

from datetime import timedelta

import pytest

from tests.builders.events import RECEIVED, CollectWorld, a_message


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


@pytest.mark.parametrize(
    ("stated", "counts_at"),
    [
        ("2019-01-01T00:00:00.000Z", RECEIVED - timedelta(hours=24)),
        ("0001-01-01T00:00:00Z", RECEIVED - timedelta(hours=24)),
        ("2026-11-21T09:00:00.000Z", RECEIVED - timedelta(hours=20.5)),
        ("2026-11-22T05:31:00.000Z", RECEIVED),
        ("9999-12-31T23:59:59.999Z", RECEIVED),
    ],
)
def test_any_instant_is_accepted_and_what_was_stated_is_kept_beside_what_counts(
    world: CollectWorld, stated: str, counts_at: object
) -> None:
    assert world.post("/v1/batch", {"batch": [a_message(timestamp=stated)]}).status == 200

    (event,) = world.events()
    assert (event.timestamp, event.message["originalTimestamp"]) == (counts_at, stated)


@pytest.mark.parametrize("stated", ["yesterday", "99999-01-01T00:00:00Z", "2026-13-01T00:00:00Z", 1763789400, {"at": "noon"}])
def test_what_is_no_instant_is_a_reject_with_its_reason_and_harms_no_neighbour(world: CollectWorld, stated: object) -> None:
    bad, good = a_message(timestamp=stated, messageId="bad"), a_message(messageId="good")
    assert world.post("/v1/batch", {"batch": [bad, good]}).status == 200

    assert [event.message_id for event in world.events()] == ["good"]
    (stored,) = world.refused()
    assert (stored.reject.code, stored.reject.message) == ("invalid_timestamp", "timestamp is not an ISO 8601 instant")


def test_clocks_set_back_further_than_counts_are_counted(world: CollectWorld) -> None:
    old = [a_message(messageId=f"m-{number}", timestamp="2026-11-20T00:00:00.000Z") for number in range(3)]
    world.post("/v1/batch", {"batch": [*old, a_message(messageId="offline", timestamp="2026-11-21T09:00:00.000Z")]})

    assert world.meter.counts["EventsBackdated"] == 3


def test_what_a_trusted_source_says_of_long_ago_is_no_wrong_clock(world: CollectWorld) -> None:
    world.post("/v1/batch", {"batch": [a_message(timestamp="2019-01-01T00:00:00.000Z")]}, source="backend")

    assert world.meter.counts["EventsBackdated"] == 0
