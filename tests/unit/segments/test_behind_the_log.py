"""What happened longer ago than the log goes back is known by what was recorded of it: nobody leaves a segment because events expire."""

from datetime import timedelta
from typing import Any

from ariane.definitions.customer_view import CustomerView
from ariane.definitions.customer_view_epochs import observing_after
from ariane.events.model import LogItem, Message, SourceKind
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

U1 = prs("user_id:u1")
LATER = 800 * 24 * 60
"""Minutes after noon; the log keeps 25 months."""


def said(*messages: Message, minute: float = 0) -> LogItem:
    return item(*messages, source="srv", kind=SourceKind.SERVER, received_minute=minute)


def order(number: int, minute: float, total: float = 600) -> LogItem:
    bought = track("Order Completed", message_id=f"o{number}", minute=minute, userId="u1", anonymousId="old", properties={"total": total})
    return said(bought, minute=minute)


def vip(least: int, version: str = "v1", **more: Any) -> Any:
    return segment("vip", {"performed": "Order Completed", "sum": {"property": "total", "gte": least}}, version=version, **more)


def publish(here: SegmentWorld, *segments: Any) -> None:
    """Over what is published."""
    view = view_of(*segments)
    here.view = CustomerView(view.catalogue, observing_after(view.observing, here.view.observing), view.segments)
    here.stack.observing = here.view.observing


def long_after(here: SegmentWorld) -> None:
    here.now = NOON + timedelta(minutes=LATER)
    here.stack.log._items.clear()


def test_a_member_stays_one_when_the_orders_behind_it_expire() -> None:
    here = SegmentWorld(view_of(vip(1_000)))
    here.now = NOON + timedelta(minutes=10)
    here.happen(*[order(number, number) for number in range(4)])
    assert here.members("vip") == {U1}
    told = here.told()
    long_after(here)

    here.happen(order(9, LATER - 6, total=5))
    here.happen(said(track(message_id="v", minute=LATER - 5, userId="u1", anonymousId="new-browser"), minute=LATER))

    assert here.members("vip") == {U1}
    assert here.told() == told


def test_another_threshold_is_asked_of_the_sum_and_not_of_the_log() -> None:
    here = SegmentWorld(view_of(vip(1_000)))
    here.now = NOON + timedelta(minutes=10)
    here.happen(*[order(number, number) for number in range(4)])
    long_after(here)

    publish(here, vip(1_001, version="v2", published_at=here.now))
    here.desk.start_backfill()
    here.settle()

    assert here.members("vip") == {U1}


def test_each_part_of_a_condition_is_asked_where_it_is_known() -> None:
    here = SegmentWorld(view_of())
    here.now = NOON + timedelta(minutes=10)
    here.happen(said(identify(message_id="i", userId="u1", traits={"plan": "gold"})), order(1, 1), order(2, 2))
    long_after(here)
    here.happen(said(track("Hello", message_id="h1", minute=LATER - 5, userId="u1"), minute=LATER))
    parts = [
        {"performed": "Hello", "within": "30 days"},
        {"trait": "lifecycle", "equals": "retention"},
        {"trait": "plan", "equals": "gold"},
    ]

    publish(here, *(segment(f"s{number}", part) for number, part in enumerate(parts)), segment("all", {"all": parts}))
    here.happen(said(track("Hello", message_id="h2", minute=LATER - 4, userId="u1"), minute=LATER))
    heard = {name: here.members(name) for name in here.view.segments}
    here.desk.start_backfill()
    here.settle()

    assert {name: here.members(name) for name in here.view.segments} == {name: {U1} for name in ("s0", "s1", "s2", "all")}
    assert heard == {name: {U1} for name in ("s0", "s1", "s2", "all")}
