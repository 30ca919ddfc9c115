"""From events to memberships and facts, over stitch, the queue, the bus and the tick in memory."""

from datetime import timedelta

import pytest

from ariane.errors import Conflict, Retryable
from ariane.instants import format_instant
from ariane.segments.deciding import ENTERED, EXITED, LIFECYCLE_CHANGED
from ariane.segments.evaluating import Asked
from ariane.segments.jobs import PersonJob
from ariane.segments.rows import Row, RowChange
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

VIEWED = {"performed": "Product Viewed", "times": {"gte": 2}, "within": "1 hour"}
LOOKERS = segment("lookers", VIEWED)
A1 = prs("anonymous_id:a1")


def world(*segments: object) -> SegmentWorld:
    made = SegmentWorld(view_of(*(segments or (LOOKERS,))))  # type: ignore[arg-type]
    made.now = NOON + timedelta(minutes=10)
    return made


def test_who_does_what_a_segment_asks_for_enters_it_at_that_instant() -> None:
    here = world()
    here.happen(item(track(message_id="1")))
    assert here.told() == []
    here.happen(item(track(message_id="2", minute=5)))

    assert here.told() == [("Entered", "lookers", "5")]
    assert here.members("lookers") == {A1}
    assert here.since("lookers", "anonymous_id:a1") == NOON + timedelta(minutes=5)
    (fact,) = here.facts(ENTERED)
    assert fact.detail["profile"] == A1
    assert fact.detail["cause"].startswith(f"{A1}/")
    assert fact.detail["version"] == "v1"


def test_time_alone_ends_a_membership_at_its_very_instant() -> None:
    here = world()
    here.happen(item(track(message_id="1")), item(track(message_id="2", minute=5)))
    here.pass_time(timedelta(minutes=49))
    assert here.members("lookers") == {A1}
    here.pass_time(timedelta(minutes=2))

    assert here.members("lookers") == set()
    exited = here.facts(EXITED)[0].detail
    assert exited["at"] == format_instant(NOON + timedelta(hours=1, milliseconds=1))
    assert exited["cause"] == "time"


def test_what_is_due_soon_is_woken_without_the_tick() -> None:
    here = world(segment("now", {"performed": "Product Viewed", "within": "20 seconds"}))
    here.now = NOON + timedelta(seconds=3)
    here.happen(item(track(message_id="1")))
    assert [each.delay for each in here.queue.messages] == [18]
    here.pass_time(timedelta(seconds=18), tick=False)

    assert [each[0] for each in here.told()] == ["Entered", "Exited"]


def test_what_happened_and_passed_between_two_evaluations_is_told_in_order() -> None:
    here = world(segment("now", {"performed": "Product Viewed", "within": "1 minute"}))
    here.happen(item(track("Other", message_id="0")))
    here.now = NOON + timedelta(minutes=30)
    here.happen(item(track(message_id="1", minute=15)), item(track(message_id="2", minute=20)))

    kinds = [(each.kind, each.detail["at"][11:23]) for each in here.facts(ENTERED, EXITED)]
    assert kinds == [(ENTERED, "12:15:00.000"), (EXITED, "12:16:00.001"), (ENTERED, "12:20:00.000"), (EXITED, "12:21:00.001")]
    assert here.members("now") == set()


def test_of_what_is_older_than_a_day_only_what_has_come_of_it_is_told() -> None:
    here = world(segment("once", {"performed": "Product Viewed"}), segment("now", {"performed": "Product Viewed", "within": "1 minute"}))
    here.now = NOON + timedelta(days=3)
    here.happen(item(track(message_id="1")))

    assert here.told() == [("Entered", "once", "0")]


def test_a_new_segment_is_news_to_nobody() -> None:
    here = world()
    here.happen(item(track(message_id="1")), item(track(message_id="2", minute=5)))
    before = len(here.facts())
    here.publish(LOOKERS, segment("viewers", {"performed": "Product Viewed"}, published_at=here.now))
    here.happen(item(track(message_id="3", minute=9)))

    assert here.members("viewers") == {A1}
    assert here.since("viewers", "anonymous_id:a1") == NOON
    assert len(here.facts()) == before


def test_a_segment_that_announces_nothing_has_members() -> None:
    here = world(segment("quiet", {"performed": "Product Viewed"}, announce=False))
    here.happen(item(track(message_id="1")))

    assert here.members("quiet") == {A1}
    assert here.told() == []


def test_nothing_is_written_where_nothing_changed() -> None:
    here = world()
    here.happen(item(track(message_id="1")), item(track(message_id="2", minute=5)))
    version = here.row("anonymous_id:a1").version
    here.happen(item(track(message_id="3", minute=9)))

    assert here.row("anonymous_id:a1").version == version


def test_who_is_in_no_segment_and_has_done_nothing_yet_has_no_row() -> None:
    here = world()
    here.happen(item(track("Other", message_id="1")))

    assert here.rows.rows == {}


def test_a_later_due_is_not_written_and_is_when_it_comes() -> None:
    here = world()
    here.happen(item(track(message_id="1")), item(track(message_id="2", minute=5)))
    due = here.row("anonymous_id:a1").due
    here.happen(item(track(message_id="3", minute=9)))
    assert here.row("anonymous_id:a1").due == due
    here.pass_time(timedelta(minutes=51))

    assert here.members("lookers") == {A1}
    later = here.row("anonymous_id:a1").due
    assert due is not None
    assert later is not None
    assert later > due


