"""``ariane``: run the stack on this machine, look after a deployed one, look things up."""

import signal
import sys
from types import FrameType

import orjson
import typer

from cli.command_table import CommandTable
from cli.failures import Failure, failure_of

app = typer.Typer(
    name="ariane", cls=CommandTable, help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback(help=__doc__)
def _ariane() -> None:
    """What makes a group of it: its commands come from the table."""


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    # Also where whoever started this ignores it, as a script does for what it starts in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    is_for_program = "--json" in sys.argv[1:]
    try:
        # Otherwise what is wrong with the arguments is told in prose, before anybody is asked.
        code = app(standalone_mode=not is_for_program)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        _fail(failure, as_json=is_for_program)
    raise SystemExit(code)


def _end(number: int, _frame: FrameType | None) -> None:
    """A polite end from outside runs what must still run: a local run ends with its command."""
    raise SystemExit(128 + number)


def _fail(failure: Failure, *, as_json: bool) -> None:
    said = orjson.dumps(failure.as_json()).decode() if as_json else f"ariane: {failure.message}"
    print(said, file=sys.stderr)
    raise SystemExit(failure.exit_code)


if __name__ == "__main__":
    main()
