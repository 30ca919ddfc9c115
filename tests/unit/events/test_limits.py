"""Rates and quotas: what one instance lets in, what many do together over one store, and what clients are told."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.adapters.memory.meter import MemoryMeter
from ariane.adapters.memory.usage import MemoryUsage
from ariane.errors import Retryable
from ariane.events.limits import MOST_CHUNK, REMEMBERED_KEYS, Limiter, Limits, OverLimit, RateLimit, Spending, Usage
from ariane.events.redirects import link_target
from tests.builders.events import KEYS, PUBLIC_URL, RECEIVED, CollectWorld, a_message, gateway_event

SLOW = Limits(rate=RateLimit(10, 50))


@dataclass
class Fleet:
    """Instances of collect over one store."""

    limits: Limits
    size: int = 1
    usage: Any = field(default_factory=MemoryUsage)
    meter: MemoryMeter = field(default_factory=MemoryMeter)
    instances: list[Limiter] = field(init=False)
    admitted: list[tuple[datetime, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.instances = [Limiter(self.usage, meter=self.meter) for _ in range(self.size)]

    def send(self, events: int = 1, *, at: datetime = RECEIVED, instance: int = 0, key: str | None = "wk_1") -> OverLimit | None:
        try:
            self.instances[instance].admit(self.limits, source="site", write_key=key, events=events, at=at)
        except OverLimit as error:
            return error
        self.admitted.append((at, events))
        return None

    @property
    def total(self) -> int:
        return sum(events for _, events in self.admitted)


def later(seconds: float) -> datetime:
    return RECEIVED + timedelta(seconds=seconds)


def busiest(admitted: Sequence[tuple[datetime, int]], rate: int) -> float:
    """The most by which any window holds more than its length times the rate."""
    sums = [0, *accumulate(events for _, events in admitted)]
    return max(
        sums[last + 1] - sums[first] - rate * (admitted[last][0] - admitted[first][0]).total_seconds()
        for first in range(len(admitted))
        for last in range(first, len(admitted))
    )


rates = st.builds(RateLimit, st.integers(1, 1_000), st.integers(1, 2_000))
steps = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 5), st.integers(1, 300)), min_size=1, max_size=80)
"""Milliseconds since the one before, the instance, its events."""


def run(fleet: Fleet, sent: Sequence[tuple[int, int, int]]) -> int:
    """The largest request."""
    now = RECEIVED
    for pause, instance, events in sent:
        now += timedelta(milliseconds=pause)
        fleet.send(events, at=now, instance=instance % fleet.size)
    return max(events for _, _, events in sent)


@given(rates, steps)
@settings(deadline=None)
def test_one_instance_keeps_its_bucket_exactly(rate: RateLimit, sent: Sequence[tuple[int, int, int]]) -> None:
    fleet = Fleet(Limits(rate=rate))
    largest = run(fleet, sent)

    assert not fleet.admitted or busiest(fleet.admitted, rate.events_per_second) <= max(rate.burst, largest) + 1e-6


@given(rates, st.integers(2, 6), steps)
@settings(deadline=None)
def test_many_instances_exceed_the_bucket_by_no_more_than_the_stated_bound(
    rate: RateLimit, size: int, sent: Sequence[tuple[int, int, int]]
) -> None:
    fleet = Fleet(Limits(rate=rate), size=size)
    largest = run(fleet, sent)

    bound = rate.burst + size * (2 * fleet.limits.chunk + largest)
    assert not fleet.admitted or busiest(fleet.admitted, rate.events_per_second) <= bound + 1e-6


@given(st.integers(1, 3_000), st.integers(1, 6), steps)
@settings(deadline=None)
def test_a_days_quota_is_exceeded_by_no_more_than_the_stated_bound(quota: int, size: int, sent: Sequence[tuple[int, int, int]]) -> None:
    fleet = Fleet(Limits(daily_quota=quota), size=size)
    largest = run(fleet, sent)

    assert fleet.total < quota + size * (fleet.limits.chunk + largest)


@given(rates, st.integers(1, 6), steps)
@settings(deadline=None)
def test_the_store_is_written_once_a_chunk_at_most(rate: RateLimit, size: int, sent: Sequence[tuple[int, int, int]]) -> None:
    fleet = Fleet(Limits(rate=rate), size=size)
    run(fleet, sent)

    assert fleet.usage.writes * fleet.limits.chunk <= fleet.total


@given(rates, steps)
@settings(deadline=None)
def test_who_comes_back_when_told_to_is_let_in(rate: RateLimit, sent: Sequence[tuple[int, int, int]]) -> None:
    fleet = Fleet(Limits(rate=rate))
    now = RECEIVED
    for pause, _, events in sent:
        now += timedelta(milliseconds=pause)
        refusal = fleet.send(events, at=now)
        if refusal is not None:
            now += timedelta(seconds=refusal.retry_after)
            assert refusal.retry_after == 3_600 or fleet.send(events, at=now) is None


@given(st.integers(1, 1_000), st.integers(1, 6), st.integers(1, 200))
@settings(deadline=None)
def test_a_steady_stream_at_half_the_rate_is_never_refused(rate: int, size: int, count: int) -> None:
    fleet = Fleet(Limits(rate=RateLimit(rate, max(10, rate))), size=size)

    assert [fleet.send(at=later(2 * number / rate), instance=number % size) for number in range(count)] == [None] * count


def test_a_busy_key_costs_a_write_in_two_hundred_events_and_a_quiet_one_nothing() -> None:
    fleet = Fleet(Limits.from_document({}, is_public=True))
    for number in range(4_000):
        fleet.send(at=later(number / 500))
    fleet.send(MOST_CHUNK - 1, key="wk_quiet")

    assert fleet.usage.writes == 4_000 // MOST_CHUNK


def test_what_one_instance_lets_in_is_missing_to_the_others() -> None:
    fleet = Fleet(SLOW, size=2)
    assert [fleet.send() for _ in range(50)] == [None] * 50

    refused = [fleet.send(instance=1) for _ in range(50)]
    assert refused.index(next(filter(None, refused))) == SLOW.chunk


def test_a_request_larger_than_the_burst_comes_in_when_nothing_else_did() -> None:
    fleet = Fleet(SLOW)
    assert fleet.send(70) is None

    refusal = fleet.send(70)
    assert refusal is not None
    assert (refusal.code, refusal.retry_after) == ("rate_limited", 7)


def test_a_quota_begins_anew_at_midnight() -> None:
    fleet = Fleet(Limits(daily_quota=100))
    assert fleet.send(100) is None
    refusal = fleet.send()

    assert refusal is not None
    assert (refusal.code, refusal.retry_after) == ("quota_exceeded", 3_600)
    assert fleet.send(at=RECEIVED.replace(hour=23, minute=59, second=58)).retry_after == 2  # type: ignore[union-attr]
    assert fleet.send(at=RECEIVED.replace(hour=0) + timedelta(days=1)) is None


def test_a_raised_quota_counts_at_once() -> None:
    fleet = Fleet(Limits(daily_quota=100))
    fleet.send(100)
    assert fleet.send() is not None

    fleet.limits = Limits(daily_quota=101)
    assert fleet.send() is None


def test_keys_have_buckets_of_their_own() -> None:
    fleet = Fleet(SLOW)
    fleet.send(50)

    assert fleet.send(key="wk_1") is not None
    assert fleet.send(50, key="wk_2") is None
    assert fleet.send(50, key=None) is None


class Broken:
    def __init__(self) -> None:
        self.calls: list[Spending] = []
        self.is_broken = True

    def add(self, spending: Spending) -> Usage:
        self.calls.append(spending)
        if self.is_broken:
            raise Retryable("unreachable", "no answer")
        return Usage(spending.events, spending.now + spending.cost)


def test_a_store_that_fails_costs_nobody_an_event_and_is_asked_twice_a_minute() -> None:
    usage = Broken()
    fleet = Fleet(Limits(rate=RateLimit(100, 1_000)), usage=usage)
    refused = [fleet.send(at=later(number / 50)) for number in range(50 * 60)]

    assert refused == [None] * len(refused)
    assert len(usage.calls) == 2
    assert fleet.meter.counts["LimitsUnavailable"] == 2


def test_what_a_failed_store_missed_is_told_when_it_is_back() -> None:
    usage = Broken()
    fleet = Fleet(Limits(rate=RateLimit(1_000, 10_000)), usage=usage)
    fleet.send(300)
    usage.is_broken = False
    fleet.send(40, at=later(29))
    fleet.send(40, at=later(30))

    assert [call.events for call in usage.calls] == [300, 380]


def test_after_a_failed_write_a_quota_still_begins_anew_at_midnight() -> None:
    usage = Broken()
    fleet = Fleet(Limits(daily_quota=2_000), usage=usage)
    assert fleet.send(2_400) is None
    assert fleet.send(at=later(1)) is not None

    assert fleet.send(at=RECEIVED + timedelta(days=1)) is None
    assert fleet.send(at=RECEIVED + timedelta(days=30)) is None


def test_what_a_failed_write_missed_is_told_before_the_next_event_is_refused() -> None:
    usage = Broken()
    fleet = Fleet(Limits(daily_quota=2_000), usage=usage)
    fleet.send(2_400)
    usage.is_broken = False

    assert fleet.send(at=later(29)) is not None
    assert [call.events for call in usage.calls] == [2_400]
    assert fleet.send(at=later(30)) is not None
    assert [call.events for call in usage.calls] == [2_400, 2_400]
    assert fleet.send(at=later(60)) is not None
    assert len(usage.calls) == 2


def test_what_was_let_in_before_midnight_uses_the_rate_and_not_the_new_days_quota() -> None:
    usage = Broken()
    fleet = Fleet(Limits(rate=RateLimit(1_000, 10_000), daily_quota=1_000), usage=usage)
    usage.is_broken = False
    midnight = RECEIVED.replace(hour=0, minute=0) + timedelta(days=1)
    fleet.send(99, at=midnight - timedelta(seconds=1))
    fleet.send(1, at=midnight)

    (call,) = usage.calls
    assert (call.events, call.cost, call.day) == (1, 100 * 1_000_000, midnight.date().isoformat())


def test_an_instance_keeps_its_own_bucket_while_the_store_fails() -> None:
    fleet = Fleet(SLOW, usage=Broken())

    assert sum(fleet.send() is None for _ in range(200)) == 50


def test_the_keys_remembered_are_bounded() -> None:
    fleet = Fleet(SLOW)
    for number in range(REMEMBERED_KEYS + 200):
        fleet.send(key=f"wk_{number}")

    assert len(fleet.instances[0]._counts) == REMEMBERED_KEYS


# what a source's options say


@pytest.mark.parametrize(
    ("document", "is_public", "limits"),
    [
        ({}, False, Limits()),
        ({}, True, Limits(rate=RateLimit(1_000, 10_000), daily_quota=5_000_000)),
        ({"rate_limit": "none", "daily_quota": "none"}, True, Limits()),
        ({"rate_limit": {"events_per_second": 5}}, False, Limits(rate=RateLimit(5, 50))),
        ({"rate_limit": {"events_per_second": 5, "burst": 7}, "daily_quota": 100}, True, Limits(rate=RateLimit(5, 7), daily_quota=100)),
    ],
)
def test_public_sources_have_limits_unless_they_say_otherwise(document: Mapping[str, Any], is_public: bool, limits: Limits) -> None:
    assert Limits.from_document(document, is_public=is_public) == limits


# through the collector


def a_world(**options: Any) -> CollectWorld:
    sources = {"site": {"kind": "browser", **options}, "backend": {"kind": "server"}}
    return CollectWorld({"sources": sources, "identity": {}})


RATE = {"rate_limit": {"events_per_second": 1, "burst": 2}}


def test_over_the_rate_a_client_is_told_when_to_come_back_and_its_page_may_read_it() -> None:
    world = a_world(**RATE)
    origin = {"origin": "https://shop.example"}
    answers = [world.post("/v1/t", a_message(messageId=str(number)), headers=origin) for number in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert answers[2].json["code"] == "rate_limited"
    assert answers[2].headers["Retry-After"] == "1"
    assert answers[2].headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answers[2].headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert len(world.events()) == 2
    assert world.refused() == []
    assert world.meter.counts["EventsOverLimit"] == 2


def test_each_event_of_a_batch_counts() -> None:
    world = a_world(**RATE)

    assert world.post("/v1/batch", {"batch": [a_message(), a_message(messageId="m-2")]}).status == 200
    answer = world.post("/v1/batch", {"batch": [a_message(messageId=str(number)) for number in range(30)]})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
    assert world.meter.counts["EventsOverLimit"] == 30


def test_over_the_quota_a_client_is_told_so() -> None:
    world = a_world(daily_quota=2)
    answers = [world.post("/v1/t", a_message(messageId=str(number))) for number in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert (answers[2].json["code"], answers[2].headers["Retry-After"]) == ("quota_exceeded", "3600")


@pytest.mark.parametrize("path", ["/p.gif", "/v1/pixel/track"])
def test_a_pixel_over_the_limit_is_still_an_image(path: str) -> None:
    world = a_world(**RATE)
    query = {"writeKey": world.keys["site"], "event": "Seen", "e": "Seen", "anonymousId": "visitor-1"}
    answers = [world.get(path, {**query, "properties.n": str(number)}) for number in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert answers[0].text == answers[2].text
    assert len(world.events()) == 2
    assert world.meter.counts["EventsOverLimit"] == 1


def test_a_click_over_the_limit_still_leads_to_its_target() -> None:
    world = a_world(**RATE)
    target = link_target(
        "https://shop.example/", key=KEYS.link, public_url=PUBLIC_URL, write_key_source="site", expires_at=RECEIVED + timedelta(days=1)
    )
    token = target.partition("?t=")[2]
    answers = [world.get("/r", {"t": token}, cookies=(f"ariane_aid=visitor-{number}",)) for number in range(3)]

    assert [answer.status for answer in answers] == [302] * 3
    assert len(world.events()) == 2


def test_what_cannot_be_read_counts_too_and_is_not_kept_beyond_the_limit() -> None:
    world = a_world(**RATE)
    key = {"authorization": "Basic " + b64encode(f"{world.keys['site']}:".encode()).decode()}
    statuses = [world.post("/v1/batch", b"{" + b"x" * number, source=None, headers=key).status for number in range(4)]

    assert statuses == [400, 400, 429, 429]
    assert len(world.refused()) == 2


def test_the_validation_server_counts_too() -> None:
    world = a_world(**RATE)
    query = f"api_secret={world.keys['site']}"
    bodies = [b'{"client_id": "1.2", "events": [{"name": "view_item"}]}', b"no JSON", b"{}"]
    statuses = [world.deliver(gateway_event("POST", "/debug/mp/collect", query=query, body=body)).status for body in bodies]

    assert statuses == [200, 200, 429]


def test_trusted_sources_have_no_limit_of_their_own_accord() -> None:
    world = a_world()
    batch = {"batch": [a_message(messageId=str(number)) for number in range(2_500)]}

    assert {world.post("/v1/batch", batch, source="backend").status for _ in range(5)} == {200}
    assert world.post("/v1/batch", batch, source="site").status == 200


def test_unknown_and_revoked_keys_have_no_bucket() -> None:
    world = a_world(daily_quota=1)
    world.access.revoke(world.access.all()[0].hash)
    statuses = {world.post("/v1/t", a_message(writeKey=f"wk_{number}"), source=None).status for number in range(20)}

    assert statuses == {401}
    assert world.post("/v1/t", a_message(), source="site").status == 401
    assert not world.collector._entrance._limiter._counts
