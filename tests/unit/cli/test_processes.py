"""What the local run starts, it ends: with everything that was started in turn."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.local import processes
from cli.local.home import Child

SLEEPER = "import time; time.sleep(60)"
PARENT = f"import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).pid, flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


def started(tmp_path: Path, program: str) -> tuple[Child, str]:
    """The child, and what it says once it runs."""
    log = tmp_path / "child.log"
    child = processes.start("child", [sys.executable, "-c", program], environment=os.environ, log=log)
    deadline = time.monotonic() + 10
    while not log.read_text().endswith("\n"):
        assert time.monotonic() < deadline, "the child says nothing"
        time.sleep(0.01)
    return child, log.read_text().strip()


@pytest.fixture
def family(tmp_path: Path) -> Iterator[tuple[Child, int]]:
    child, grandchild = started(tmp_path, PARENT)
    yield child, int(grandchild)
    processes.stop(child)


def is_there(pid: int) -> bool:
    return pid in processes._table() and not processes._table()[pid].is_dead


def test_ending_a_child_ends_what_it_started(family: tuple[Child, int]) -> None:
    child, grandchild = family
    assert processes.is_running(child)
    assert is_there(grandchild)

    processes.stop(child)

    assert not processes.is_running(child)
    assert not is_there(grandchild)


def test_what_a_dead_child_left_behind_is_ended_too(family: tuple[Child, int]) -> None:
    child, grandchild = family
    os.kill(child.pid, 9)
    os.waitpid(child.pid, 0)

    processes.stop(child)

    assert not is_there(grandchild)


def test_a_number_that_now_belongs_to_another_process_is_left_alone(family: tuple[Child, int]) -> None:
    child, _ = family
    stranger = replace(child, birth="another")

    processes.stop(stranger)

    assert not processes.is_running(stranger)
    assert processes.is_running(child)


def test_who_does_not_end_when_asked_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_PATIENCE_SECONDS", 0.3)
    child, _ = started(tmp_path, STUBBORN)

    processes.stop(child)

    assert not processes.is_running(child)
