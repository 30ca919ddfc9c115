"""Where a local run keeps what it must remember: ``.ariane/`` at the project's root, or another folder for a second run beside it."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

PROJECT = Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"
REGION = "eu-west-3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All on loopback."""

    emulator: int
    collect: int
    profile: int
    outbox: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.emulator}"

    @property
    def collect_url(self) -> str:
        return f"http://127.0.0.1:{self.collect}"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.profile}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """``stack.json``: all that a client of the local run needs. Other programs read it; keys are only ever added."""

    collect_url: str
    api_url: str
    write_keys: Mapping[str, str]
    """One per source kind: browser, app, server, store."""
    api_token: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process that the run started, in a process group of its own that has the same number."""

    name: str
    pid: int
    birth: str
    """When the process began, as the system says it: a number that came round again is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``run.json``: what ``ariane down`` must end, and how the command reaches the emulator."""

    ports: Ports
    time_scale: float
    children: tuple[Child, ...]

    @property
    def endpoint(self) -> str:
        return self.ports.endpoint


@dataclass(frozen=True, slots=True)
class Home:
    path: Path

    def stack(self) -> Stack | None:
        value = _read(self.path / "stack.json")
        return None if value is None else Stack(**value)

    def run(self) -> Run | None:
        value = _read(self.path / "run.json")
        if value is None:
            return None
        children = tuple(Child(**child) for child in value["children"])
        return Run(ports=Ports(**value["ports"]), time_scale=value["time_scale"], children=children)

    def write_stack(self, stack: Stack) -> None:
        self._write("stack.json", asdict(stack))

    def write_run(self, run: Run) -> None:
        self._write("run.json", asdict(run))

    def forget(self) -> None:
        for name in ("stack.json", "run.json"):
            (self.path / name).unlink(missing_ok=True)

    @property
    def outbox(self) -> Path:
        return self.path / "outbox.jsonl"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    def _write(self, name: str, value: object) -> None:
        """Readable by its owner alone, and never half there: it holds a token."""
        self.path.mkdir(parents=True, exist_ok=True)
        draft = self.path / f".{name}.draft"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2))
        draft.replace(self.path / name)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return value


def default_home() -> Home:
    """``ARIANE_HOME`` names another folder, for a second run beside the first."""
    return Home(Path(os.environ.get("ARIANE_HOME") or PROJECT / ".ariane"))
