"""Time alone moves a crowd: so many people are due to leave a segment within one minute. Calls an exit takes, exits a second of CPU, and
how many workers the minute takes. In memory: what a call itself costs the caller is added from what one was measured to take."""

from collections import Counter
from datetime import timedelta
from itertools import batched
from math import ceil
from typing import Any

from ariane.instants import format_instant
from ariane.segments.jobs import PersonJob, SweepJob
from ariane.segments.rows import SHARDS
from cli.bench.growth import START, without_collecting
from cli.bench.segment_world import SegmentCrowd, timed, view_of
from cli.report import Progress

CALL_MILLISECONDS = 1.4
"""CPU of a boto3 call on a whole core, of the machine of docs/reference/measurements.md: 1.0 to 1.8."""
SHARE_OF_A_CORE = 1_024 / 1_769
"""Of a function of as much memory as ``segments`` has: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
_LATELY = {"lately": {"performed": "Product Viewed", "within": "1 hour"}}
_AT_ONCE = 500
_BATCH = 50


def measure(progress: Progress, *, people: int) -> dict[str, Any]:
    crowd = SegmentCrowd(view_of(_LATELY, START - timedelta(days=1)))
    with progress.step(f"Putting {people:,} people into a segment"), without_collecting():
        _enter(crowd, people)
    crowd.calls.clear()
    crowd.bus.facts.clear()
    found: dict[str, float] = {}
    with progress.step(f"{people:,} exits within a minute"), timed(found):
        sweeps = _leave(crowd)
    exits = crowd.bus.facts["Segment Exited"]
    return {
        "what": "exits by time alone within one minute",
        "exits": exits,
        "sweeps": sweeps,
        **_figures(exits, crowd.calls, found["cpu_seconds"]),
    }


def _enter(crowd: SegmentCrowd, people: int) -> None:
    """Each viewed a product within one minute; a visitor without a name."""
    for numbers in batched(range(people), _AT_ONCE, strict=False):
        at = START + timedelta(milliseconds=60_000 * numbers[0] // people)
        crowd.world.now = at + timedelta(seconds=1)
        messages = [_viewed(number, format_instant(at)) for number in numbers]
        crowd.world.stitch([item for message in messages for item in crowd.world.decide([message])])
        jobs = [PersonJob(person=each, cause="c") for each in [*crowd.world.fragments.inner._rows][numbers[0] :]]
        for some in batched(jobs, _BATCH, strict=False):
            crowd.take(some)
        crowd.waiting()


def _viewed(number: int, at: str) -> dict[str, Any]:
    names = {"anonymousId": f"a{number}", "messageId": f"v{number}"}
    return {"type": "track", "event": "Product Viewed", **names, "timestamp": at, "originalTimestamp": at, "properties": {"price": 89.0}}


def _leave(crowd: SegmentCrowd) -> int:
    """The tick's look into the minute, and the sweeps that it asks for once the minute is over, each as a batch of its own. How many."""
    crowd.world.now = START + timedelta(minutes=60)
    crowd.tick()
    jobs, taken = crowd.waiting(), 0
    crowd.world.now = START + timedelta(minutes=61, seconds=1)
    while jobs:
        for job in jobs if len(jobs) <= SHARDS else []:
            taken += isinstance(job, SweepJob)
            crowd.take([job])
        if len(jobs) > SHARDS:
            for some in batched(jobs, _BATCH, strict=False):
                crowd.take(some)
        jobs = crowd.waiting()
    return taken


def _figures(exits: int, counted: Counter[str], cpu: float) -> dict[str, Any]:
    calls = sum(counted.values()) / exits
    whole = cpu / exits * 1_000 + calls * CALL_MILLISECONDS
    a_second = 1_000 / whole
    return {
        "calls_per_exit": round(calls, 2),
        "calls": {name: round(number / exits, 4) for name, number in sorted(counted.items(), key=lambda pair: -pair[1])},
        "own_cpu_milliseconds": round(cpu / exits * 1_000, 3),
        "exits_per_second_of_own_cpu": round(exits / cpu),
        "with_calls_milliseconds": round(whole, 2),
        "exits_per_second_of_a_core": round(a_second),
        "exits_per_second_of_a_worker": round(a_second * SHARE_OF_A_CORE),
        "workers_for_a_minute": ceil(exits / 60 / (a_second * SHARE_OF_A_CORE)),
    }


def shown(result: dict[str, Any]) -> str:
    calls = ", ".join(f"{name} {number:.2f}" for name, number in result["calls"].items() if number >= 0.005)
    return (
        f"{result['exits']:,} exits by time alone within a minute, {result['sweeps']} sweeps: "
        f"{result['calls_per_exit']:.2f} calls an exit ({calls});\n"
        f"  {result['own_cpu_milliseconds']:.2f} ms of own CPU ({result['exits_per_second_of_own_cpu']:,}/s), "
        f"{result['with_calls_milliseconds']:.1f} ms with its calls at {CALL_MILLISECONDS} ms: "
        f"{result['exits_per_second_of_a_core']:,}/s on a core, "
        f"{result['exits_per_second_of_a_worker']:,}/s in a function of 1,024 MB; {result['workers_for_a_minute']} of them take a minute"
    )
