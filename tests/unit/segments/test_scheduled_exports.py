"""Lists on a schedule: asked for once a period, written part by part, whole whatever comes twice."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from ariane.adapters.memory.audience_files import MemoryAudienceFiles
from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.adapters.memory.segment_counts import MemorySegmentCounts
from ariane.definitions.customer_view import Segment
from ariane.segments.desk import Asked, AudiencePart
from ariane.segments.exporting import ExportSchedule, ExportWorker
from ariane.segments.jobs import ExportJob, job_of, message_of

NIGHT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


def segment(export: dict[str, Any] | None) -> Segment:
    document = {
        "condition": {"performed": "Order Completed"},
        "version": "v1",
        "published_at": "2026-11-22T12:00:00.000Z",
        "export": export,
    }
    return Segment.from_document("buyers", document)


@dataclass
class World:
    segment: Segment
    people: int = 25_050
    is_slow: bool = False
    now: datetime = NIGHT
    files: MemoryAudienceFiles = field(default_factory=MemoryAudienceFiles)
    queue: MemoryEvaluateQueue = field(default_factory=MemoryEvaluateQueue)
    marks: MemorySegmentCounts = field(default_factory=MemorySegmentCounts)
    reads: int = 0

    @property
    def schedule(self) -> ExportSchedule:
        return ExportSchedule(self.marks, self.queue, segments=lambda: {"buyers": self.segment}, clock=lambda: self.now)

    @property
    def worker(self) -> ExportWorker:
        return ExportWorker(
            files=self.files, queue=self.queue, segments=lambda: {"buyers": self.segment}, audience=self.audience, clock=lambda: self.now
        )

    def audience(self, name: str, asked: Asked, limit: int, cursor: str | None) -> AudiencePart:
        assert name == "buyers"
        self.reads += 1
        self.now += timedelta(seconds=2 if self.is_slow else 0)
        start = int(cursor or 0)
        end = min(start + limit, self.people)
        lines = [f"{each}\r\n" for each in range(start, end)]
        return AudiencePart(lines, len(lines), {"no_consent": 1}, str(end) if end < self.people else None)

    def work(self, times: int = 1) -> None:
        """Every job, each as often as that."""
        while self.queue.messages:
            job = self.queue.messages.pop(0).job
            assert isinstance(job, ExportJob)
            for _ in range(times):
                self.worker.take(job)
            kept = {message_of(each.job): each for each in self.queue.messages}
            self.queue.messages[:] = kept.values()


@pytest.mark.parametrize(("every", "asked_in_a_day"), [("day", 1), ("hour", 24)])
def test_a_list_is_asked_for_once_a_period_whoever_ticks(every: str, asked_in_a_day: int) -> None:
    world = World(segment({"format": "csv", "every": every}), now=datetime(2026, 11, 23, tzinfo=UTC))
    ticks = [world.schedule, world.schedule]
    for _ in range(24 * 6):
        for tick in ticks:
            tick.ask()
        world.now += timedelta(minutes=10)
    assert len(world.queue.jobs) == asked_in_a_day


def test_a_list_is_written_in_parts_each_whole_and_a_manifest_last() -> None:
    world = World(segment({"format": "csv", "prefix": "crm/daily"}))
    world.schedule.ask()
    world.work()

    folder = "exports/crm/daily/buyers/2026-11-22"
    assert list(world.files.objects) == [*(f"{folder}/part-0000{place}.csv" for place in range(3)), f"{folder}/manifest.json"]
    contents = [world.files.objects[f"{folder}/part-0000{place}.csv"][0].decode() for place in range(3)]
    assert all(each.startswith("id,since,user_id,email,phone\r\n") for each in contents)
    assert [line for each in contents for line in each.splitlines()[1:]] == [str(each) for each in range(25_050)]
    manifest = orjson.loads(world.files.objects[f"{folder}/manifest.json"][0])
    assert (manifest["people"], manifest["left_out"], manifest["parts"], manifest["format"]) == (25_050, 251, 3, "csv")


def test_a_part_ends_in_time_however_slow_its_reading_is() -> None:
    world = World(segment({"format": "csv"}), people=2_050, is_slow=True)
    world.schedule.ask()
    world.work()

    parts = [content.count(b"\n") - 1 for key, (content, *_) in world.files.objects.items() if key.endswith(".csv")]
    assert parts == [1_000, 1_000, 50]


def test_jobs_that_come_twice_write_the_same_list() -> None:
    once, twice = World(segment({"format": "csv"})), World(segment({"format": "csv"}))
    for world, times in ((once, 1), (twice, 2)):
        world.schedule.ask()
        world.work(times)
    assert twice.files.objects == once.files.objects
    assert twice.reads == once.reads


def test_a_part_that_lies_there_says_where_the_next_begins_though_members_have_changed() -> None:
    world = World(segment({"format": "csv"}))
    world.schedule.ask()
    first = world.queue.messages[0].job
    assert isinstance(first, ExportJob)
    world.worker.take(first)
    after = world.queue.jobs[-1]
    world.people = 20
    world.worker.take(first)
    assert world.queue.jobs[-1] == after


def test_a_schedule_that_is_gone_writes_nothing() -> None:
    world = World(segment({"format": "csv"}))
    world.schedule.ask()
    world.segment = replace(world.segment, export=None)
    world.work()
    assert world.files.objects == {}


def test_a_job_is_the_same_behind_the_queue() -> None:
    job = ExportJob(segment="buyers", period="2026-11-22", part=2, cursor="c", people=200, left_out=4)
    assert job_of(message_of(job)) == job


@pytest.mark.parametrize(
    ("export", "said"),
    [
        ({"format": "xls"}, "format"),
        ({"format": "google-customer-match"}, "agreed"),
        ({"format": "meta-custom-audiences", "consent": "ads", "columns": ["email"]}, "columns"),
        ({"format": "csv", "consent": "ads/"}, "TOPIC"),
        ({"format": "csv", "every": "minute"}, "every"),
        ({"format": "csv", "prefix": "../up"}, "folder"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(export: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        segment(export)
