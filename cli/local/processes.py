"""Processes of the local run: each in its own group, so that what they start in turn ends with them."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.local.home import PROJECT, Child

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 3.0
_PROC = Path("/proc")


def start(name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> Child:
    """Starts ``command`` in a new session; its output goes to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # The handle is not kept: a later command may be the one that ends it. Marked as done so that Python does not warn of a forgotten child.
    process.returncode = 0
    return Child(name=name, pid=process.pid, birth=_birth(process.pid))


def is_running(child: Child) -> bool:
    """False too when the number now belongs to somebody else's process."""
    _reap(child.pid)
    entry = _table().get(child.pid)
    return entry is not None and entry.birth == child.birth and not entry.is_dead


def stop(child: Child) -> None:
    """Ends the child's whole group: politely, then not. Nothing of the group is left on return; raises TimeoutError if something is."""
    if not _group_is_ours(child):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(child.pid, number)
        if _gone(child.pid):
            return
    raise TimeoutError(f"{child.name} (process group {child.pid}) does not end")


def _group_is_ours(child: Child) -> bool:
    """The leader may have died before what it started: the group keeps the number, which nobody else gets meanwhile."""
    leader = _table().get(child.pid)
    return _has_members(child.pid) if leader is None else leader.birth == child.birth


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _gone(group: int) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        _reap(group)
        if not _has_members(group):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _has_members(group: int) -> bool:
    """Whether a process of the group still runs; one that only waits to be reaped does not count."""
    return any(entry.group == group and not entry.is_dead for entry in _table().values())


def _birth(pid: int) -> str:
    entry = _table().get(pid)
    return entry.birth if entry else ""


@dataclass(frozen=True, slots=True)
class _Entry:
    group: int
    birth: str
    is_dead: bool


def _table() -> dict[int, _Entry]:
    """The system's processes: from /proc where there is one, else from ps."""
    if _PROC.joinpath("self", "stat").exists():
        return dict(_from_proc())
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat=,lstart="], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    )
    rows = (line.split(None, 3) for line in listing.stdout.splitlines())
    return {int(pid): _Entry(int(group), birth.strip(), state.startswith("Z")) for pid, group, state, birth in rows}


def _from_proc() -> Iterator[tuple[int, _Entry]]:
    for path in _PROC.glob("[0-9]*/stat"):
        try:
            # The command's name, in brackets, may hold anything; fields are counted from behind it (proc_pid_stat(5), from field 3).
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        yield int(path.parent.name), _Entry(int(fields[2]), fields[19], fields[0] in ("Z", "X"))
