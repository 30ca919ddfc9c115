"""Runs an SDK in a process of its own against the collector, several at a time."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from cli.local.environment import bare
from cli.local.home import Stack
from cli.node import NODE
from tests.e2e.clients.recorder import Recorder, recording

HERE = Path(__file__).parent

type Call = Mapping[str, Any]
"""``{"method", "message"}``, in the SDK's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    script: str
    arguments: tuple[str, ...] = ()
    gzip: bool = False
    packages: Path | None = None
    """A folder of Python packages that goes before the environment's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What an SDK was told, what it said afterwards and what came of it on the wire."""

    version: str
    errors: Sequence[str]
    left: int
    wire: Recorder


def run(client: Client, *, stack: Stack, write_key: str, batches: Sequence[Sequence[Call]]) -> Run:
    program = [str(NODE)] if client.script.endswith(".mjs") else [sys.executable]
    environment = bare() | ({"PYTHONPATH": str(client.packages)} if client.packages else {})
    with recording(stack.collect_url) as wire:
        task = {"host": wire.url, "key": write_key, "gzip": client.gzip, "batches": batches}
        ended = subprocess.run(
            [*program, str(HERE / client.script), *client.arguments],
            input=orjson.dumps(task),
            env=environment,
            capture_output=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr.decode()
    return Run(wire=wire, **orjson.loads(ended.stdout))


def side_by_side[Name](work: Mapping[Name, Callable[[], Run]]) -> dict[Name, Run]:
    """All of them, a few at a time: an SDK mostly waits for the collector."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        begun = {name: pool.submit(each) for name, each in work.items()}
        return {name: future.result() for name, future in begun.items()}
