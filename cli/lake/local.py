"""The lake of the local run, read with DuckDB: the emulator's objects as files, Trino's SQL translated.

The emulator has an Athena of its own, which hands a query's text to DuckDB as it is, looks for files by another name than the lake's, and
knows no views: it would answer other questions than AWS does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ariane.lake.columns import DAY, TABLES, VIEWS, Table
from cli.deployment import Deployment
from cli.failures import CommandFailed
from cli.lake.results import Result

if TYPE_CHECKING:
    import duckdb
    from sqlglot import exp

_MOST_LINES = 5
"""Of an error: some list every form of a function."""


def run(deployment: Deployment, statement: "exp.Expression", *, most: int) -> Result:
    """Raises CommandFailed for what DuckDB refuses."""
    with _fetched(deployment) as (folder, size):
        columns, rows = answer(folder, statement, most=most + 1)
    return Result(columns, rows[:most], is_cut=len(rows) > most, scanned=size)


def answer(folder: Path, statement: "exp.Expression", *, most: int) -> tuple[list[str], list[list[object]]]:
    """Of the lake whose objects lie under ``folder``: columns, and as many rows. Raises CommandFailed."""
    # Half a second to import, which every other command would pay for.
    import duckdb

    from cli.lake.statements import as_duckdb, named_as_in_athena

    with duckdb.connect(":memory:") as connection:
        _declare(connection, folder)
        try:
            cursor = connection.execute(as_duckdb(statement))
            names = named_as_in_athena(statement, [str(column[0]) for column in cursor.description or []])
            return names, [list(row) for row in cursor.fetchmany(most)]
        except duckdb.Error as error:
            raise CommandFailed(f"the query failed: {_told(error)}") from error


def _told(error: Exception) -> str:
    """With what was probably meant, and without the SQL, which the user has not written: it is translated."""
    lines = takewhile(lambda line: not line.startswith("LINE "), str(error).splitlines())
    return "; ".join(line.strip() for line in islice((line for line in lines if line.strip()), _MOST_LINES))


def _declare(connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
    """Afterwards no query can read or write another file of this machine, or undo that."""
    from cli.lake.statements import as_duckdb, read_statement

    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        connection.execute(_declaration(table, folder))
    for view in VIEWS:
        connection.execute(f"CREATE VIEW {view.name} AS {as_duckdb(read_statement(view.sql))}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@contextmanager
def _fetched(deployment: Deployment) -> Iterator[tuple[Path, int]]:
    """The whole lake of this machine, and how many bytes it is."""
    bucket, size = deployment.output("LakeBucket"), 0
    with TemporaryDirectory(prefix="ariane-lake-") as name:
        folder = Path(name)
        for page in deployment.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", []):
                path = folder / entry["Key"]
                path.parent.mkdir(parents=True, exist_ok=True)
                body = deployment.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                path.write_bytes(body)
                size += len(body)
        yield folder, size


def _declaration(table: Table, folder: Path) -> str:
    names = {column.name: "BOOLEAN" if column.kind == "boolean" else "VARCHAR" for column in table.columns}
    if not any(folder.glob(f"{table.name}/*/*.ndjson.gz")):
        empty = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in {**names, DAY: "VARCHAR"}.items())
        return f"CREATE TABLE {table.name} AS SELECT {empty} WHERE false"
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in names.items())
    files = str(folder / table.name / "*" / "*.ndjson.gz").replace("'", "''")
    options = f"columns = {{{columns}}}, hive_partitioning = true, hive_types = {{'{DAY}': VARCHAR}}"
    lines = f"SELECT * FROM read_json('{files}', format = 'newline_delimited', {options})"  # noqa: S608 - names and a folder of our own
    return f"CREATE TABLE {table.name} AS {lines}"
