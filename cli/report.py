"""How commands speak: progress on standard error, results on standard output, JSON where a program reads."""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What would steer a terminal, or turn the order of what is read round. Tabs and line feeds may stay."""
_UNBOUNDED = 10_000


def printable(text: str) -> str:
    """Of what strangers may have written (events are public): a control character is told (``\\x1b``) and does nothing."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


class _Printable(Console):
    """Prints no control character but its own."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)


out = _Printable(highlight=False)
err = _Printable(stderr=True, highlight=False)


def counted(number: int, one: str, several: str | None = None) -> str:
    """``1 event``, ``2,000 events``."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def print_json(value: object) -> None:
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def print_table(title: str, rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, whole: Sequence[str] = ()) -> None:
    """One row per mapping; a missing or empty value shows as a dash. ``whole`` columns are never cut or folded: people copy them."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(escape(printable(column)), overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(escape(_cell(row.get(column))) for column in columns))
    console().print(table)


def print_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, whole: Sequence[str] = ()) -> None:
    """A table on a terminal; into a file or a program one line per row, the values apart by tabs, the names of the columns first."""
    if out.is_terminal:
        print_table("", rows, columns, whole=whole)
        return
    print("\t".join(map(_flat, columns)))
    for row in rows:
        print("\t".join(_flat(row.get(column)) for column in columns))


def console() -> Console:
    """A file or another program has no width to wrap at, unless COLUMNS gives it one."""
    return out if out.is_terminal or "COLUMNS" in os.environ else _Printable(width=_UNBOUNDED, highlight=False)


def _flat(value: object) -> str:
    return "" if value is None else printable(" ".join(str(value).split()))


def _cell(value: object) -> str:
    return "–" if value is None or value == "" else printable(str(value))


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
