"""``ariane schema``: what an editor completes the brand's files with."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.failures import CommandFailed
from cli.report import out

ENDING = ".json"


def schema(
    name: Annotated[str | None, typer.Argument(help="segment, traits, tracking-plan or journey; without one, which there are.")] = None,
    into: Annotated[Path | None, typer.Option(help="Write them (or the one named) to this folder instead.")] = None,
) -> None:
    """The JSON Schema of a kind of definition file."""
    # Half a second to import, which every other command would pay for.
    from ariane.definitions.json_schemas import FILES

    if name is not None and name not in FILES:
        raise CommandFailed(f"there is no schema {name!r}; known: {', '.join(FILES)}")
    if into is not None:
        _write(into, [name] if name else list(FILES))
    elif name is None:
        for each, (_, title) in FILES.items():
            out.print(f"{each}: {title}", markup=False)
    else:
        typer.echo(document(name).decode(), nl=False)


def document(name: str) -> bytes:
    """The file's bytes."""
    from ariane.definitions.json_schemas import json_schema

    return orjson.dumps(json_schema(name), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _write(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for each in names:
        (folder / f"{each}{ENDING}").write_bytes(document(each))
