"""How commands speak: progress on standard error, results on standard output, JSON where a program reads."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
_UNBOUNDED = 10_000


def print_json(value: object) -> None:
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def print_table(title: str, rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, whole: Sequence[str] = ()) -> None:
    """One row per mapping; a missing or empty value shows as a dash. ``whole`` columns are never cut or folded: people copy them."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(escape(_cell(row.get(column))) for column in columns))
    console().print(table)


def print_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, whole: Sequence[str] = ()) -> None:
    """A table on a terminal; into a file or a program one line per row, the values apart by tabs, the names of the columns first."""
    if out.is_terminal:
        print_table("", rows, columns, whole=whole)
        return
    print("\t".join(columns))
    for row in rows:
        print("\t".join(_flat(row.get(column)) for column in columns))


def console() -> Console:
    """A file or another program has no width to wrap at, unless COLUMNS gives it one."""
    return out if out.is_terminal or "COLUMNS" in os.environ else Console(width=_UNBOUNDED, highlight=False)


def _flat(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _cell(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


class Progress:
    """Says each step when it begins and its time when it ends, so that a long run is never silent."""

    def __init__(self, console: Console = err) -> None:
        self._console = console
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        self.say(f"{escape(what)} …")
        try:
            yield
        except BaseException:
            self.say(f"{escape(what)} [red]✗[/red]")
            raise
        self.say(f"{escape(what)} [green]✓[/green] [dim]{time.monotonic() - began:.1f} s[/dim]")

    def say(self, what: str) -> None:
        clock = str(timedelta(seconds=int(time.monotonic() - self._began)))[2:]
        self._console.print(f"[dim]{clock}[/dim]  {what}", soft_wrap=True)
