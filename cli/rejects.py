"""``ariane rejects``: what was refused, why, how much of it, and trying it again. Through the public API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import orjson
import typer

from ariane.instants import utc_now
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.failures import CommandFailed
from cli.profile_api import ProfileApi, connect
from cli.report import out, print_json, print_table

rejects = typer.Typer(help="Events that were refused, each with its reason.", no_args_is_help=True)
DayOption = Annotated[str | None, typer.Option(help="A day, 2026-11-22 (UTC); today unless said.")]
SourceOption = Annotated[str | None, typer.Option(help="Only of this source.")]
CodeOption = Annotated[str | None, typer.Option(help="Only refused with this code.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As the list shows it: DAY/DIGEST.")]

SETTLED = ("accepted", "queued", "retried_before")
SAID = {
    "accepted": "accepted",
    "accepted_in_part": "accepted in part",
    "queued": "handed to stitch",
    "retried_before": "was retried before",
    "refused": "still refused",
    "truncated": "not kept whole: cannot be retried",
}


@rejects.callback()
def _rejects() -> None:
    """Events that were refused, each with its reason."""


@rejects.command("list")
def list_rejects(
    day: DayOption = None,
    source: SourceOption = None,
    code: CodeOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    with_retried: Annotated[bool, typer.Option("--all", help="Also those that were retried.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """The refusals of a day, the newest first."""
    api = connect(find(stage))
    entries = api.rejects(**_asked(day, source, code, with_retried=with_retried), most=limit)
    if as_json:
        print_json(entries)
    elif entries:
        print_table("", entries, ["id", "code", "source", "index", "at", "message"], whole=["id", "code"])
    else:
        print(f"Nothing was refused on {day or 'this day'}.")


@rejects.command("show")
def show(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it: DAY/DIGEST.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """One refusal: its reason, what came with it, its body."""
    found = connect(find(stage)).reject(identity)
    if as_json:
        print_json(found)
        return
    rows = [{"what": name, "value": found[name]} for name in ("id", "at", "source", "kind", "code", "message", "index")]
    rows.append({"what": "bytes", "value": f"{found['size']:,}"})
    rows += [{"what": name, "value": _compact(value)} for name, value in found["transport"].items() if value]
    if found["retried"]:
        rows.append({"what": "retried", "value": f"{found['retried']['at']} by {found['retried']['by']}"})
    print_table("", rows, ["what", "value"])
    out.print(_pretty(found["body"]), markup=False, soft_wrap=True)
    if found["truncated"]:
        out.print("Not all of it was kept: it cannot be retried.")


@rejects.command("stats")
def stats(
    days: Annotated[int, typer.Option(min=1, max=92, help="Up to today.")] = 7, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """How many were refused, by code, source and day: also those that were only counted."""
    today = utc_now().date()
    found = connect(find(stage)).reject_stats(str(today - timedelta(days=days - 1)), str(today))
    if as_json:
        print_json(found)
        return
    print(f"{found['refused']:,} refused from {found['from']} to {found['to']}, of which {found['not_kept']:,} counted and not kept.")
    for name in ("code", "source", "day"):
        if found[f"by_{name}"]:
            rows = [{name: key or "–", "refused": f"{number:,}"} for key, number in found[f"by_{name}"].items()]
            print_table("", rows, [name, "refused"])


@rejects.command("retry")
def retry(
    ids: Ids = None,
    day: Annotated[str | None, typer.Option(help="Instead of ids: all of this day (UTC).")] = None,
    source: SourceOption = None,
    code: CodeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try refusals again by today's rules. Ends with 1 if one is still refused."""
    if bool(ids) == bool(day):
        raise CommandFailed("say which: ids of `ariane rejects list`, or --day")
    api = connect(find(stage))
    # All of them first: what is retried leaves the list that is being read.
    chosen = ids or [str(each["id"]) for each in api.rejects(**_asked(day, source, code), most=None)]
    results = list(_retried(api, chosen, is_dry_run=dry_run, is_quiet=as_json))
    if as_json:
        print_json(results)
    else:
        print(_summary(results, is_dry_run=dry_run))
    if any(result["outcome"] not in SETTLED for result in results):
        raise SystemExit(1)


def _retried(api: ProfileApi, ids: Sequence[str], *, is_dry_run: bool, is_quiet: bool) -> Iterable[Mapping[str, Any]]:
    for identity in ids:
        result = api.retry_reject(identity, is_dry_run=is_dry_run)
        if not is_quiet:
            print(_line(result))
        yield result


def _line(result: Mapping[str, Any]) -> str:
    said = f"{result['id']}  {SAID.get(result['outcome'], result['outcome'])}"
    if result["code"]:
        return f"{said}: {result['code']}: {result['message']}"
    again = [f"item {each['index']} is refused: {each['code']}: {each['message']}" for each in result["rejected"]]
    return "\n    ".join([f"{said}, events: {result['events']:,}" if result["events"] else said, *again])


def _summary(results: Sequence[Mapping[str, Any]], *, is_dry_run: bool) -> str:
    counts = {said: sum(result["outcome"] == outcome for result in results) for outcome, said in SAID.items()}
    parts = [f"{number:,} {said}" for said, number in counts.items() if number]
    head = "A dry run, nothing was done" if is_dry_run else "Done"
    return f"{head}: {', '.join(parts) or 'there was nothing to retry'}."


def _asked(day: str | None, source: str | None, code: str | None, *, with_retried: bool = False) -> dict[str, str]:
    asked = {"day": day, "source": source, "code": code, "all": "true" if with_retried else None}
    return {name: value for name, value in asked.items() if value}


def _compact(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _pretty(body: str) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body
