"""What the pages on the lake say is so: their SQL is Trino's and runs, their columns are the tables'."""

import re
from pathlib import Path

import pytest
import sqlglot

from ariane.lake.columns import SAVED, VIEWS
from cli.lake.columns_page import PAGE, written
from cli.lake.local import answer
from cli.lake.statements import read_statement
from cli.local.home import PROJECT

PAGES = ("docs/how-to/query-the-lake.md", "docs/reference/lake.md")


def queries() -> list[str]:
    texts = [(PROJECT / page).read_text("utf-8") for page in PAGES]
    fenced = [each for text in texts for each in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)]
    typed = [each for text in texts for each in re.findall(r'ariane query "(SELECT .*?)"', text)]
    return [*fenced, *typed]


def test_there_are_queries_in_the_documentation() -> None:
    assert len(queries()) >= 7


@pytest.mark.parametrize("sql", [*queries(), *(each.sql for each in (*VIEWS, *SAVED))])
def test_all_sql_is_trinos_and_runs(sql: str, tmp_path: Path) -> None:
    assert sqlglot.parse_one(sql, read="trino") == sqlglot.parse_one(read_statement(sql).sql(dialect="trino"), read="trino")
    answer(tmp_path, read_statement(sql), most=1)


def test_the_reference_has_the_tables_columns() -> None:
    text = PAGE.read_text("utf-8")
    assert written(text) == text, "write it again: python -m cli.lake.columns_page"


def test_the_reference_has_the_views_and_the_how_to_the_saved_queries() -> None:
    reference, how_to = ((PROJECT / page).read_text("utf-8") for page in reversed(PAGES))
    for view in VIEWS:
        assert f"| `{view.name}` | {view.what}" in reference or f"`{view.name}`" in reference
    assert [saved.name for saved in SAVED if f"`{saved.name}`" not in how_to] == []
