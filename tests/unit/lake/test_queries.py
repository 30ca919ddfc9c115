"""Which SQL is let through, and what an answer looks like."""

import re
from pathlib import Path

import orjson
import pytest

from cli.failures import CommandFailed
from cli.lake.local import answer
from cli.lake.results import Result, footer, show
from cli.lake.statements import as_duckdb, named_as_in_athena, read_statement


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT 1;",
        "-- why\nSELECT 1",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT 1 UNION ALL SELECT 2",
        "(SELECT 1)",
        "VALUES 1",
        "SHOW TABLES",
        "show columns in events;",
        "DESCRIBE events",
    ],
)
def test_statements_that_read_are_let_through(sql: str) -> None:
    read_statement(sql)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("", "there are 0"),
        ("SELECT 1; SELECT 2", "there are 2"),
        ("SHOW TABLES; DROP TABLE events", "there are 2"),
        ("DROP TABLE events", "only statements that read"),
        ("CREATE TABLE x AS SELECT 1", "only statements that read"),
        ("CREATE VIEW x AS SELECT 1", "only statements that read"),
        ("INSERT INTO events SELECT * FROM events", "only statements that read"),
        ("DELETE FROM events", "only statements that read"),
        ("UPDATE events SET event = 'x'", "only statements that read"),
        ("UNLOAD (SELECT 1) TO 's3://x/' WITH (format = 'JSON')", "only statements that read"),
        ("MSCK REPAIR TABLE events", "only statements that read"),
        ("ALTER TABLE events ADD COLUMNS (x string)", "only statements that read"),
        ("EXPLAIN ANALYZE DELETE FROM events", "only statements that read"),
        ("SHOW CREATE TABLE events", "only statements that read"),
        ("SELEC 1", "not SQL as Athena reads it"),
        ("SELECT (1", "not SQL as Athena reads it: line 1"),
        ("SELECT count( FROM events", "not SQL as Athena reads it: line 1"),
    ],
)
def test_everything_else_is_refused_with_the_reason(sql: str, says: str) -> None:
    with pytest.raises(CommandFailed, match=re.escape(says)) as refused:
        read_statement(sql)
    assert "\x1b" not in str(refused.value)


def test_words_of_trino_are_said_in_the_local_engines() -> None:
    said = as_duckdb(read_statement("SELECT json_extract_scalar(properties, '$.total') FROM events"))
    assert "json_extract_scalar" not in said


def test_what_the_local_engine_has_no_word_for_is_said_to_be_that() -> None:
    assert as_duckdb(read_statement("SHOW COLUMNS IN events")) == "DESCRIBE events"
    assert as_duckdb(read_statement("SHOW TABLES")) == "SHOW TABLES"


@pytest.mark.parametrize(
    ("sql", "names", "expected"),
    [
        ("SELECT count(*), event, max(timestamp) AS latest FROM events", ["count_star()", "event", "latest"], ["_col0", "event", "latest"]),
        ("SELECT event || 'x' FROM events UNION ALL SELECT 'y'", ["(event || 'x')"], ["_col0"]),
        ("WITH x AS (SELECT 1 AS a) SELECT x.a, a + 1 FROM x", ["a", "(a + 1)"], ["a", "_col1"]),
        ("SELECT * FROM events", ["event", "timestamp"], ["event", "timestamp"]),
        ("SHOW TABLES", ["name"], ["name"]),
    ],
)
def test_a_column_without_a_name_is_named_as_athena_names_it(sql: str, names: list[str], expected: list[str]) -> None:
    assert named_as_in_athena(read_statement(sql), names) == expected


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT evnt FROM events", 'Referenced column "evnt" not found in FROM clause!; Candidate bindings: "event"'),
        ("SELECT * FROM evnts", 'Table with name evnts does not exist!; Did you mean "events"?'),
    ],
)
def test_what_was_probably_meant_is_said(tmp_path: Path, sql: str, says: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        answer(tmp_path, read_statement(sql), most=1)
    assert says in str(refused.value)
    assert "LINE" not in str(refused.value)


def test_every_form_of_an_answer_holds_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result(["name", "n", "n"], [['Zoé, "Z"', 1, None], ["[red]", 2.5, True]])
    show(result, how="json")
    assert [orjson.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"name": 'Zoé, "Z"', "n": 1, "n_3": None},
        {"name": "[red]", "n": 2.5, "n_3": True},
    ]
    show(result, how="csv")
    assert capsys.readouterr().out == 'name,n,n\n"Zoé, ""Z""",1,\n[red],2.5,true\n'
    show(result, how="table")
    shown = capsys.readouterr().out
    assert 'Zoé, "Z"' in shown
    assert "[red]" in shown


@pytest.mark.parametrize(
    ("result", "is_local", "told"),
    [
        (Result(["a"], [[1]], scanned=2_500_000_000), False, "1 row; 2.5 GB scanned, 0.01250 dollars"),
        (Result(["a"], [], scanned=10), False, "0 rows; 10 bytes scanned, 0.00005 dollars"),
        (
            Result(["a"], [[1], [2]], is_cut=True, scanned=1_200),
            True,
            "2 rows, and more (--max-rows); the lake on this machine holds 1.2 KB",
        ),
    ],
)
def test_what_a_query_took_is_told_below_its_answer(result: Result, told: str, *, is_local: bool) -> None:
    assert footer(result, is_local=is_local) == told
