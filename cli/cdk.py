"""The CDK CLI, run on the Node of the environment; nothing of it is installed on the machine."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.failures import CommandFailed
from cli.local.home import PROJECT
from cli.node import NODE

_CLI = PROJECT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_VERSION_CHECK": "true",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    "CI": "true",
    "NO_COLOR": "1",
    "PYTHON_COLORS": "0",
}


def start(arguments: Sequence[str], *, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """In a process group of its own: the CLI starts the app in another process, which must end with it."""
    if not _CLI.exists():
        raise CommandFailed("the CDK CLI is not installed: run `make` first")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(NODE), str(_CLI), *arguments, "--no-color", "--no-notices"],
            cwd=PROJECT,
            env={**environment, **_QUIET},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Nothing to do for one that has finished."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def finish(process: subprocess.Popen[bytes], *, what: str, log: Path) -> None:
    """Waits; raises CommandFailed with the end of the log when the CLI failed."""
    try:
        code = process.wait()
    finally:
        end(process)
    if code != 0:
        ending = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise CommandFailed(f"{what} failed; {log} ends with:\n{ending}")


def run(arguments: Sequence[str], *, environment: Mapping[str, str], log: Path, what: str) -> None:
    finish(start(arguments, environment=environment, log=log), what=what, log=log)
