"""What the views and the saved queries answer, asked as the local run asks: the same SQL in both engines, over lines as they land."""

from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from ariane.events.model import SourceKind
from ariane.lake.columns import EVENTS_TABLE, SAVED, TABLES, VIEWS, SavedQuery, View
from ariane.lake.landing import Waiting
from cli.failures import CommandFailed
from cli.lake.local import answer
from cli.lake.statements import read_statement
from tests.builders.homes import share
from tests.builders.lake import Shore, partition_message
from tests.builders.profiles import Stack, identify, item, prs, track

DEVICE = "6f1ed002-ab55-4a4f-8c1a-2f3e5d7c9b1a"


def ask(shore: Shore, folder: Path, sql: str) -> list[dict[str, Any]]:
    for key, body in shore.lake.objects.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    columns, rows = answer(folder, read_statement(sql), most=1_000)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def landed(*items: Any) -> Shore:
    shore = Shore(Stack())
    records = shore.stack.write(*items)
    shore.stack.stitch(records)
    shore.land(records)
    return shore


def test_an_event_that_landed_twice_is_one(tmp_path: Path) -> None:
    shore = landed(item(track(message_id="1")), item(track(message_id="2", minute=1)))
    shore.lander.land([Waiting(shore.stack.log.items()[0], None)])
    assert len(shore.events()) == 3
    assert ask(shore, tmp_path, "SELECT count(*) AS n FROM events_once") == [{"n": 2}]


def test_a_copy_under_another_key_is_the_same_event_and_the_one_that_came_first_stands(tmp_path: Path) -> None:
    first = item(track(message_id="1"), received_minute=5_000)
    again = item(track(message_id="1", context={"locale": "fr"}), received_minute=6_000, salt="again")
    shore = landed(first, again)
    (row,) = ask(shore, tmp_path, "SELECT message_id, context FROM events_once")
    assert row == {"message_id": "1", "context": None}


def test_the_same_message_id_of_two_sources_or_two_people_is_two_events(tmp_path: Path) -> None:
    """As profiles count them."""
    shore = landed(
        item(track(message_id="1")),
        item(track(message_id="1"), source="app", kind=SourceKind.APP),
        item(track(message_id="1", anonymousId="a2")),
    )
    assert ask(shore, tmp_path, "SELECT count(*) AS n FROM events_once") == [{"n": 3}]


def test_bots_are_in_the_table_and_in_no_view(tmp_path: Path) -> None:
    shore = landed(item(track(message_id="1")), item(track(message_id="b", anonymousId="a2", context={"bot": True})))
    counts = "SELECT (SELECT count(*) FROM events) AS landed, (SELECT count(*) FROM events_of_people) AS of_people"
    assert ask(shore, tmp_path, counts) == [{"landed": 2, "of_people": 1}]


def test_after_a_merge_what_landed_before_belongs_to_the_profile_of_now(tmp_path: Path) -> None:
    shore = landed(item(track(message_id="before")))
    records = shore.stack.write(item(identify(message_id="login", minute=1, userId="u1", anonymousId="a1")))
    shore.stack.stitch(records)
    shore.land(records)
    shore.hear()

    (before,) = ask(shore, tmp_path, "SELECT profile_id FROM events_once WHERE message_id = 'before'")
    (now,) = ask(shore, tmp_path, "SELECT profile_id FROM events_of_people WHERE message_id = 'before'")
    assert before["profile_id"] == prs("anonymous_id:a1")
    assert now["profile_id"] == shore.stack.profile("user_id:u1").id


def test_a_line_that_was_read_after_a_change_of_people_is_believed(tmp_path: Path) -> None:
    """A line of identities that is older than the event's own reading says less than that."""
    shore = landed(item(identify(message_id="1", userId="u1", anonymousId="a1")))
    shore.hear()
    records = shore.stack.write(item(track(message_id="2", minute=2)))
    shore.stack.stitch(records)
    shore.land(records)
    rows = ask(shore, tmp_path, "SELECT DISTINCT profile_id FROM events_of_people")
    assert rows == [{"profile_id": shore.stack.profile("user_id:u1").id}]


