"""A long file comes in by many runs: each goes on where the one before it ended, and the end is that of a single run."""

import csv
import gzip
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.adapters.memory.import_files import MemoryUploads
from ariane.imports import importing
from ariane.imports.layout import look_at
from ariane.imports.model import Import, State
from ariane.imports.rows import Entry, Row, Rows
from tests.builders.imports import ImportWorld
from tests.unit.imports.test_reading import mapping as mapping_with
from tests.unit.imports.test_reading import read

RULES = """\
rules:
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: customer}
    properties: {order_id: order, note: note}
"""
KEYED = f"source: till\nkey: [order, note]\n{RULES}"
COUNTED = f"source: till\n{RULES}"
HEADER = "order,customer,at,note"
LINES = [
    "o1,u1,2025-12-24,a",
    'o2,u1,2025-12-24,"two\nlines ""of\n\nit"',
    "",
    "o3,u1,2025-12-24,été",
    'o4,u1,2025-12-24,"never closed',
    "o5,u1,2025-02-30,x",
    "o6,u1,2025-12-24,x",
    "o6,u1,2025-12-24,x",
    "o7,u1,2025-12-24," + "x" * 1_100_000,
    'o8,u1,2025-12-24,"last, with\nno end"',
]


class Watched(MemoryUploads):
    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []

    def read(self, import_id: str, tag: str, *, after: int = 0) -> Iterator[bytes]:
        self.begun.append(after)
        assert after < len(self.files[import_id]), "stores refuse to read from the end on"
        return super().read(import_id, tag, after=after)


@pytest.fixture(autouse=True)
def chunks_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_TAKEN", 1)


def taken_in(mapping: str, content: bytes, *, by_parts: bool) -> tuple[ImportWorld, Import]:
    world = ImportWorld()
    world.uploads = Watched()
    identity = world.begin(mapping, content)
    while world.run(identity, lambda: not by_parts) is State.RUNNING:
        pass
    found = world.imports.get(identity)
    assert found is not None
    return world, found


def outcome(world: ImportWorld, found: Import) -> dict[str, Any]:
    return {
        "messages": sorted(
            (message["messageId"], message["properties"]["order_id"], message["properties"]["note"]) for message in world.messages()
        ),
        "refused": world.refused(found.id),
        "report": world.reports.published.get(found.id),
        "progress": found.progress,
        "state": found.state,
    }


def begun(world: ImportWorld) -> list[int]:
    assert isinstance(world.uploads, Watched)
    return world.uploads.begun


@pytest.mark.parametrize("mapping", [KEYED, COUNTED])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_many_runs_come_to_what_one_does(mapping: str, end: str, encoding: str) -> None:
    content = "\n".join([HEADER, *LINES]).replace("\n", end).encode(encoding)
    at_once, by_parts = taken_in(mapping, content, by_parts=False), taken_in(mapping, content, by_parts=True)

    assert outcome(*by_parts) == outcome(*at_once)
    # o4's quote is closed by nothing up to a line that is longer than a cell may be.
    assert outcome(*at_once)["refused"] == [(9, "unclosed_quote"), (10, "not_a_time"), (13, "line_too_long")]
    assert len({message for message, _, _ in outcome(*at_once)["messages"]}) == (5 if mapping == KEYED else 6)


def test_with_a_key_a_run_begins_at_its_checkpoint_and_reads_nothing_twice() -> None:
    content = "\n".join([HEADER, *(f"o{number},u1,2025-12-24,x" for number in range(9))]).encode()
    world, found = taken_in(KEYED, content, by_parts=True)

    behind = [place for place in begun(world) if place]
    assert behind == [content.index(f"o{number},".encode()) for number in range(1, 9)]
    assert found.after_byte == len(content)


@pytest.mark.parametrize("last", ["", "\n"])
def test_a_run_that_ended_before_the_report_goes_on_at_the_end_of_the_file(last: str) -> None:
    content = f"{HEADER}\no1,u1,2025-12-24,x\no2,u1,2025-02-30,x{last}".encode()
    assert outcome(*taken_in(KEYED, content, by_parts=True)) == outcome(*taken_in(KEYED, content, by_parts=False))


@pytest.mark.parametrize(
    ("mapping", "content"),
    [
        (COUNTED, f"{HEADER}\no1,u1,2025-12-24,x\no1,u1,2025-12-24,x\n".encode()),
        (KEYED, gzip.compress(f"{HEADER}\no1,u1,2025-12-24,x\no2,u1,2025-12-24,x\n".encode(), mtime=0)),
        (KEYED, f"{HEADER}\no1,u1,2025-12-24,x\no2,u1,2025-12-24,x\n".encode("utf-16")),
    ],
)
def test_where_it_cannot_be_entered_the_file_is_read_from_its_beginning(mapping: str, content: bytes) -> None:
    world, _ = taken_in(mapping, content, by_parts=True)
    assert set(begun(world)) == {0}
    assert len({message["messageId"] for message in world.messages()}) == 2


def test_objects_a_line_each_are_entered_too() -> None:
    content = b"".join(b'{"order": "o%d", "customer": "u1", "at": "2025-12-24", "note": "x"}\n' % number for number in range(4))
    world, found = taken_in(KEYED, content, by_parts=True)
    assert outcome(world, found)["messages"] == outcome(*taken_in(KEYED, content, by_parts=False))["messages"]
    assert begun(world)[-1] == content.index(b'{"order": "o3"')


def rows_of(content: bytes, *, behind: Row | None = None) -> list[Row]:
    mapping = mapping_with("delimiter: ','\n")
    layout = look_at(lambda: [content], mapping)
    entry = Entry(behind.last_line, behind.position, lambda: [content[behind.position :]]) if behind else None
    return list(Rows(lambda: [content], layout, mapping, entry=entry))


def told(rows: list[Row]) -> list[tuple[Any, ...]]:
    return [(row.line, row.last_line, row.position, row.raw, list(row.cells), row.fault and row.fault.code) for row in rows]


@given(text=st.text(alphabet='ab",\n\ré', max_size=60))
@settings(deadline=None, max_examples=300)
def test_behind_every_row_of_any_file_are_the_rows_that_follow(text: str) -> None:
    content = f"a,b\n{text}".encode()
    rows = rows_of(content)
    for place, row in enumerate(rows):
        assert told(rows_of(content, behind=row)) == told(rows[place + 1 :])


@given(table=st.lists(st.lists(st.text(alphabet='ab",\n é', max_size=8), min_size=2, max_size=2), max_size=8))
@settings(deadline=None, max_examples=200)
def test_what_a_csv_writer_writes_is_read_as_it_was(table: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b"], *table])
    _, rows = read(text.getvalue().encode())
    assert [list(row.cells) for row in rows] == table
    assert not any(row.fault for row in rows)
