"""Which SQL is let through: one statement that only reads, in Trino's words, as Athena speaks them."""

import logging
import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cli.failures import CommandFailed

_READING = (exp.Select, exp.SetOperation, exp.Describe, exp.Values, exp.Subquery)
_CHANGING = (exp.Insert, exp.Delete, exp.Update, exp.Create, exp.Drop, exp.Into, exp.Merge, exp.Command)
_SHOW = re.compile(r"\s*SHOW\s+(TABLES|COLUMNS\s+(IN|FROM)\s+\w+)\s*;?\s*", re.IGNORECASE)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ONLY_READING = "only statements that read are let through: SELECT, WITH, VALUES, SHOW TABLES, SHOW COLUMNS IN …, DESCRIBE"

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what is refused here anyway


def read_statement(sql: str) -> exp.Expression:
    """Raises CommandFailed for what is no SQL, more than one statement, or one that would change something."""
    try:
        found = [each for each in sqlglot.parse(sql, read="trino") if each is not None]
    except SqlglotError as error:
        if _begins_otherwise(sql):
            raise CommandFailed(_ONLY_READING) from error
        raise CommandFailed(f"that is not SQL as Athena reads it: {_told(error)}") from error
    if len(found) != 1:
        raise CommandFailed(f"one statement at a time: there are {len(found)}")
    (statement,) = found
    if not isinstance(statement, exp.Expression):
        raise CommandFailed(_ONLY_READING)
    if not _SHOW.fullmatch(sql) and (not isinstance(statement, _READING) or statement.find(*_CHANGING) is not None):
        raise CommandFailed(_ONLY_READING)
    return statement


def as_duckdb(statement: exp.Expression) -> str:
    """Raises CommandFailed for words of Athena that the local engine does not have."""
    if isinstance(statement, exp.Command):
        *_, name = statement.sql(dialect="trino").split()
        return "SHOW TABLES" if name.upper() == "TABLES" else f"DESCRIBE {name}"
    try:
        return statement.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError as error:
        raise CommandFailed(f"Athena may know this, but DuckDB, which answers on this machine, does not: {_told(error)}") from error


def named_as_in_athena(statement: exp.Expression, names: list[str]) -> list[str]:
    """What has no name of its own is ``_col0`` there, by its place."""
    first = statement.find(exp.Select) if isinstance(statement, exp.SetOperation) else statement
    said = first.expressions if isinstance(first, exp.Select) else []
    if len(said) != len(names):  # a star is many
        return names
    named = (exp.Alias, exp.Column, exp.Star, exp.Dot)
    return [name if isinstance(each, named) else f"_col{place}" for place, (name, each) in enumerate(zip(names, said, strict=True))]


def _begins_otherwise(sql: str) -> bool:
    """With a verb that changes something, in a form that the parser does not know."""
    return re.match(r"\s*(UNLOAD|ALTER|GRANT|REVOKE|MSCK|CALL|EXECUTE|PREPARE|VACUUM|OPTIMIZE)\b", sql, re.IGNORECASE) is not None


def _told(error: Exception) -> str:
    details = getattr(error, "errors", None)
    if details and details[0].get("line") is not None:
        first = details[0]
        return f"line {first.get('line')}, column {first.get('col')}: {_ANSI.sub('', str(first.get('description')))}"
    return _ANSI.sub("", str(error)).splitlines()[0]
