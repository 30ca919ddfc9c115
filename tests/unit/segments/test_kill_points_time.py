"""Who leaves or enters by time alone, what is counted and written on a schedule: it ends the same whatever happens between any two calls of
the tick and of the evaluating function."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from ariane.segments import exporting, sweeping
from ariane.segments.audience_formats import Format
from ariane.segments.counting import DailyCounts
from ariane.segments.deciding import ENTERED, EXITED
from ariane.segments.definition import ScheduledExport
from ariane.segments.exporting import ExportSchedule
from ariane.segments.rows import shard_of
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import segment, view_of
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.segment_kill import KillWorld, methods
from tests.faults.shim import Shim

WITHIN_AN_HOUR = {"performed": "Product Viewed", "times": {"gte": 1}, "within": "1 hours"}
LATELY = segment("lately", WITHIN_AN_HOUR)
QUIET = segment("quiet", {"all": [{"performed": "Product Viewed"}, {"not": WITHIN_AN_HOUR}]})
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True, scope="module")
def small_bounds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "SHARDS", 4)
        patch.setattr(sweeping, "FEW", 3)
        patch.setattr(sweeping, "PAGE", 2)
        patch.setattr(exporting, "MOST_MEMBERS", 1)
        patch.setattr(exporting, "PAGE_OF", 1)
        yield


def of_one_shard(number: int) -> list[str]:
    """Browsers whose people lie in shard 3."""
    names = (f"b{each}" for each in range(10_000))
    found = (name for name in names if shard_of(prs(f"anonymous_id:{name}")) == 3)
    return [next(found) for _ in range(number)]


def viewed(*browsers: str) -> KillWorld:
    """Looked a second apart, soundly evaluated; everybody is due within a minute, an hour later."""
    made = KillWorld(view_of(LATELY, QUIET))
    made.now = NOON + MINUTE
    made.happen(*(item(track(message_id=each, minute=place / 60, anonymousId=each)) for place, each in enumerate(browsers)))
    made.now = NOON + timedelta(minutes=59)
    return made


def few() -> KillWorld:
    return viewed(*of_one_shard(2))


def many() -> KillWorld:
    return viewed(*of_one_shard(5))


def passes(here: KillWorld, shim: Shim) -> None:
    """Three minutes, each with a tick; what was woken arrives when it is due, half a minute later."""
    for _ in range(3):
        here.ticks(shim, MINUTE / 2)
        here.now += MINUTE / 2
        here.arrive(shim)


def passes_busily(here: KillWorld, shim: Shim) -> None:
    """All are due; each message of a sweep gets through a page, and then another one goes on."""
    here.now += 2 * MINUTE
    here.pace = timedelta(seconds=15)
    passes(here, shim)


BUYERS = segment(
    "buyers",
    {"performed": "Order Completed"},
    export=ScheduledExport(format=Format.CSV, consent="ads", columns=("id", "email", "order_count")),
)


def sold() -> KillWorld:
    """Three bought, each with an address; two of these agreed that it is used."""
    made = KillWorld(view_of(BUYERS, LATELY))
    made.now = NOON + timedelta(hours=1)
    for number in range(3):
        user: dict[str, Any] = {"userId": f"u{number}", "anonymousId": None}
        email = f"u{number}@shop.example"
        made.happen(item(identify(message_id=f"i{number}", traits={"email": email}, **user)))
        made.happen(item(track("Order Completed", message_id=f"o{number}", minute=1, **user)))
        if number < 2:
            grant = {"topic": "ads", "channel": "email", "email": email}
            made.happen(item(track("Consent Granted", message_id=f"c{number}", minute=2, properties=grant, **user)))
    return made


def is_counted(here: KillWorld, shim: Shim) -> None:
    """Two days, by two ticks that know nothing of each other."""
    for _ in range(2):
        for _ in range(2):
            until_done(lambda: _daily(here, shim).ask())
        here.settled(shim)
        here.now += timedelta(days=1)


def _daily(here: KillWorld, shim: Shim) -> DailyCounts:
    counts, queue = shim.wrap("segment_counts", here.counts), shim.wrap("evaluate_queue", here.queue)
    return DailyCounts(counts, queue, segments=lambda: here.view.segments, clock=here.clock)


def is_exported(here: KillWorld, shim: Shim) -> None:
    for _ in range(2):
        for _ in range(2):
            until_done(lambda: _schedule(here, shim).ask())
        here.settled(shim)
        here.now += timedelta(days=1)


def _schedule(here: KillWorld, shim: Shim) -> ExportSchedule:
    counts, queue = shim.wrap("segment_counts", here.counts), shim.wrap("evaluate_queue", here.queue)
    return ExportSchedule(counts, queue, segments=lambda: here.view.segments, clock=here.clock)


def end(here: KillWorld) -> Mapping[str, Any]:
    counts = {name: [[each.day, each.members] for each in here.counts.counts(name, since="2026")] for name in here.view.segments}
    files = {key: _file(key, content) for key, (content, _) in here.files.objects.items()}
    return {**here.end(), "counts": counts, "files": files}


def _file(key: str, content: bytes) -> Any:
    return orjson.loads(content) if key.endswith(".json") else content.decode().splitlines()


WOKEN = {
    "segment_rows.due",
    "evaluate_queue.put",
    "segment_rows.load",
    "segment_rows.commit",
    "announcer.publish",
    "segment_rows.announced",
}
COUNTED = {"segment_counts.is_asked", "segment_counts.mark_asked", "segment_counts.keep", "segment_rows.count", "evaluate_queue.put"}
EXPORTED = {
    *("segment_counts.is_asked", "segment_counts.mark_asked", "evaluate_queue.put", "audience_files.find", "audience_files.put"),
    *("segment_rows.members", "consents.states", "identities.heads", "fragments.load"),
}
SCENARIOS: dict[str, tuple[Scenario[KillWorld], int, set[str]]] = {
    "few are due": (Scenario(few, passes, end), 50, WOKEN),
    "a shard is full": (Scenario(many, passes, end), 70, WOKEN),
    "a shard is full, in several messages": (Scenario(many, passes_busily, end), 70, WOKEN),
    "counted": (Scenario(sold, is_counted, end), 30, COUNTED),
    "exported": (Scenario(sold, is_exported, end), 90, EXPORTED),
}
"""With how many points there are at least, and what a path without which would prove nothing."""
EACH = pytest.mark.parametrize("name", SCENARIOS)


def ended(name: str) -> Any:
    return sound_run(SCENARIOS[name][0]).end


@pytest.mark.parametrize(("name", "people"), [("few are due", 2), ("a shard is full", 5), ("a shard is full, in several messages", 5)])
def test_everybody_leaves_one_segment_and_enters_the_other_at_their_instant(name: str, people: int) -> None:
    sound = ended(name)
    assert [sorted(row["memberships"]) for row in sound["rows"].values()] == [["quiet"]] * people
    assert len(sound["rows"]) == people
    told = [dict(fact[1:]) for fact in sound["facts"] if fact[0] in (ENTERED, EXITED) and ("cause", "time") in fact[1:]]
    assert sorted(each["segment"] for each in told) == ["lately"] * people + ["quiet"] * people
    assert len({each["at"] for each in told}) == people
    assert {row["due"] for row in sound["rows"].values()} == {None}


def test_a_full_shard_is_swept_as_often_as_it_has_pages() -> None:
    puts = [call for call in sound_run(SCENARIOS["a shard is full, in several messages"][0]).calls if call.port == "evaluate_queue"]
    assert len(puts) == 3


def test_what_is_counted_and_written_is_right() -> None:
    counted, exported = ended("counted"), ended("exported")
    assert counted["counts"] == {"buyers": [["2026-11-22", 3], ["2026-11-23", 3]], "lately": [["2026-11-22", 0], ["2026-11-23", 0]]}
    folder = "exports/buyers/2026-11-22"
    parts = [lines for key, lines in exported["files"].items() if key.startswith(f"{folder}/part-")]
    assert [lines[0] for lines in parts] == ["id,email,order_count"] * 3
    shown = sorted(line.split(",", 1)[1] for lines in parts for line in lines[1:])
    assert shown == ["u0@shop.example,1", "u1@shop.example,1"]
    manifest = exported["files"][f"{folder}/manifest.json"]
    assert (manifest["parts"], manifest["people"] + manifest["left_out"]) == (3, 3)


@EACH
def test_a_kill_at_any_call_ends_the_same(name: str) -> None:
    scenario, least, path = SCENARIOS[name]
    assert methods(sound_run(scenario).calls) >= path
    points = assert_same_end(scenario, KILLS)
    assert points >= least, f"{points} points"


@EACH
def test_a_call_that_fails_in_any_way_ends_the_same(name: str) -> None:
    assert_same_end(SCENARIOS[name][0], PASSING)


@EACH
@given(plan=plans(calls=60, kinds=tuple(Kind), size=3))
@settings(max_examples=15, deadline=None)
def test_three_faults_of_any_kind_end_the_same(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name][0], plan)
