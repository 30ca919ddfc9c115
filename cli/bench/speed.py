"""CPU of collect and stitch, as ratios to what everybody knows: ``import boto3`` with one client, and one bare boto3 ``put_item``.

Every measurement is a process of its own (``python -m cli.bench.speed_child``), against a stub of AWS in another, so that only the caller's
CPU counts. A ratio is the same on most machines; the milliseconds beside it are this one's.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from cli.bench.speed_child import settings_of
from cli.bench.stub_aws import stub_aws
from cli.failures import CommandFailed
from cli.local.home import PROJECT

_ROUNDS = 7


_NAMES = ("init_boto3", "init_collect", "put_item", "collect_10", "stitch_event", "stitch_event 10", "stitch_event 100")


def measure() -> list[dict[str, Any]]:
    """A line for each: ``what``, ``ratio``, ``budget``, and the milliseconds of both sides."""
    rounds = [{name: float(_run(*name.split())) for name in _NAMES} for _ in range(_ROUNDS)]
    return [
        _line("collect: init, against import boto3 with a client", rounds, "init_collect", "init_boto3", 0.6),
        _line("collect: a request of 10 events, against a boto3 put_item", rounds, "collect_10", "put_item", 1.2),
        _line("stitch: an event of 100 of 10 known people, against a boto3 put_item", rounds, "stitch_event", "put_item", 0.2),
        *(
            _line(f"stitch: the same with {count} segments that look at every event", rounds, f"stitch_event {count}", "put_item")
            for count in (10, 100)
        ),
    ]


def profile_of_stitch(*, lines: int = 25) -> str:
    """Where stitch's time goes: cProfile's table over batches of 100 events of 10 known people."""
    return _run("stitch_profile", str(lines))


def _line(what: str, rounds: Sequence[Mapping[str, float]], own: str, other: str, budget: float | None = None) -> dict[str, Any]:
    """The median of each round's ratio: both sides of a round ran within a second or two of each other, on the same busy machine."""
    ratio = statistics.median(each[own] / each[other] for each in rounds)
    milliseconds = {name: round(1e3 * statistics.median(each[name] for each in rounds), 3) for name in (own, other)}
    return {"what": what, "ratio": round(ratio, 3), "budget": budget, "is_met": budget is None or ratio <= budget, "cpu_ms": milliseconds}


def _run(name: str, *arguments: str) -> str:
    """A stub for each: events that an earlier measurement left would be known already."""
    command = [sys.executable, "-m", "cli.bench.speed_child", name, *arguments]
    with stub_aws() as url:
        ended = subprocess.run(command, env=_environment(url), capture_output=True, text=True, check=False, cwd=PROJECT)
    if ended.returncode != 0:
        raise CommandFailed(f"the measurement {name} failed: {ended.stderr.strip().rpartition(chr(10))[2]}")
    return ended.stdout.rpartition("\x1e")[2]


def _environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "VIRTUAL_ENV", "LANG")}
    aws = {"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    places = {**settings_of("collect", url), **settings_of("stitch", url)}
    return {**kept, **aws, **places, "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(PROJECT / "functions")}


def shown(line: Mapping[str, Any]) -> str:
    verdict = f" (budget {line['budget']}, {'met' if line['is_met'] else 'missed'})" if line["budget"] is not None else ""
    return f"{line['what']}: {line['ratio']:.2f}{verdict}"
