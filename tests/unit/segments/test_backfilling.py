"""Evaluating everybody: parts, resuming, what it records, what it tells and what it forgets."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.errors import NotFound, Permanent, Retryable
from ariane.identity.jobs import RefoldJob
from ariane.profiles.completeness import is_complete
from ariane.segments.backfilling import MOST_TRIES, PARTS
from ariane.segments.deciding import ENTERED
from ariane.segments.jobs import BackfillJob
from ariane.segments.rows import Row
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

VIEWERS = segment("viewers", {"performed": "Product Viewed"}, published_at=NOON + timedelta(hours=1))
LATELY = segment(
    "lately", {"performed": "Product Viewed", "times": {"gte": 1}, "within": "30 days"}, published_at=NOON + timedelta(hours=1)
)


def before(people: int = 20) -> SegmentWorld:
    """Before anything was published; then the two segments are."""
    here = SegmentWorld(view_of())
    here.stack.background = MemoryBackgroundQueue()
    here.now = NOON + timedelta(minutes=30)
    for number in range(people):
        here.happen(item(track(message_id=f"m{number}", minute=number, anonymousId=f"a{number}")))
    here.now = NOON + timedelta(hours=2)
    here.publish(VIEWERS, LATELY, epoch=2)
    return here


def everybody(people: int = 20) -> set[str]:
    return {prs(f"anonymous_id:a{number}") for number in range(people)}


def test_a_backfill_fills_new_segments_and_tells_nobody() -> None:
    here = before()
    started = here.desk.start_backfill(["viewers"], by="ada")
    assert not started.is_done
    here.settle()

    assert here.members("viewers") == here.members("lately") == everybody()
    assert here.since("lately", "anonymous_id:a7") == NOON + timedelta(minutes=7)
    assert here.facts() == []
    progress = here.desk.progress(started.backfill.id)
    assert progress.is_done
    assert progress.ended_at == here.now
    assert progress.total(lambda part: part.people) == progress.total(lambda part: part.written) == 20
    assert len(progress.parts) == PARTS


def test_asked_to_it_tells_of_the_segments_that_were_named() -> None:
    here = before(3)
    here.desk.start_backfill(["viewers"], announce=True)
    here.settle()

    assert {(each.detail["segment"], each.detail["profile"]) for each in here.facts()} == {("viewers", own) for own in everybody(3)}
    assert {each.kind for each in here.facts()} == {ENTERED}


def test_what_the_log_alone_knew_is_recorded() -> None:
    here = before(3)
    started = here.desk.start_backfill()
    here.settle()

    stored = here.stack.fragments.load(everybody(3))
    assert all(is_complete(each.fragment, here.view.observing) for each in stored.values())
    assert here.desk.progress(started.backfill.id).total(lambda part: part.refolded) == 3


def test_a_long_log_is_left_to_the_background_and_asked_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ariane.segments.completing.needs_background", lambda *_: True)
    here = before(2)
    here.desk.start_backfill()
    here.settle()

    assert {job.partition for job in here.stack.background.jobs if isinstance(job, RefoldJob)} == everybody(2)
    assert here.members("lately") == everybody(2)


def test_segments_that_are_gone_are_forgotten() -> None:
    here = before(3)
    here.desk.start_backfill()
    here.settle()
    here.publish(LATELY, epoch=2)
    here.happen(item(track(message_id="again", minute=60, anonymousId="a0")))
    assert here.members("viewers") == everybody(3)
    here.desk.start_backfill()
    here.settle()

    assert here.members("viewers") == set()
    assert here.members("lately") == everybody(3)


def test_people_are_evaluated_once_however_many_identifiers_they_have() -> None:
    here = before(6)
    here.happen(*(item(identify(message_id=f"i{number}", minute=40, userId="u1", anonymousId=f"a{number}")) for number in range(6)))
    started = here.desk.start_backfill()
    here.settle()

    assert here.desk.progress(started.backfill.id).total(lambda part: part.people) == 1
    assert here.members("viewers") == {prs("user_id:u1")}


def test_a_root_without_events_of_its_own_is_found_by_those_below_it() -> None:
    here = before(1)
    here.happen(item(identify(message_id="i", minute=40, userId="u1", anonymousId="a0")))
    del here.stack.fragments._rows[prs("user_id:u1")]
    here.rows.rows.clear()
    here.desk.start_backfill()
    here.settle()

    assert here.members("viewers") == {prs("user_id:u1")}


def test_a_row_that_lies_about_is_taken_in() -> None:
    here = before(1)
    here.happen(item(identify(message_id="i", minute=40, userId="u1", anonymousId="a0")))
    here.rows.rows[prs("anonymous_id:a0")] = Row(person=prs("anonymous_id:a0"), version=1)
    here.desk.start_backfill()
    here.settle()

    assert [*here.rows.rows] == [prs("user_id:u1")]


def test_what_was_interrupted_goes_on_where_it_was() -> None:
    """The clock runs so fast that each message does a page; then all messages are lost."""
    here = before(60)
    started = here.desk.start_backfill(["viewers"])
    hurry = iter(range(10_000))
    worker = replace(here.backfill_worker, clock=lambda: NOON + timedelta(hours=2, seconds=30 * next(hurry)))
    for part in range(PARTS):
        worker.take(BackfillJob(backfill=started.backfill.id, part=part))
    done = here.desk.progress(started.backfill.id).total(lambda part: part.people)
    here.queue.messages.clear()
    here.desk.resume(started.backfill.id)
    here.settle()

    progress = here.desk.progress(started.backfill.id)
    assert 0 < done < 60
    assert progress.is_done
    assert progress.total(lambda part: part.people) == 60
    assert here.members("viewers") == everybody(60)


def test_a_message_that_comes_twice_or_late_does_no_harm() -> None:
    here = before(5)
    started = here.desk.start_backfill()
    here.settle()
    rows = dict(here.rows.rows)
    here.queue.put([BackfillJob(backfill=started.backfill.id, part=0), BackfillJob(backfill="bf_never", part=0)])
    here.settle()

    assert here.rows.rows == rows
    assert here.desk.progress(started.backfill.id).total(lambda part: part.people) == 5


def test_a_busy_table_is_tried_again_later_and_in_the_end_told() -> None:
    here = before(5)
    started = here.desk.start_backfill()
    load = here.rows.load

    def busy(*_: object) -> Any:
        raise Retryable("table_busy", "")

    here.rows.load = busy
    worker, job = here.backfill_worker, BackfillJob(backfill=started.backfill.id, part=0)
    part = here.desk.progress(job.backfill).parts[0]
    here.queue.messages.clear()
    for _ in range(MOST_TRIES):
        worker.take(job)
    delays = [each.delay for each in here.queue.messages]
    with pytest.raises(Retryable, match="backfill_stuck"):
        worker.take(job)
    here.rows.load = load
    worker.take(job)

    assert delays[:3] == [15, 30, 60]
    assert max(delays) == 900
    assert part.tries == 0
    assert here.desk.progress(job.backfill).parts[0].tries == 0


def test_who_cannot_be_evaluated_is_named_and_holds_nobody_up() -> None:
    here = before(5)
    poison = prs("anonymous_id:a3")
    commit = here.rows.commit

    def refused(change: Any) -> None:
        if change.row.person == poison:
            raise Permanent("table_refused", "")
        commit(change)

    here.rows.commit = refused
    started = here.desk.start_backfill()
    here.settle()
    progress = here.desk.progress(started.backfill.id)

    assert here.members("viewers") == everybody(5) - {poison}
    assert progress.total(lambda part: part.failed) == 1
    assert [name for part in progress.parts for name in part.named] == [f"{poison} table_refused"]


def test_a_segment_that_is_not_published_is_refused_by_name() -> None:
    here = before(1)
    with pytest.raises(NotFound, match="no published segment vips; known: lately, viewers"):
        here.desk.start_backfill(["viewers", "vips"])
    with pytest.raises(NotFound, match="backfill_unknown"):
        here.desk.progress("bf_never")
    assert here.desk.latest() == []
