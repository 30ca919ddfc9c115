"""What is stored and told is so: whatever is read when, whoever decides for whom, and where the past is not known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.events.model import LogItem, Message, SourceKind
from ariane.instants import from_millis
from ariane.profiles.model import Profile
from ariane.segments.asking import EvaluationAsker
from ariane.segments.evaluating import Asked
from tests.builders.profiles import KEY, NOON, RULES, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

U1 = prs("user_id:u1")
OPTED = segment("opted", {"consent": {"topic": "offers", "channel": "email"}})
NOT_OPTED = segment("not-opted", {"not": {"consent": {"topic": "offers", "channel": "email"}}})


def said(*messages: Message) -> LogItem:
    return item(*messages, source="srv", kind=SourceKind.SERVER)


def world(*segments: Any, minutes: float = 10) -> SegmentWorld:
    made = SegmentWorld(view_of(*segments))
    made.now = NOON + timedelta(minutes=minutes)
    return made


def consent(what: str, minute: float, *, by: str = "u1", email: str = "a@example.com") -> Message:
    properties = {"topic": "offers", "channel": "email", "email": email}
    who = {"userId": "u1", "anonymousId": None} if by == "u1" else {"anonymousId": by}
    return track(f"Consent {what}", message_id=f"{what}{minute}", minute=minute, properties=properties, **who)


def known(minute: float = 0) -> LogItem:
    return said(identify(message_id="i", minute=minute, userId="u1", traits={"email": "a@example.com"}))


class ReadsSlowly:
    """Something happens once, behind the first reading of a profile."""

    def __init__(self, inner: Any, meanwhile: Callable[[], None]) -> None:
        self._inner = inner
        self._meanwhile: Callable[[], None] | None = meanwhile

    def brief(self, person_id: str) -> Profile:
        found: Profile = self._inner.brief(person_id)
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile:
            meanwhile()
        return found

    def snapshot(self, person_id: str) -> Profile:
        found: Profile = self._inner.snapshot(person_id)
        return found


@pytest.mark.parametrize("asked", ["user_id:u1", "anonymous_id:a1"])
def test_an_old_profile_is_never_decided_on_by_a_newer_row(asked: str) -> None:
    here = world(segment("buyers", {"performed": "Order Completed"}), segment("viewers", {"performed": "Product Viewed"}))
    here.happen(said(identify(message_id="0", userId="u1", anonymousId="a1")))
    here.stitch(here.stack.write(said(track("Product Viewed", message_id="1", minute=1, userId="u1"))))
    here.queue.messages.clear()

    def bought() -> None:
        here.happen(said(track("Order Completed", message_id="2", minute=2, userId="u1")))

    slow = here.evaluator
    slow._world = replace(slow._world, profiles=ReadsSlowly(here.reader, bought))
    slow.evaluate([Asked(person=prs(asked), cause="1")])
    here.settle()

    assert (here.members("buyers"), here.members("viewers")) == ({U1}, {U1})
    assert sorted(here.told()) == [("Entered", "buyers", "2"), ("Entered", "viewers", "1")]


def test_a_consent_that_is_given_once_more_is_no_news() -> None:
    here = world(OPTED)
    here.happen(known())
    here.happen(said(consent("Granted", 1)))
    assert here.told() == [("Entered", "opted", "1")]
    since = here.row("user_id:u1").memberships["opted"].since
    here.now = NOON + timedelta(minutes=30)

    here.happen(said(consent("Granted", 20)))

    assert here.told() == [("Entered", "opted", "1")]
    assert here.row("user_id:u1").memberships["opted"].since == since


@pytest.mark.parametrize("first_heard", [0, -3 * 24 * 60])
def test_a_withdrawal_is_told_at_its_instant(first_heard: float) -> None:
    """Also of somebody who was known before the segment was there."""
    here = world(OPTED, NOT_OPTED)
    here.happen(known(first_heard))
    here.happen(said(consent("Granted", 1)))
    here.now = NOON + timedelta(minutes=30)

    here.happen(said(consent("Withdrawn", 20)))

    facts = {fact.kind: fact.detail for fact in here.facts("Segment Entered", "Segment Exited")[-2:]}
    at = "2026-11-22T12:20:00.000Z"
    assert {kind: (detail["segment"], detail["at"]) for kind, detail in facts.items()} == {
        "Segment Exited": ("opted", at),
        "Segment Entered": ("not-opted", at),
    }


def test_a_consent_counts_for_whose_address_it_names() -> None:
    here = world(OPTED)
    here.happen(known())
    here.happen(item(consent("Granted", 2, by="kiosk")))
    assert here.members("opted") == {U1}

    here.happen(item(consent("Withdrawn", 3, by="kiosk")))
    assert here.members("opted") == set()


def test_who_moves_has_their_days_counted_anew() -> None:
    here = world(segment("birthday", {"trait": "birthday", "anniversary": {}}))
    here.happen(said(identify(message_id="i", userId="u1", traits={"birthday": "1980-11-24", "timezone": "Europe/Paris"})))
    assert from_millis(here.row("user_id:u1").due or 0).isoformat() == "2026-11-23T23:00:00+00:00"

    here.happen(said(identify(message_id="j", minute=5, userId="u1", traits={"timezone": "Asia/Tokyo"})))

    assert from_millis(here.row("user_id:u1").due or 0).isoformat() == "2026-11-23T15:00:00+00:00"


def test_a_zone_is_asked_about_only_where_days_matter() -> None:
    def asked(view: Any) -> int:
        queue = MemoryEvaluateQueue()
        here = SegmentWorld(view)
        here.happen(said(identify(message_id="i", userId="u1", traits={"plan": "gold"})))
        asker = EvaluationAsker(queue, view=lambda: view, rules=lambda: RULES, key=lambda: KEY, homes=here.stack.homes)
        before = here.stack.fragments.load([U1])[U1]
        (record,) = here.stack.write(said(identify(message_id="j", minute=5, userId="u1", traits={"timezone": "Asia/Tokyo"})))
        asker.ask([([record], before)])
        return len(queue.messages)

    assert asked(view_of(segment("birthday", {"trait": "birthday", "anniversary": {}}))) == 1
    assert asked(view_of(segment("gold", {"trait": "plan", "equals": "gold"}))) == 0


def test_a_backfill_waits_until_every_function_knows_the_segment() -> None:
    here = world()
    here.publish(segment("support", {"performed": "Support Called"}, published_at=here.now), epoch=2)
    desk = here.desk
    desk._known_after = timedelta(seconds=65)

    desk.start_backfill()
    assert {each.delay for each in here.queue.messages} == {65}
    here.queue.messages.clear()
    here.now += timedelta(seconds=64, milliseconds=500)
    desk.start_backfill()
    assert {each.delay for each in here.queue.messages} == {1}
    here.queue.messages.clear()
    here.now += timedelta(days=1)
    desk.start_backfill()
    assert {each.delay for each in here.queue.messages} == {0}


def test_a_segment_that_comes_back_has_not_its_members_of_before() -> None:
    summer = {"performed": "Product Viewed", "within": "30 minutes"}
    here = world(segment("summer", summer))
    here.happen(item(track(message_id="1")))
    assert here.members("summer") == {prs("anonymous_id:a1")}
    here.publish()
    here.pass_time(timedelta(minutes=31))
    assert here.members("summer") == {prs("anonymous_id:a1")}, "it may have been published a moment ago"
    here.pass_time(timedelta(minutes=61))

    here.publish(segment("summer", summer, published_at=here.now))

    assert here.members("summer") == set()
    assert here.row("anonymous_id:a1").due is None
