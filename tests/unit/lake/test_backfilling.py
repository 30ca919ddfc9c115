"""The log lands again as it stands, whatever stops it on its way; what is in the lake already counts once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ariane.adapters.memory.lake_backfill import MemoryBackfillState
from ariane.adapters.memory.log_pages import MemoryLogPages
from ariane.errors import Retryable
from ariane.lake import backfilling
from ariane.lake.backfilling import Backfill, Backfiller, PeopleBackfiller
from ariane.profiles.stitching import StreamRecord
from tests.builders.lake import Shore
from tests.builders.profiles import NOON, Stack, identify, item, prs, track
from tests.unit.lake.test_views import ask

EVER = Backfill(began_at=NOON, first="0001-01-01", last="9999-12-31")


@dataclass
class Told:
    events: list[int] = field(default_factory=list)

    def told(self, backfill: Backfill) -> None:
        self.events.append(backfill.events)


def days_of_events(count: int = 10) -> Shore:
    """An event an hour and a half."""
    shore = Shore(Stack())
    records = shore.stack.write(*(item(track(message_id=f"m{number}", minute=number * 90)) for number in range(count)))
    shore.stack.stitch(records)
    return shore


def backfiller(shore: Shore, state: MemoryBackfillState, *, course: Any = None, lake: Any = None, limit: int = 2) -> Backfiller:
    pages = MemoryLogPages(shore.stack.log.items(), limit=limit)
    return Backfiller(lander=shore.lander, lake=lake or shore.lake, state=state, log=pages, course=course or Told())


def ids(shore: Shore) -> list[str]:
    return sorted(row["message_id"] for row in shore.events())


def test_all_of_the_log_lands_in_one_object_a_day() -> None:
    shore, state = days_of_events(20), MemoryBackfillState()
    done = backfiller(shore, state).run(EVER)
    assert ids(shore) == sorted(f"m{number}" for number in range(20))
    assert sorted(key.split("/")[1] for key in shore.lake.objects) == ["day=2026-11-22", "day=2026-11-23"]
    assert (done.events, done.is_read) == (20, True)
    assert state.saved == done


def test_only_the_days_asked_for_land() -> None:
    shore = days_of_events(20)
    backfiller(shore, MemoryBackfillState()).run(Backfill(began_at=NOON, first="2026-11-23", last="2026-11-23"))
    assert {row["timestamp"][:10] for row in shore.events()} == {"2026-11-23"}


def test_what_was_landed_before_counts_once(tmp_path: Path) -> None:
    shore = days_of_events(3)
    shore.land([StreamRecord(each, str(place)) for place, each in enumerate(shore.stack.log.items(), 1)])
    backfiller(shore, MemoryBackfillState()).run(EVER)
    assert len(shore.events()) == 6
    assert ask(shore, tmp_path, "SELECT count(*) AS n FROM events_of_people") == [{"n": 3}]


class Failing:
    """A lake whose n-th object is not put down."""

    def __init__(self, lake: Any, *, at: int) -> None:
        self._lake = lake
        self._left = at

    def put(self, found: Any) -> None:
        self._left -= 1
        if self._left == 0:
            raise Retryable("busy", "busy")
        self._lake.put(found)


@pytest.mark.parametrize("at", range(1, 6))
def test_a_backfill_that_was_stopped_anywhere_goes_on_and_ends_as_if_it_had_not(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfilling, "CHECKPOINT", 4)
    sound, shore, state = days_of_events(20), days_of_events(20), MemoryBackfillState()
    backfiller(sound, MemoryBackfillState()).run(EVER)
    with pytest.raises(Retryable):
        backfiller(shore, state, lake=Failing(shore.lake, at=at)).run(EVER)

    again = state.load() or EVER
    done = backfiller(shore, state).run(again)

    assert shore.lake.objects.keys() == sound.lake.objects.keys()
    assert ids(shore) == ids(sound)
    assert (done.events, done.checkpoint) == (20, 5)


def test_a_checkpoint_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfilling, "CHECKPOINT", 4)
    told = Told()
    backfiller(days_of_events(10), MemoryBackfillState(), course=told).run(EVER)
    assert told.events == [4, 8, 10]


def test_an_ended_backfill_reads_nothing_again() -> None:
    shore, state = days_of_events(3), MemoryBackfillState()
    done = backfiller(shore, state).run(EVER)
    shore.lake.objects.clear()
    assert backfiller(shore, state).run(done) == done
    assert shore.events() == []


def test_how_far_it_is_is_read_as_it_was_saved() -> None:
    backfill = Backfill(began_at=NOON, first="2026-11-01", last="2026-11-30", after="prs_a\n2026", checkpoint=3, events=7)
    assert Backfill.of_document(backfill.as_document()) == backfill


def test_everybody_who_belongs_to_somebody_else_has_a_line() -> None:
    shore = Shore(Stack())
    for number in range(3):
        shore.stack.deliver(item(identify(message_id=f"i{number}", minute=number, userId="u1", anonymousId=f"a{number}")))
    members = [prs(f"anonymous_id:a{number}") for number in range(3)]
    count = PeopleBackfiller(identities=shore.stack.identities, lake=shore.lake, clock=shore.clock).run(members, name="backfill-1")
    assert count == 3
    assert {row["person_id"]: row["profile_id"] for row in shore.identities()} == dict.fromkeys(members, prs("user_id:u1"))