def test_an_event_that_landed_again_as_another_persons_is_that_persons_alone(tmp_path: Path) -> None:
    shore = landed(item(track(message_id="later", minute=60, anonymousId=DEVICE)))
    share(shore.stack, f"anonymous_id:{DEVICE}", minute=0)
    shore.take(partition_message(prs(f"anonymous_id:{DEVICE}")))
    (row,) = ask(shore, tmp_path, "SELECT person_id FROM events_of_people")
    assert row["person_id"] != prs(f"anonymous_id:{DEVICE}")


def test_an_empty_lake_answers_with_nothing(tmp_path: Path) -> None:
    assert ask(Shore(Stack()), tmp_path, "SELECT * FROM events_of_people") == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_the_columns_that_it_declares(view: View, tmp_path: Path) -> None:
    select = read_statement(view.sql)
    assert isinstance(select, exp.Select)
    assert [column.alias_or_name for column in select.selects] == [column.name for column in view.columns]
    columns, _ = answer(tmp_path, read_statement(f"SELECT * FROM {view.name}"), most=1)
    assert columns == [column.name for column in view.columns]


def test_a_day_that_a_query_names_is_all_that_athena_reads_for_a_view() -> None:
    """What a window is not partitioned by cannot be asked for below it: every day would be read."""
    once = next(view for view in VIEWS if view.name == "events_once")
    window = sqlglot.parse_one(once.sql, read="trino").find(sqlglot.exp.Window)
    assert window is not None
    assert "day" in [str(each) for each in window.args["partition_by"]]


ORDER = {
    "event": "Order Completed",
    "properties": {"order_id": "o1", "total": "12.50", "products": [{"product_id": "p1", "quantity": 2}]},
}


@pytest.mark.parametrize("saved", SAVED, ids=lambda saved: saved.name)
def test_every_saved_query_runs(saved: SavedQuery, tmp_path: Path) -> None:
    shore = landed(item(identify(message_id="1", userId="u1", anonymousId="a1")), item(track(message_id="o", minute=1) | ORDER))
    since_ever = saved.sql
    for days in ("7", "30", "365"):
        since_ever = since_ever.replace(f"INTERVAL '{days}' DAY", "INTERVAL '36500' DAY")
    rows = ask(shore, tmp_path, since_ever)
    assert rows
    if saved.name == "orders-by-month":
        assert rows == [{"month": "2026-11", "orders": 1, "customers": 1, "revenue": 12.5}]
    if saved.name == "products-of-orders":
        assert rows == [{"product_id": "p1", "sold": 2.0}]


def test_a_query_of_a_column_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="nosuch"):
        answer(tmp_path, read_statement("SELECT nosuch FROM events"), most=1)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        'SELECT * FROM "/etc/passwd"',
        "SELECT content FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
    ],
)
def test_a_query_reads_no_file_of_this_machine(sql: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        answer(tmp_path, read_statement(sql), most=1)


def test_a_line_has_exactly_the_tables_columns() -> None:
    shore = landed(item(identify(message_id="1", userId="u1", anonymousId="a1")))
    shore.hear()
    for table, rows in zip(TABLES, (shore.events(), shore.identities()), strict=True):
        assert [list(row) for row in rows] == [[column.name for column in table.columns]] * len(rows)
        assert rows


def test_what_is_asked_for_often_has_a_column_of_its_own(tmp_path: Path) -> None:
    context = {"page": {"url": "https://shop.example/a"}, "campaign": {"name": "autumn"}, "sessionId": 7}
    shore = landed(item(track(message_id="1", userId="u1", context=context, properties={"$session_id": "other"})))
    (row,) = ask(shore, tmp_path, "SELECT user_id, anonymous_id, session_id, page_url, campaign FROM events_once")
    assert row == {
        "user_id": "u1",
        "anonymous_id": "a1",
        "session_id": "7",
        "page_url": "https://shop.example/a",
        "campaign": '{"name":"autumn"}',
    }
    assert {"session_id", "page_url"} <= {column.name for column in EVENTS_TABLE.columns}
