"""``ariane segments backfill``: everybody is evaluated, also who has not been heard of since a segment was published."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.failures import CommandFailed
from cli.profile_api import ProfileApi, connect
from cli.report import err, out, print_json

_LOOK_EVERY = 1.0
"""Seconds."""
_MOST_NAMED = 10


def backfill(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A segment; all of them unless said. Everybody is evaluated once anyway.")
    ] = None,
    announce: Annotated[bool, typer.Option("--announce", help="Tell journeys of who enters, however long ago that was.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the latest one where it is, if it stands still, instead of beginning another.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until it is done.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate everybody. Sends nothing unless asked to announce."""
    api = connect(find(stage))
    begun = _resumed(api, name, announce=announce) if resume else api.start_backfill(name, announce=announce)
    done = _wait(api, begun) if wait else begun
    if as_json:
        print_json(done)
    elif wait:
        out.print(_summary(done), markup=False, soft_wrap=True)
    else:
        out.print(_begun(done, resumed=resume), markup=False, soft_wrap=True)
    if wait and done["failed"]:
        raise CommandFailed("\n".join([f"{done['failed']:,} people could not be evaluated, the first of them:", *_failures(done)]))


def _resumed(api: ProfileApi, name: str | None, *, announce: bool) -> Mapping[str, Any]:
    if announce:
        raise CommandFailed("--announce is said when a backfill begins, and holds until it is done: leave it out with --resume")
    latest = [api.backfill_of(name)] if name else api.backfills()
    if not latest:
        raise CommandFailed("there is no backfill yet: begin one without --resume")
    return api.resume_backfill(latest[0]["id"])


def _begun(backfill: Mapping[str, Any], *, resumed: bool) -> str:
    if backfill["state"] == "done":
        return f"Nothing is left to do: {_summary(backfill)}"
    verb, done = ("Resumed", f", {backfill['parts_done']} of {backfill['parts']} parts done") if resumed else ("Begun", "")
    return f"{verb}: {backfill['id']}{done}. `ariane segments list` shows when it is done; with --wait this command would have."


def _wait(api: ProfileApi, begun: Mapping[str, Any]) -> Mapping[str, Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[people]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task("evaluating everybody", total=begun["parts"], people="")
        found = begun
        while found["state"] != "done":
            time.sleep(_LOOK_EVERY)
            found = api.backfill(begun["id"])
            shown.update(task, completed=found["parts_done"], people=f"{found['people']:,} people")
    return found


def _summary(done: Mapping[str, Any]) -> str:
    told = "entries and exits were announced" if done["announce"] else "nothing was announced"
    refolded = f", {done['refolded']:,} histories read again" if done["refolded"] else ""
    people = "1 person" if done["people"] == 1 else f"{done['people']:,} people"
    return f"Done: {people} evaluated, {done['written']:,} changed{refolded}; {told}."


def _failures(done: Mapping[str, Any]) -> list[str]:
    return [f"  {each['person']}: {each['code']}" for each in done["failures"][:_MOST_NAMED]]
