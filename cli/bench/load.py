"""A bounded load on the local collector, with wrk over loopback, then an audit: accepted = stored = applied.

How fast this machine is, emulator and all, says little about AWS. That nothing is lost or counted twice under pressure says much.
"""

import secrets
import shutil
import subprocess
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ariane.adapters.aws.event_items import log_item_of
from ariane.profiles.fragments import decode
from cli.deployment import Deployment, find_local
from cli.failures import CommandFailed
from cli.local.home import Home, Stack
from cli.report import Progress
from cli.waiting import StateMissing, wait_for

_SCRIPT = Path(__file__).with_name("load.lua")
_EVENT = "Product Viewed"
_PATIENCE_SECONDS = 240.0
_WRK_GRACE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    seconds: int = 60
    connections: int = 8
    people: int = 200
    batch: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Events, by where they were found."""

    accepted: int
    """In requests that the front saw answered 200."""
    stored: int
    distinct: int
    applied: int
    uneven: int
    """People whose stored and applied events differ in number."""

    @property
    def holds(self) -> bool:
        return self.accepted == self.stored == self.distinct == self.applied and self.uneven == 0


def measure(home: Home, stack: Stack, load: Load, progress: Progress) -> dict[str, Any]:
    """Raises CommandFailed without wrk, and when wrk fails."""
    run = secrets.token_hex(4)
    log = _AccessLog(home.log("access"))
    with progress.step(f"Loading {stack.collect_url} for {load.seconds} s over {load.connections} connections"):
        summary = _wrk(stack, load, run)
    with progress.step("Waiting until what was accepted is applied, then counting"):
        audit = _audited(find_local(home), log, load, run)
    accepted = audit.accepted
    return {
        "what": "wrk on loopback, then the audit",
        "load": {"seconds": load.seconds, "connections": load.connections, "people": load.people, "events_per_request": load.batch},
        "wrk": summary,
        "events_per_second": round(accepted / summary["seconds"], 1),
        "accepted": accepted,
        "stored": audit.stored,
        "distinct": audit.distinct,
        "applied": audit.applied,
        "people_uneven": audit.uneven,
        "answers": log.statuses(),
        "holds": audit.holds and accepted > 0,
    }


def _wrk(stack: Stack, load: Load, run: str) -> dict[str, Any]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise CommandFailed("wrk is not installed: on Debian and Ubuntu it is the package wrk (apt-get install wrk)")
    key = b64encode(f"{stack.write_keys['server']}:".encode()).decode()
    options = ["--threads", "2", "--connections", str(load.connections), "--duration", f"{load.seconds}s", "--timeout", "30s"]
    arguments = [run, key, str(load.people), str(load.batch), str(int(time.time()) - 3600)]
    command = [wrk, *options, "--script", str(_SCRIPT), stack.collect_url, "--", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=load.seconds + _WRK_GRACE_SECONDS, check=False)
    if ended.returncode != 0:
        raise CommandFailed(f"wrk failed: {ended.stderr.strip() or ended.stdout.strip()}")
    result: dict[str, Any] = orjson.loads(ended.stdout.strip().splitlines()[-1])
    return result


class _AccessLog:
    """What the front notes of each request, from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = path.stat().st_size if path.exists() else 0

    def statuses(self) -> dict[str, int]:
        """Status -> how many batches were answered so."""
        found = (entry for entry in self._entries() if entry["api"] == "collect" and entry["path"] == "/v1/batch")
        return dict(sorted(Counter(str(entry["status"]) for entry in found).items()))

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        with self._path.open("rb") as file:
            file.seek(self._start)
            for line in file:
                if line.endswith(b"\n"):
                    yield orjson.loads(line)


def _audited(deployment: Deployment, log: _AccessLog, load: Load, run: str) -> Audit:
    """Requests that were under way when wrk ended are still answered: it counts when the numbers agree, or when patience ends."""

    def settled() -> Audit | None:
        accepted = log.statuses().get("200", 0) * load.batch
        if accepted == sum(_applied(deployment, run).values()):
            audit = _audit(deployment, log, load, run)
            return audit if audit.holds else None
        return None

    try:
        return wait_for("accepted = stored = applied", settled, patience=_PATIENCE_SECONDS)
    except StateMissing:
        return _audit(deployment, log, load, run)


def _audit(deployment: Deployment, log: _AccessLog, load: Load, run: str) -> Audit:
    stored, ids = _stored(deployment, run)
    applied = _applied(deployment, run)
    return Audit(
        accepted=log.statuses().get("200", 0) * load.batch,
        stored=sum(stored.values()),
        distinct=len(ids),
        applied=sum(applied.values()),
        uneven=sum(stored[person] != applied[person] for person in stored.keys() | applied.keys()),
    )


def _stored(deployment: Deployment, run: str) -> tuple[Counter[str], set[str]]:
    """Person -> events in the log, and their message ids."""
    people: Counter[str] = Counter()
    ids: set[str] = set()
    for row in _rows(deployment, "EventsTable"):
        item = log_item_of(row)
        for place, message in enumerate(item.messages):
            person = str(message.get("anonymousId"))
            if person.startswith(f"load-{run}-") and place not in item.duplicates:
                people[person] += 1
                ids.add(message["messageId"])
    return people, ids


def _applied(deployment: Deployment, run: str) -> Counter[str]:
    """Person -> events that the profile counts."""
    people: Counter[str] = Counter()
    for row in _rows(deployment, "ProfilesTable"):
        fragment = decode(row["pk"]["S"], row["b"]["B"])
        person = (fragment.identifier or "").removeprefix("anonymous_id:")
        if person.startswith(f"load-{run}-") and _EVENT in fragment.tallies:
            people[person] = fragment.tallies[_EVENT].times
    return people


def _rows(deployment: Deployment, table: str) -> Iterator[dict[str, Any]]:
    for page in deployment.dynamodb.get_paginator("scan").paginate(TableName=deployment.output(table), ConsistentRead=True):
        yield from page["Items"]
