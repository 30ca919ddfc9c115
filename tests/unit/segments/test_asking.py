"""Which deliveries ask for an evaluation."""

from datetime import timedelta
from typing import Any

import pytest

from ariane.errors import Retryable
from ariane.events.model import LogItem
from ariane.segments.jobs import PersonJob
from tests.builders.homes import share
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

DEAR_ = {"performed": "Product Viewed", "where": [{"property": "price", "gte": 100}]}
DEAR = segment("dear", DEAR_)
SMITHS = segment("smiths", {"trait": "last_name", "equals": "Smith"})
GRANTED = segment("granted", {"consent": {"topic": "offers", "channel": "email", "is": "granted"}})
SOLD_NOTHING_ = {"not": {"performed": "Order Completed", "within": "90 days"}}
SOLD_NOTHING = segment("sold-nothing", SOLD_NOTHING_)
HALF = segment("half", {"bucket": {"salt": "x", "percent": 50}})
A1 = prs("anonymous_id:a1")


def asked_by(here: SegmentWorld, *items: LogItem) -> list[PersonJob]:
    here.queue.messages.clear()
    here.stitch(here.stack.write(*items))
    return [job for job in here.queue.jobs if isinstance(job, PersonJob)]


def known(*segments: Any) -> SegmentWorld:
    """Somebody has been there before."""
    here = SegmentWorld(view_of(*segments))
    here.happen(item(track("Hello", message_id="first")))
    return here


@pytest.mark.parametrize(
    "condition",
    [
        SOLD_NOTHING.condition,
        HALF.condition,
        {"trait": "plan", "not_equals": "gold"},
        {"any": [{"performed": "Order Completed"}, {"trait": "order_count", "lt": 2}]},
        {"consent": {"topic": "offers", "channel": "email", "is": "unknown"}},
        {"not": {"segment": "buyers", "for": "2 days"}},
        {"all": [{"not": {"segment": "buyers"}}, {"bucket": {"salt": "x", "percent": 50}}]},
    ],
)
def test_whoever_is_seen_for_the_first_time_is_evaluated_where_a_segment_may_hold_of_a_stranger(condition: Any) -> None:
    buyers = segment("buyers", {"performed": "Order Completed"})
    asked = condition if isinstance(condition, dict) else condition.model_dump(mode="json", by_alias=True, exclude_none=True)
    here = SegmentWorld(view_of(buyers, segment("asked", asked)))
    assert [job.person for job in asked_by(here, item(track("Hello", message_id="1")))] == [A1]


@pytest.mark.parametrize("segments", [[], [DEAR], [SMITHS], [GRANTED], [segment("both", {"all": [SOLD_NOTHING_, DEAR_]})]])
def test_a_visitor_of_whom_no_segment_can_hold_is_not_evaluated(segments: list[Any]) -> None:
    here = SegmentWorld(view_of(*segments))
    assert asked_by(here, item(track("Hello", message_id="1"))) == []


def test_a_first_event_that_a_segment_looks_at_is_evaluated() -> None:
    here = SegmentWorld(view_of(DEAR))
    assert len(asked_by(here, item(track(message_id="1", properties={"price": 100})))) == 1


@pytest.mark.parametrize("who", [{"userId": "u1"}, {"context": {"traits": {"email": "a@b.example"}}}])
def test_a_stranger_with_a_name_is_evaluated(who: dict[str, Any]) -> None:
    """A stage of the life cycle begins."""
    here = SegmentWorld(view_of())
    assert len(asked_by(here, item(track("Hello", message_id="1", **who)))) == 1


def test_an_event_from_before_the_first_is_evaluated() -> None:
    """What holds of whoever there is holds since their first event."""
    here = known(SOLD_NOTHING)
    assert len(asked_by(here, item(track("Hello", message_id="1", minute=-5)))) == 1
    assert asked_by(here, item(track("Hello", message_id="2", minute=5))) == []


def test_an_event_that_no_segment_looks_at_asks_for_nothing() -> None:
    here = known(DEAR)
    assert asked_by(here, item(track("Hello", message_id="1"))) == []
    assert asked_by(here, item(track(message_id="2", properties={"price": 99}))) == []


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([DEAR], track(message_id="1", properties={"price": 100})),
        ([], track("Order Completed", message_id="1")),
        ([SMITHS], identify(message_id="1", anonymousId="a1", traits={"last_name": "Jones"})),
        ([GRANTED], track("Consent Granted", message_id="1", properties={"topic": "offers", "channel": "email"})),
    ],
)
def test_what_a_segment_or_the_life_cycle_looks_at_asks(segments: list[Any], message: dict[str, Any]) -> None:
    here = known(*segments)
    (job,) = asked_by(here, item(message))
    assert job.person == A1
    assert job.cause.startswith(f"{A1}/")
    assert job.cause.endswith("/0")


def test_a_consent_of_an_address_asks_about_whose_address_it_is_too() -> None:
    here = known(GRANTED)
    properties = {"topic": "offers", "channel": "email", "email": "A@b.example"}
    jobs = asked_by(here, item(track("Consent Granted", message_id="1", properties=properties)))

    assert sorted(job.person for job in jobs) == sorted([A1, prs("email:a@b.example")])


def test_traits_and_consents_that_nobody_asks_about_ask_for_nothing() -> None:
    here = known(DEAR)
    quiet = identify(message_id="1", anonymousId="a1", traits={"last_name": "Smith"})
    consent = track("Consent Granted", message_id="2", properties={"topic": "offers", "channel": "email", "email": "a@b.example"})
    assert asked_by(here, item(quiet), item(consent)) == []


def test_a_batch_asks_once_for_each_person() -> None:
    here = SegmentWorld(view_of(SOLD_NOTHING))
    jobs = asked_by(
        here, *(item(track("Hello", message_id=f"{n}", minute=n)) for n in range(5)), item(track(message_id="9", anonymousId="a2"))
    )
    assert sorted(job.person for job in jobs) == sorted([A1, prs("anonymous_id:a2")])


def test_records_that_come_again_ask_again() -> None:
    """Whoever stitched them may not have lived to ask."""
    here = SegmentWorld(view_of(SOLD_NOTHING))
    records = here.stack.write(item(track("Hello", message_id="1")))
    here.stitch(records)
    here.queue.messages.clear()
    here.stitch(records)
    assert [job.person for job in here.queue.jobs if isinstance(job, PersonJob)] == [A1]


def test_a_queue_that_is_away_fails_the_delivery() -> None:
    here = SegmentWorld(view_of(SOLD_NOTHING))

    def away(*_: object, **__: object) -> None:
        raise Retryable("queue_busy", "")

    here.queue.put = away
    with pytest.raises(Retryable, match="queue_busy"):
        here.stitch(here.stack.write(item(track("Hello", message_id="1"))))


def test_what_happens_on_a_shared_device_is_asked_about_whose_it_is() -> None:
    here = known(DEAR)
    share(here.stack, "anonymous_id:a1", minute=1)
    here._refold(A1, here.view.observing)
    (job,) = asked_by(here, item(track(message_id="2", minute=5, properties={"price": 100})))
    assert job.person != A1


def test_the_plan_in_force_is_the_one_that_asks() -> None:
    here = known()
    message = track(message_id="1", properties={"price": 100})
    assert asked_by(here, item(message)) == []
    here.publish(DEAR)
    here.now = NOON + timedelta(minutes=1)
    assert len(asked_by(here, item({**message, "messageId": "2"}))) == 1
