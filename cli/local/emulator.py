"""The AWS emulator: ministack from PyPI, bound to loopback, on this Python, because it runs the Lambdas on its own interpreter."""

import shutil
import sys
import time

import httpx

from cli.failures import CommandFailed
from cli.local import environment, processes
from cli.local.home import ACCOUNT, REGION, Child, Home

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0


def start(home: Home, *, port: int, outbox_port: int) -> Child:
    """``outbox_port``: where the functions' calls to SES and SNS go; functions inherit the emulator's environment."""
    outbox = f"http://127.0.0.1:{outbox_port}"
    scratch = home.path / "emulator"
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "tmp").mkdir(parents=True)
    variables = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "s3"),
        "TMPDIR": str(scratch / "tmp"),
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_ENDPOINT_URL_SNS": outbox,
        "AWS_ENDPOINT_URL_SESV2": outbox,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return processes.start(
        "emulator",
        [sys.executable, "-m", "cli.local.emulator_process"],
        environment=environment.bare() | variables,
        log=home.log("emulator"),
    )


def await_health(home: Home, child: Child, endpoint: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _is_healthy(endpoint):
        if not processes.is_running(child):
            raise CommandFailed(f"the emulator ended while it started; {home.log('emulator')} says:\n{tail(home, 'emulator')}")
        if time.monotonic() > deadline:
            raise CommandFailed(f"the emulator does not answer at {endpoint}; see {home.log('emulator')}")
        time.sleep(_POLL_SECONDS)


def _is_healthy(endpoint: str) -> bool:
    try:
        return httpx.get(f"{endpoint}/_ministack/health", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def tail(home: Home, name: str, lines: int = 12) -> str:
    try:
        return "\n".join(home.log(name).read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"
