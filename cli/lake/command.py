"""``ariane query``: SQL over every event, in AWS by Athena, on this machine by DuckDB over the same objects."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from cli.command_options import StageOption
from cli.deployment import find
from cli.lake.results import footer, show


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT in Athena's (Trino's) words; - reads it from standard input.")],
    stage: StageOption = None,
    how: Annotated[Format, typer.Option("--format", help="json: an object a line.")] = Format.TABLE,
    max_rows: Annotated[int, typer.Option("--max-rows", min=1, max=1_000_000, help="How many at most are shown.")] = 1_000,
) -> None:
    """Ask the lake: every event, with the person that it was stitched to.

    Tables: events, identities. Views: events_once, events_of_people, persons.
    """
    # The parser takes a quarter of a second to import.
    from cli.lake import athena, local
    from cli.lake.statements import read_statement

    text = sys.stdin.read() if sql == "-" else sql
    statement = read_statement(text)
    deployment = find(stage)
    if deployment.home is not None:
        result = local.run(deployment, statement, most=max_rows)
    else:
        result = athena.run(deployment, text.strip().rstrip(";"), most=max_rows)
    show(result, how=how)
    print(footer(result, is_local=deployment.home is not None), file=sys.stderr)
