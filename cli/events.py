"""``ariane events``: the log as a file, for dry runs and for whoever else reads JSON lines."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from ariane.adapters.aws.log_scan import DynamoLogScan
from ariane.adapters.aws.table_scan import TableScan
from ariane.events.lines import line_of
from ariane.events.model import LogItem, SourceKind
from ariane.instants import parse_instant
from cli.command_options import JsonOption, StageOption
from cli.deployment import Deployment, find
from cli.event_files import lines_of
from cli.failures import CommandFailed
from cli.profile_api import connect
from cli.report import Progress, counted, err, print_json
from cli.sending import Sent, send_lines

events = typer.Typer(help="The log of events.", no_args_is_help=True)

_SAY_EVERY = 20_000
_MOST_SHOWN = 20
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
_AROUND = frozenset({"source", "kind", "identifier", "receivedAt"})
"""Of an event of a timeline what is not the message's own."""


@events.callback()
def _events() -> None:
    """The log of events."""


@dataclass(frozen=True, slots=True)
class Window:
    since: datetime | None
    until: datetime | None

    def holds(self, message: Mapping[str, Any]) -> bool:
        at = parse_instant(message["timestamp"])
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@events.command("export")
def export(
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE:VALUE", help="One person's, each once, through the API. Without it: the whole log, copies and bots too."
        ),
    ] = None,
    since: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="From this instant on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="Before this instant (UTC).")] = None,
    stage: StageOption = None,
) -> None:
    """Print the log as JSON lines, in no order: a Segment message each, with source (its kind), sourceName and receivedAt."""
    window = Window(_utc(since), _utc(until))
    deployment = find(stage)
    if profile is not None:
        _write(_lines_of_profile(deployment, profile, window))
        return
    log = DynamoLogScan(TableScan(deployment.dynamodb, table=deployment.output("EventsTable")))
    _write(_lines_of_log(log.items(), window))
    if log.unreadable:
        raise CommandFailed(f"{log.unreadable:,} items of the log cannot be read; everything else was written")


@events.command("send")
def send(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Segment message a line, as `export` writes it; - is standard input.")],
    key: Annotated[str | None, typer.Option(envvar="ARIANE_WRITE_KEY", help="The write key of a source.")] = None,
    kind: Annotated[str, typer.Option(help="Of the local run, without a key: which kind of source sends.")] = SourceKind.SERVER.value,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send events through the collector. Ends with 1 if one was refused; sent again, they change nothing."""
    deployment = find(stage)
    stack = deployment.local_stack
    url = stack.collect_url if stack else deployment.output("CollectUrl")
    used = key or (stack.write_keys.get(kind) if stack else None)
    if used is None:
        raise CommandFailed("say with which write key: --key, or ARIANE_WRITE_KEY (`ariane keys create SOURCE` makes one)")
    progress = Progress() if err.is_terminal else None
    with httpx.Client(base_url=url, timeout=60) as http:
        sent = send_lines(
            lines_of(file), http, used, say=lambda so_far: progress.say(f"{so_far.accepted:,} accepted") if progress else None
        )
    _tell(file, sent, as_json=as_json)
    if sent.refused:
        raise SystemExit(1)


def _tell(file: Path, sent: Sent, *, as_json: bool) -> None:
    if as_json:
        refused = [{"line": line, "code": code, "message": message} for line, code, message in sent.refused]
        print_json({"events": sent.events, "accepted": sent.accepted, "refused": refused})
        return
    for line, code, message in sent.refused[:_MOST_SHOWN]:
        err.print(f"{file}:{line}: {code}: {message}", markup=False, soft_wrap=True)
    print(f"{counted(sent.events, 'event')}: {sent.accepted:,} accepted, {len(sent.refused):,} refused.")


def _lines_of_log(items: Iterable[LogItem], window: Window) -> Iterator[bytes]:
    for item in items:
        for message in item.messages:
            if window.holds(message):
                yield line_of(message, kind=item.kind, source=item.source, received_at=item.received_at)


def _lines_of_profile(deployment: Deployment, profile: str, window: Window) -> Iterator[bytes]:
    for view in connect(deployment).events(profile):
        message = {name: value for name, value in view.items() if name not in _AROUND and value is not None}
        if message["type"] != "track":
            message.pop("event", None)  # a timeline shows the name of a page there too
        if window.holds(message):
            received_at = parse_instant(view["receivedAt"])
            yield line_of(message, kind=SourceKind(view["kind"]), source=view["source"], received_at=received_at)


def _write(lines: Iterable[bytes]) -> None:
    progress = Progress() if err.is_terminal and not sys.stdout.isatty() else None
    try:
        for number, line in enumerate(lines, start=1):
            sys.stdout.buffer.write(line)
            if progress is not None and number % _SAY_EVERY == 0:
                progress.say(f"{number:,} events written")
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever read has enough; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
