"""``ariane segments export``: a list of a segment's members for somebody else."""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from ariane.segments.audience_formats import Format
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.failures import CommandFailed
from cli.profile_api import connect
from cli.report import Progress, counted, err, print_json

_REASONS = {"no_consent": "did not agree", "nothing_to_match": "have nothing to be matched by"}
_SAY_EVERY = 1_000


def export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `ariane segments list` shows it.")],
    kind: Annotated[Format, typer.Option("--format", help="What it is for.")],
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Into a file; standard output unless said.")] = None,
    consent: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC[/CHANNEL]",
            help="Only who granted this, by the addresses that it is granted for. An advertising platform needs one.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Of csv and ndjson: id, since, a namespace (email), a trait (address.city), a computed trait."),
    ] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write its members as a table, as JSON lines, or as a hashed list for Google Ads or Meta."""
    if as_json and to is None:
        raise CommandFailed("--json is said of a file: name it with --out")
    if kind.is_of_ads and not consent:
        raise CommandFailed(f"{kind} goes to somebody else: say with --consent TOPIC (or TOPIC/CHANNEL) what people agreed to")
    given = {"format": str(kind), "consent": consent, "columns": columns}
    asked = {key: value for key, value in given.items() if value}
    pages = connect(find(stage)).export_pages(name, **asked)
    people, left_out = 0, Counter[str]()
    with _output(to) as stream:
        for number, page in enumerate(pages):
            stream.write((page["header"] if number == 0 else "") + "".join(page["data"]))
            left_out.update(page["left_out"])
            people = _said(people, people + page["people"])
    if as_json:
        print_json({"segment": name, "file": str(to), "people": people, "left_out": dict(left_out)})
    else:
        err.print(_summary(name, people, left_out), markup=False, soft_wrap=True)


@contextmanager
def _output(to: Path | None) -> Iterator[TextIO]:
    """A file is there when it is whole, and readable by its owner alone: it is about people."""
    if to is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        handle, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    except OSError as error:
        raise CommandFailed(f"{to} cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
        Path(name).replace(to)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _said(before: int, now: int) -> int:
    if err.is_terminal and now // _SAY_EVERY > before // _SAY_EVERY:
        Progress().say(f"{now:,} people written")
    return now


def _summary(name: str, people: int, left_out: Mapping[str, Any]) -> str:
    rest = [f"{number:,} {_REASONS.get(reason, reason)}" for reason, number in left_out.items()]
    return f"{counted(people, 'person', 'people')} of {name} written" + (f"; left out: {', '.join(rest)}." if rest else ".")