def test_the_life_cycle_is_told_step_by_step() -> None:
    here = world()
    here.happen(item(track(message_id="1")))
    here.happen(item(identify(message_id="2", minute=1, userId="u1", anonymousId="a1")))
    here.happen(item(track("Order Completed", message_id="3", minute=2, userId="u1", properties={"total": 10})))
    here.happen(item(track("Order Completed", message_id="4", minute=3, userId="u1", properties={"total": 10})))

    told = [(each.detail["from"], each.detail["to"], each.detail["profile"]) for each in here.facts(LIFECYCLE_CHANGED)]
    user = prs("user_id:u1")
    assert [each[:2] for each in told] == [("reach", "acquisition"), ("acquisition", "conversion"), ("conversion", "retention")]
    assert {each[2] for each in told} == {user}
    stage = here.row("user_id:u1").stage
    assert stage is not None
    assert stage.name == "retention"


def test_a_merge_joins_memberships_and_tells_of_no_entry_twice() -> None:
    here = world(segment("viewers", {"performed": "Product Viewed"}), segment("orderers", {"performed": "Order Completed"}))
    here.happen(item(track(message_id="1")))
    here.happen(item(track("Order Completed", message_id="2", minute=1, userId="u1", anonymousId="a2")))
    here.happen(item(identify(message_id="3", minute=2, userId="u1", anonymousId="a1")))

    assert here.told() == [("Entered", "viewers", "0"), ("Entered", "orderers", "1")]
    user = prs("user_id:u1")
    assert here.members("viewers") == here.members("orderers") == {user}
    assert [*here.rows.rows] == [user]


def test_a_row_written_while_its_person_was_absorbed_is_taken_in() -> None:
    """Between the reading of the profile and the commit; the merge has been followed by then."""
    here = world(segment("viewers", {"performed": "Product Viewed"}))
    here.stitch(here.stack.write(item(track(message_id="1"))))
    commit = here.rows.commit

    def late(change: RowChange) -> None:
        here.rows.commit = commit
        here.happen(item(identify(message_id="2", minute=1, userId="u1", anonymousId="a1")))
        commit(change)

    here.rows.commit = late
    here.evaluator.evaluate([Asked(person=A1, cause="c")])

    assert [*here.rows.rows] == [prs("user_id:u1")]
    assert here.members("viewers") == {prs("user_id:u1")}


def test_who_dies_between_the_commit_and_the_telling_has_it_told_when_the_message_comes_again() -> None:
    here = world(segment("viewers", {"performed": "Product Viewed"}))
    here.stitch(here.stack.write(item(track(message_id="1"))))
    here.evaluator.evaluated(Asked(person=A1, cause="c"), {})
    assert here.told() == []
    assert len(here.row("anonymous_id:a1").outbox) == 1
    here.settle()

    assert here.told() == [("Entered", "viewers", "0")]
    assert here.row("anonymous_id:a1").outbox == ()


def always_lost(change: RowChange) -> None:
    raise Conflict("row_changed", str(change.row.person))


def test_an_evaluation_that_loses_against_another_begins_anew() -> None:
    here = world(segment("viewers", {"performed": "Product Viewed"}))
    here.stitch(here.stack.write(item(track(message_id="1"))))
    commit, losses = here.rows.commit, [0]

    def contended(change: RowChange) -> None:
        losses[0] += 1
        if losses[0] < 3:
            raise Conflict("row_changed", "")
        commit(change)

    here.rows.commit = contended
    here.settle()
    assert here.members("viewers") == {A1}
    here.rows.commit = always_lost
    here.stitch(here.stack.write(item(track("Order Completed", message_id="9", minute=1))))
    with pytest.raises(Retryable, match="person_busy"):
        here.evaluator.evaluate([Asked(person=A1, cause="c")])


def test_who_lost_all_events_to_others_is_in_no_segment() -> None:
    here = world(segment("strangers", {"not": {"performed": "Order Completed"}}))
    here.happen(item(track(message_id="1")))
    assert here.members("strangers") == {A1}
    here.stack.fragments._rows.clear()
    here.queue.put([PersonJob(person=A1, cause="c")])
    here.settle()

    assert here.members("strangers") == set()


def test_more_changes_than_a_transaction_takes_are_made_in_several() -> None:
    many = [segment(f"s{number:03}", {"performed": "Product Viewed"}) for number in range(230)]
    here = world(*many)
    here.happen(item(track(message_id="1")))

    assert len(here.row("anonymous_id:a1").memberships) == 230
    assert len(here.facts(ENTERED)) == 230
    here.happen(item(identify(message_id="2", minute=1, userId="u1", anonymousId="a1")))
    assert [*here.rows.rows] == [prs("user_id:u1")]
    assert all(here.members(each.name) == {prs("user_id:u1")} for each in many)
    assert len(here.facts(ENTERED)) == 230


def test_a_crowd_of_devices_is_taken_in_step_by_step() -> None:
    here = world(segment("viewers", {"performed": "Product Viewed"}))
    for number in range(20):
        here.happen(item(track(message_id=f"v{number}", anonymousId=f"d{number}")))
    assert len(here.rows.rows) == 20
    here.stitch(here.stack.write(*(item(identify(message_id=f"i{n}", minute=1, userId="u1", anonymousId=f"d{n}")) for n in range(20))))
    here.settle()

    assert {row.person for row in here.rows.rows.values()} == here.members("viewers") == {prs("user_id:u1")}
    assert len(here.facts(ENTERED)) == 20


def test_an_absorbed_row_is_gone_under_the_version_that_was_read() -> None:
    rows = SegmentWorld().rows
    rows.commit(RowChange(row=Row(person="a")))
    with pytest.raises(Conflict):
        rows.commit(RowChange(row=Row(person="b"), absorbed=(Row(person="a", version=2),)))
    assert [*rows.rows] == ["a"]
