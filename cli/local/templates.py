"""The CDK's share of the local run: the same app and the same commands as for AWS, against the emulator's endpoint."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli import cdk
from cli.local import environment
from cli.local.home import ACCOUNT, REGION, Home, Ports
from cli.local.options import Options

_UNVALIDATED = {"CDK_VALIDATION": "false"}
"""The built-in template validation takes ten seconds; the tests and every deploy to AWS run it."""


@dataclass(frozen=True, slots=True)
class Synthesis:
    process: subprocess.Popen[bytes]
    log: Path

    def finish(self) -> None:
        cdk.finish(self.process, what="cdk synth", log=self.log)


@contextmanager
def synthesising(home: Home, options: Options, ports: Ports) -> Iterator[Synthesis]:
    """Runs while the emulator starts; ended on the way out if it has not finished by then."""
    shutil.rmtree(assembly(home), ignore_errors=True)
    log = home.log("synth")
    process = cdk.start(
        ["synth", "--quiet", "--output", str(assembly(home)), *_context(options, ports)],
        environment=environment.bare() | _UNVALIDATED,
        log=log,
    )
    try:
        yield Synthesis(process, log)
    finally:
        cdk.end(process)


def bootstrap(home: Home, ports: Ports) -> None:
    # Without an app: the environment is named, so there is nothing to ask it.
    _run(home, ports, "bootstrap", [f"aws://{ACCOUNT}/{REGION}", "--app", ""])


def deploy(home: Home, ports: Ports) -> None:
    """What was synthesised already; without change sets, which cost the emulator a round each and show nobody anything."""
    _run(home, ports, "deploy", ["--all", "--app", str(assembly(home)), "--require-approval", "never", "--method", "direct"])


def publish(home: Home, *, options: Options, ports: Ports) -> None:
    """The brand's stack alone, from the files as they are now."""
    unattended = ["--exclusively", "--require-approval", "never", "--method", "direct"]
    out = ["--output", str(home.path / "publish.out")]
    _run(home, ports, "deploy", ["Ariane-local-Brand", *unattended, *out, *_context(options, ports)])


def _run(home: Home, ports: Ports, command: str, arguments: list[str]) -> None:
    variables = environment.pointed_at(ports.endpoint) | _UNVALIDATED
    cdk.run([command, *arguments], environment=variables, log=home.log(command), what=f"cdk {command}")


def assembly(home: Home) -> Path:
    return home.path / "cdk.out"


def _context(options: Options, ports: Ports) -> list[str]:
    values = {
        "stage": "local",
        "brand": str(options.brand),
        "public_url": ports.collect_url,
        "wait_scale": repr(1 / options.time_scale),
    }
    return [argument for name, value in values.items() for argument in ("-c", f"{name}={value}")]
