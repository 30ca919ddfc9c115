"""``ariane segments``: who is in them, now, as it happens, and by a file. Through the public API."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from ariane.instants import parse_instant, utc_now
from ariane.segments.files import SegmentRun
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.event_files import fill, refuse
from cli.failures import CommandFailed
from cli.profile_api import connect
from cli.report import counted, err, out, print_json, print_rows
from cli.segment_backfills import backfill
from cli.segment_exports import export
from cli.segment_files import read_question
from cli.segment_tables import about, identifiers_text, member_row, row, second
from cli.segment_watch import Change, changes, members_now

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `ariane segments list` shows it.")]
segments = typer.Typer(help="Who is in a segment, since when, and why.", no_args_is_help=True)

_MANY_LINES = 20_000
"""From there on it takes some seconds after the last line is read."""


@segments.callback()
def _segments() -> None:
    """Who is in a segment, since when, and why."""


@segments.command("evaluate")
def evaluate(
    segment: Annotated[Path, typer.Argument(metavar="SEGMENT.yaml", help="A segment, as in brand/segments.")],
    events: Annotated[Path, typer.Argument(metavar="EVENTS.jsonl", help="A Segment message a line; - reads standard input.")],
    at: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Who is in it then, and what happened up to then; now unless said.")
    ] = None,
    brand: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The other definitions; unless said the brand that the file is part of, or ./brand."),
    ] = None,
    rules: Annotated[Path | None, typer.Option(metavar="R.yaml", help="Identity rules instead of the brand's.")] = None,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Leave bad lines out and list them under rejected.")] = False,
) -> None:
    """Members and changes by a file of events, as JSON. Needs no stack."""
    read = read_question(segment, rules=rules, brand=brand, at=_instant(at))
    run = SegmentRun(read.question)
    found = fill(run.file, events)
    if found.rejected and not skip_invalid:
        refuse(events, found.rejected)
    if found.left_out:
        err.print(f"Left out: {counted(found.left_out, 'event')} of bots, or aliases of an id to itself.")
    if found.lines >= _MANY_LINES:
        err.print("Working out who is one person, and who is in the segment …")
    rejected = {"rejected": [asdict(each) for each in found.rejected]} if skip_invalid else {}
    print_json({**run.report(), **rejected})


@segments.command("list")
def list_segments(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """The published segments: how many are in each (of very many as they were counted today), and were day by day."""
    found = connect(find(stage)).segments()
    if as_json:
        print_json(found)
    elif found:
        print_rows(
            [row(each) for each in found], ["name", "label", "members", "as of", "day by day", "version", "backfill"], whole=["name"]
        )
        if any(each["backfill"]["state"] == "missing" for each in found):
            err.print(
                "needed: who has not been heard of since it was published is in no list yet; `ariane segments backfill` reaches everybody.",
                soft_wrap=True,
            )
    else:
        out.print("No segment is published: write one in brand/segments and `ariane publish` it.")


@segments.command("show")
def show(name: Name, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """One segment: its condition in words, how many it has, who they are."""
    found = connect(find(stage)).segment(name)
    if as_json:
        print_json(found)
    else:
        out.print("\n".join(about(found)), markup=False, soft_wrap=True)


@segments.command("members")
def members(
    name: Name,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most; all of them unless said.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Then go on with who enters and leaves, as it happens.")] = False,
    stage: StageOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> None:
    """Who is in it, and since when."""
    api = connect(find(stage))
    if follow:
        known = members_now(api, name)
        err.print(f"Watching {name} ({len(known):,} in it); Ctrl-C ends it.", soft_wrap=True)
        for change in changes(api, name, known):
            _print_change(change, as_json=as_json)
        return
    found = islice(api.members(name), limit)
    if as_json:
        for each in found:
            print(orjson.dumps(each).decode())
    else:
        print_rows([member_row(each) for each in found], ["since", "id", "identifiers"], whole=["since", "id"])


segments.command("backfill")(backfill)
segments.command("export")(export)


def _print_change(change: Change, *, as_json: bool) -> None:
    seen_at = utc_now().isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
    if as_json:
        line: Mapping[str, Any] = {"change": change.change, "seen_at": seen_at, **change.member}
        print(orjson.dumps(line).decode(), flush=True)
        return
    since = f"since {second(change.member['since'])}  " if change.change == "entered" else ""
    print(
        f"{seen_at}  {change.change}  {change.member['id']}  {since}{identifiers_text(change.member['identifiers'])}".rstrip(), flush=True
    )


def _instant(text: str | None) -> datetime:
    if text is None:
        return utc_now()
    try:
        found = parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise CommandFailed(f"--at takes an ISO 8601 instant such as 2026-11-22T08:00:00Z, not {text!r}") from error
    return found.astimezone(UTC)
