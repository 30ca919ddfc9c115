"""A batch of the evaluate queue: who is evaluated how often, and which messages come again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.errors import Retryable
from ariane.segments.evaluating import Asked
from ariane.segments.jobs import BackfillJob, MovedJob, PersonJob, PutJob, SweepJob, message_of
from ariane.segments.rows import RowChange
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

VIEWERS = segment("viewers", {"performed": "Product Viewed"})
A1, A2, U1 = prs("anonymous_id:a1"), prs("anonymous_id:a2"), prs("user_id:u1")


def stitched() -> SegmentWorld:
    """u1 with the device a1, and a2, who is somebody else. Nobody has been evaluated."""
    here = SegmentWorld(view_of(VIEWERS))
    here.now = NOON + timedelta(minutes=10)
    here.stitch(here.stack.write(item(track(message_id="1")), item(track(message_id="2", anonymousId="a2"))))
    here.stitch(here.stack.write(item(identify(message_id="3", minute=1, userId="u1", anonymousId="a1"))))
    here.bodies()
    return here


def bodies(*jobs: PutJob) -> Mapping[str, str]:
    return {f"m{number}": message_of(job) for number, job in enumerate(jobs)}


def person(own: str, cause: str = "c") -> PersonJob:
    return PersonJob(person=own, cause=cause)


def test_several_messages_about_one_person_lead_to_one_evaluation() -> None:
    here = stitched()
    taken = here.worker.take(bodies(person(A1), person(U1, "d"), person(A2), person(U1, "e")))

    assert (taken.evaluated, taken.written, taken.failed) == (2, 2, {})
    assert here.members("viewers") == {U1, A2}
    (fact,) = [each for each in here.facts() if each.detail.get("segment") and each.detail["profile"] == U1]
    assert fact.detail["cause"] == "e"


def test_what_cannot_be_read_fails_alone() -> None:
    here = stitched()
    taken = here.worker.take({"bad": "{}", **bodies(person(A2))})

    assert taken.failed == {"bad": "invalid_job"}
    assert here.members("viewers") == {A2}


def test_one_person_who_cannot_be_evaluated_fails_alone_and_the_others_are_told() -> None:
    here = stitched()
    commit = here.rows.commit

    def picky(change: RowChange) -> None:
        if change.row.person == U1:
            raise Retryable("table_busy", "")
        commit(change)

    here.rows.commit = picky
    taken = here.worker.take(bodies(person(U1), person(A2), person(A1)))

    assert taken.failed == {"m0": "table_busy", "m2": "table_busy"}
    assert [each[0] for each in here.told()] == ["Entered"]


def test_where_the_bus_is_away_all_come_again_and_are_told_then() -> None:
    here = stitched()
    publish = here.stack.announcer.publish

    def away(_: object) -> None:
        raise Retryable("bus_unavailable", "")

    here.stack.announcer.publish = away
    messages = bodies(person(U1), person(A2))
    assert set(here.worker.take(messages).failed.values()) == {"bus_unavailable"}
    assert here.told() == []
    here.stack.announcer.publish = publish
    assert here.worker.take(messages).failed == {}
    assert sorted(each[1] for each in here.told()) == ["viewers", "viewers"]


def test_identities_that_cannot_be_read_fail_the_messages_about_people() -> None:
    here = stitched()
    worker = here.worker

    def away(_: object) -> Any:
        raise Retryable("table_busy", "")

    here.stack.identities.heads = away
    assert worker.take(bodies(person(U1), person(A2))).failed == {"m0": "table_busy", "m1": "table_busy"}


def test_a_bug_is_named_by_its_kind_alone() -> None:
    here = stitched()

    def broken(_: object) -> Any:
        raise KeyError("somebody's address")

    here.rows.load = broken
    assert here.worker.take(bodies(person(U1))).failed == {"m0": "KeyError"}


def test_many_are_evaluated_though_one_fails_and_that_is_told() -> None:
    here = stitched()
    commit = here.rows.commit

    def picky(change: RowChange) -> None:
        if change.row.person == U1:
            raise Retryable("table_busy", "")
        commit(change)

    here.rows.commit = picky
    with pytest.raises(Retryable, match="evaluation_incomplete: 1 of 2 people: table_busy"):
        here.worker.many([Asked(person=U1, cause="time"), Asked(person=A2, cause="time")])
    assert here.members("viewers") == {A2}


def test_a_moved_partition_asks_for_its_own_person_and_for_its_homes() -> None:
    here = stitched()
    here.worker.take(bodies(MovedJob(partition=A1, cause="c")))
    assert here.queue.jobs == [PersonJob(person=A1, cause="c")]


@pytest.mark.parametrize(
    "long", [[SweepJob(shard=each, until=0) for each in range(4)], [BackfillJob(backfill="bf", part=each) for each in range(4)]]
)
def test_of_what_takes_as_long_as_a_message_may_one_is_done_and_the_others_go_to_other_workers(long: list[PutJob]) -> None:
    """The tick puts sixteen sweeps at once, a backfill eight parts: one after the other they would outlast the function."""
    here = stitched()
    done: list[object] = []

    def take(job: object, _: object = None) -> int:
        done.append(job)
        return 0

    worker = replace(here.worker, sweep=take, backfill=take)
    taken = worker.take(bodies(*long, person(A2)))

    assert taken.failed == {}
    assert done == long[:1]
    assert [(each.job, each.delay) for each in here.queue.messages] == [(job, place) for place, job in enumerate(long[1:], start=1)]


def test_people_do_not_wait_for_a_sweep() -> None:
    here = stitched()
    seen: list[set[str]] = []

    def sweep(*_: object) -> int:
        seen.append(here.members("viewers"))
        return 0

    worker = replace(here.worker, sweep=sweep)
    worker.take(bodies(SweepJob(shard=0, until=0), person(A2)))
    assert seen == [{A2}]


def test_what_cannot_be_handed_on_comes_again() -> None:
    here = stitched()

    def away(*_: object, **__: object) -> None:
        raise Retryable("queue_busy", "")

    here.queue.put = away
    taken = here.worker.take(bodies(SweepJob(shard=0, until=0), SweepJob(shard=1, until=0)))
    assert taken.failed == {"m1": "queue_busy"}
