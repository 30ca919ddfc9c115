"""``ariane import``: a file into the log, by a mapping; and what became of earlier ones."""

import filecmp
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ariane.imports.documents import document_of
from ariane.imports.mapping import MappingFile
from ariane.imports.mapping_file import read_mapping
from ariane.instants import format_instant, parse_instant
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.event_files import rules_of
from cli.failures import CommandFailed, Interrupted
from cli.import_preview import pieces, preview
from cli.profile_api import ProfileApi, connect
from cli.report import counted, err, out, print_json, print_table
from cli.segment_tables import minute

imports = typer.Typer(help="Imports of files, and what they refused.", no_args_is_help=True)
_POLL_SECONDS = 1.0
_NO_SIGN_OF_LIFE = timedelta(hours=1)
"""The platform takes an import up again that nobody has been at for so long, once it is begun again."""
_OVER = ("done", "failed")
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV or NDJSON, be it gzipped.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `ariane imports list` shows it.")]


@imports.callback()
def _imports() -> None:
    """Imports of files, and what they refused."""


def import_file(
    file: FileArgument,
    mapping: Annotated[Path, typer.Option("--mapping", "-m", exists=True, dir_okay=False, help="What the columns become: a YAML file.")],
    dry_run: Annotated[
        int | None,
        typer.Option("--dry-run", min=1, metavar="N", help="Show what the first N lines become, and do nothing. Needs no stack."),
    ] = None,
    brand: Annotated[Path, typer.Option(help="Of a dry run: the folder whose identity rules say what an identifier is.")] = Path("brand"),
    allow_rejects: Annotated[bool, typer.Option("--allow-rejects", help="End with 0 though lines were refused.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Where the refused lines go; FILE.rejected beside the file unless said.")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for the end of it.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a file in: upload it, wait, say what was refused. The same file a second time changes nothing."""
    read = read_mapping(str(mapping), _text(mapping))
    as_of = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    if dry_run is not None:
        _show(file, read, dry_run, as_of, brand)
        return
    report_into = rejects or file.with_name(f"{file.name.removesuffix('.gz')}.rejected")
    if not os.access(report_into.parent, os.W_OK):
        raise CommandFailed(f"nothing can be written into {report_into.parent}: say with --rejects where the refused lines go")
    api = connect(find(stage))
    begun = api.begin_import({"mapping": document_of(read), "file": _described(file), "as_of": format_instant(as_of)})
    if "upload" in begun:
        _uploaded(file, begun["upload"])
    elif begun["state"] in _OVER:
        when = minute(begun["updated_at"])
        err.print(
            f"Nothing is done now: this file was imported by this mapping before, until {when}. What it did then:",
            markup=False,
            soft_wrap=True,
        )
    ended = begun if no_wait else _watched(api, begun["id"], is_quiet=as_json)
    report = _fetch_rejects(api, ended, report_into)
    _tell(ended, report, as_json=as_json)
    if ended["state"] == "failed" or (ended["progress"]["rejected"] and not allow_rejects):
        raise SystemExit(1)


@imports.command("list")
def list_imports(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """The imports, the newest first."""
    found = connect(find(stage)).imports()
    if as_json:
        print_json(found)
    elif found:
        print_table("", [_row(each) for each in found], ["id", "state", "file", "lines", "rejected", "began"], whole=["id"])
    else:
        print("Nothing was imported yet.")


@imports.command("show")
def show(identity: IdArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """One import: how far it is, and why it failed."""
    _tell(connect(find(stage)).import_of(identity), None, as_json=as_json)


@imports.command("rejects")
def rejected(
    identity: IdArgument,
    into: Annotated[Path, typer.Option("--into", help="The file that the refused lines go into, to be corrected and imported again.")],
    stage: StageOption = None,
) -> None:
    """Fetch the lines that an import refused, each with its reason."""
    api = connect(find(stage))
    report = _fetch_rejects(api, api.import_of(identity), into)
    if report is None:
        raise CommandFailed("the import refused no line, or is not over yet")
    print(f"Written to {report}.")


def _show(file: Path, mapping: MappingFile, most: int, as_of: datetime, brand: Path) -> None:
    rules = rules_of(None, brand) if (brand / "identity.yaml").is_file() else None
    if rules is None:
        err.print(f"No identity rules in {brand}: whether an identifier is one is not looked at.", markup=False, soft_wrap=True)
    for each in preview(file, mapping, most=most, as_of=as_of, rules=rules):
        print(orjson.dumps(each).decode())


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{path} is not UTF-8") from error


def _described(file: Path) -> dict[str, object]:
    digest = sha256()
    for piece in pieces(file):
        digest.update(piece)
    return {"name": file.name, "size": file.stat().st_size, "sha256": digest.hexdigest()}


def _uploaded(file: Path, link: Mapping[str, Any]) -> None:
    try:
        _upload(file, link)
    except KeyboardInterrupt as stopped:
        raise Interrupted("the upload was stopped half-way, and nothing was taken in: give the command again") from stopped


def _upload(file: Path, link: Mapping[str, Any]) -> None:
    with _bar() as bar:
        task = bar.add_task("uploading", total=file.stat().st_size)

        def told() -> Iterator[bytes]:
            for piece in pieces(file):
                yield piece
                bar.advance(task, len(piece))

        answer = httpx.put(link["url"], content=told(), headers=dict(link["headers"]), timeout=httpx.Timeout(60, write=600))
    if not answer.is_success:
        raise CommandFailed(f"the upload was refused ({answer.status_code}): begin the import again")


def _watched(api: ProfileApi, identity: str, *, is_quiet: bool) -> dict[str, Any]:
    try:
        return _awaited(api, identity, is_quiet=is_quiet)
    except KeyboardInterrupt as stopped:
        how = f"`ariane imports show {identity}` says how far it is; the same command again waits for its end"
        raise Interrupted(f"the import goes on without you: {how}") from stopped


def _awaited(api: ProfileApi, identity: str, *, is_quiet: bool) -> dict[str, Any]:
    with _bar(is_hidden=is_quiet) as bar:
        task = bar.add_task("importing", total=None)
        while (found := api.import_of(identity))["state"] not in _OVER:
            _expect_life(found)
            progress = found["progress"]
            bar.update(task, completed=progress["bytes"], total=progress["bytes_total"] or None)
            time.sleep(_POLL_SECONDS)
    return found


def _expect_life(found: Mapping[str, Any]) -> None:
    if datetime.now(UTC) - parse_instant(found["updated_at"]) > _NO_SIGN_OF_LIFE:
        since = minute(found["updated_at"])
        raise CommandFailed(f"nothing has moved since {since}: give the command again, and it goes on where it stopped")


def _bar(*, is_hidden: bool = False) -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Bar(*columns, console=err, disable=is_hidden or not err.is_terminal, transient=True)


def _fetch_rejects(api: ProfileApi, ended: Mapping[str, Any], into: Path) -> Path | None:
    """None: there are none."""
    if not ended["progress"]["rejected"] or ended["state"] != "done":
        return None
    fetched = into.with_name(f".{into.name}.fetched")
    with httpx.stream("GET", api.import_rejects(ended["id"])["file"]["url"], timeout=60) as answer, fetched.open("wb") as stream:
        if not answer.is_success:
            raise CommandFailed(f"the report cannot be fetched ({answer.status_code})")
        for piece in answer.iter_bytes():
            stream.write(piece)
    return put_beside(into, fetched)


def put_beside(into: Path, fetched: Path) -> Path:
    """Where ``fetched`` lies in the end: another file of that name may be the one that somebody is correcting, and stays."""
    place, number = into, 1
    while place.exists() and not filecmp.cmp(place, fetched, shallow=False):
        number += 1
        place = into.with_name(f"{into.name}.{number}")
    return fetched.replace(place)


def _tell(found: Mapping[str, Any], report: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json({**found, "report": str(report) if report else None})
        return
    out.print(_sentence(found), markup=False, soft_wrap=True)
    if found["error"]:
        err.print(f"{found['error']['code']}: {found['error']['message']}", markup=False, soft_wrap=True)
    if report is not None:
        err.print(f"The refused lines, with their reasons: {report}. Correct them and import that file.", markup=False, soft_wrap=True)


def _sentence(found: Mapping[str, Any]) -> str:
    done = found["progress"]
    lines = f"{counted(done['lines'], 'line')}, {done['accepted']:,} accepted, {done['rejected']:,} rejected, {done['skipped']:,} left out"
    before = f", of which {done['copies']:,} {'was' if done['copies'] == 1 else 'were'} there before" if done["copies"] else ""
    events, objects = counted(done["events"], "event"), counted(done["objects"], "object")
    return f"{found['file']['name']}: {found['state'].replace('_', ' ')}. {lines}; {events}{before}; {objects}."


def _row(found: Mapping[str, Any]) -> dict[str, object]:
    progress = found["progress"]
    return {
        "id": found["id"],
        "state": found["state"].replace("_", " "),
        "file": found["file"]["name"],
        "lines": f"{progress['lines']:,}",
        "rejected": f"{progress['rejected']:,}",
        "began": found["created_at"],
    }
