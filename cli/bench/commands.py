"""``ariane bench``."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.bench.latency import measure
from cli.command_options import JsonOption
from cli.failures import CommandFailed
from cli.local import run as local
from cli.local.home import default_home
from cli.local.options import Options
from cli.report import Progress, print_json

bench = typer.Typer(help="Measurements on the local run.", no_args_is_help=True)


@bench.callback()
def _bench() -> None:
    """Measurements on the local run."""


@bench.command("latency")
def latency(
    orders: Annotated[int, typer.Option(min=2, help="How many orders count.")] = 50,
    start: Annotated[bool, typer.Option("--start", help="Start the stack when none is up, and end it afterwards.")] = False,
    write: Annotated[Path | None, typer.Option(help="Write the result here too, as JSON.")] = None,
    as_json: JsonOption = False,
) -> None:
    """From an accepted order to its SMS in the mailbox, warm: p50 and p95."""
    home, progress = default_home(), Progress()
    with ExitStack() as ending:
        if not local.is_up(home) and start:
            ending.enter_context(local.running(home, Options(), progress))
        stack = home.stack()
        if stack is None:
            raise CommandFailed("no local run is up: start one with `ariane up`, or add --start")
        with progress.step(f"Measuring {orders} orders"):
            result = measure(home, stack, orders=orders)
    if write is not None:
        write.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(result)
    else:
        measured = f"p50 {result['p50']:.3f} s, p95 {result['p95']:.3f} s, max {result['max']:.3f} s"
        print(f"{result['what']}: {measured} over {orders} orders")
