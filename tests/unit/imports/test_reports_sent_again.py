"""A report of rejects is corrected and sent again with the very mapping of the file, however the file was written."""

import pytest

from tests.builders.imports import ImportWorld

RULES = """\
rules:
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: customer}
    properties: {order_id: order, name: name, total: {column: total, type: number}}
"""
COLUMNS = "order;customer;at;name;total\n"
GOOD, BAD = "o1;u1;2025-12-24;Zoé, l’aînée;1\n", "o2;u1;2025-12-99;Zoé, l’aînée;2\n"


@pytest.mark.parametrize(
    ("head", "columns", "encoding"),
    [
        ("", COLUMNS, "utf-8"),
        ("header: [order, customer, at, name, total]\n", "", "utf-8"),
        ("encoding: cp1252\n", COLUMNS, "cp1252"),
        ("encoding: utf-16\n", COLUMNS, "utf-16"),
        ("quote: ''\n", COLUMNS, "utf-8"),
        ('quote: "\'"\n', COLUMNS, "utf-8"),
        ("delimiter: ';'\n", COLUMNS, "utf-8"),
    ],
    ids=["plain", "no header", "cp1252", "utf-16", "no quotes", "other quotes", "delimiter said"],
)
@pytest.mark.parametrize("saved_as", ["utf-8-sig", "utf-16", "cp1252"])
def test_with_the_same_mapping(head: str, columns: str, encoding: str, saved_as: str) -> None:
    world = ImportWorld()
    mapping = f"source: till\n{head}{RULES}"
    first = world.imported(mapping, f"{columns}{GOOD}{BAD}".encode(encoding))
    assert (first.progress.accepted, first.progress.rejected) == (1, 1)

    report = world.reports.published[first.id].decode("utf-8-sig")
    again = world.imported(mapping, report.replace("12-99", "12-25").encode(saved_as))

    assert (again.progress.accepted, again.progress.rejected) == (1, 0)
    found = {message["properties"]["order_id"]: message["properties"]["name"] for message in world.messages()}
    assert found == {"o1": "Zoé, l’aînée", "o2": "Zoé, l’aînée"}


def test_a_cell_with_the_files_own_quotes_is_whole_in_the_report() -> None:
    world = ImportWorld()
    mapping = f'source: till\nquote: "\'"\n{RULES}'
    first = world.imported(mapping, f"{COLUMNS}o2;u1;2025-12-99;'a;b \"c\" ''d''\ne';2\n".encode())
    report = world.reports.published[first.id].replace(b"12-99", b"12-25")

    again = world.imported(mapping, report)

    assert again.progress.accepted == 1
    assert world.messages()[0]["properties"]["name"] == "a;b \"c\" 'd'\ne"


def test_what_was_no_json_is_corrected_where_it_stands() -> None:
    world = ImportWorld()
    mapping = f"source: till\nencoding: cp1252\n{RULES}"
    first = world.imported(mapping, '{"order": "o2", "customer": "u1", "at": "2025-12-25", "name": "Zoé", "total": 2\n'.encode("cp1252"))
    assert world.refused(first.id) == [(1, "invalid_json")]
    report = world.reports.published[first.id].decode("utf-8-sig")
    assert '"_raw"' in report

    again = world.imported(mapping, report.replace(': 2"}', ': 2}"}').encode())

    assert (again.progress.accepted, again.progress.rejected) == (1, 0)
    assert world.messages()[0]["properties"]["name"] == "Zoé"
