"""``ariane up`` and ``ariane down``."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from cli.failures import CommandFailed
from cli.local import emulator
from cli.local import run as local
from cli.local.home import PROJECT, Home, Stack, default_home
from cli.local.options import DEFAULT_TIME_SCALE, Options
from cli.report import Progress, err

_WATCH_SECONDS = 1.0


def up(
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is up; end it later with `ariane down`.")] = False,
    brand: Annotated[Path, typer.Option(help="The folder of the brand's definitions.")] = PROJECT / "brand",
    time_scale: Annotated[
        float, typer.Option(help="How many times faster the waits of journeys pass; at 240 an hour takes 15 s.")
    ] = DEFAULT_TIME_SCALE,
) -> None:
    """Run the whole stack on this machine: the CDK app, deployed into an AWS emulator bound to loopback."""
    home, progress = default_home(), Progress()
    if local.is_up(home):
        progress.say("It is up already.")
    stack = local.up(home, Options(brand=brand.resolve(), time_scale=time_scale), progress)
    if detach:
        say_where(home, stack, progress)
        return
    try:
        stay(home, stack, progress)
    finally:
        with progress.step("Ending every process that was started"):
            local.down(home)


def down() -> None:
    """End every process that `ariane up` or `ariane demo` started."""
    err.print("Ended." if local.down(default_home()) else "Nothing was up.")


def say_where(home: Home, stack: Stack, progress: Progress) -> None:
    progress.say(f"Collector   {stack.collect_url}")
    progress.say(f"Profile API {stack.api_url}")
    progress.say(f"Keys and the API token are in {home.path / 'stack.json'}; logs beside it.")


def stay(home: Home, stack: Stack, progress: Progress) -> None:
    """Until Ctrl-C or a polite end. Raises CommandFailed when a process of the run ends by itself."""
    say_where(home, stack, progress)
    progress.say("Up until Ctrl-C.")
    asked_to_end = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        asked_to_end.set()

    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not asked_to_end.wait(_WATCH_SECONDS):
            _complain_if_ended(home)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _complain_if_ended(home: Home) -> None:
    run = home.run()
    ended = ["the run (by `ariane down`)"] if run is None else local.missing(run)
    if ended:
        logs = "\n".join(f"{home.log(name)} says:\n{emulator.tail(home, name)}" for name in ended if home.log(name).exists())
        raise CommandFailed(f"{' and '.join(ended)} ended\n{logs}")
