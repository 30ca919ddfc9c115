"""Files that are made to cost, or written by broken programs: work stays in proportion, and one line is refused, not the rest."""

from typing import Any

import pytest

from ariane.errors import Rejected
from ariane.imports.quotes import is_open
from ariane.imports.streams import LONGEST_LINE
from tests.builders.imports import ImportWorld
from tests.unit.imports.test_reading import cells, read

TILL = """\
source: till
rules:
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: customer}
    properties: {order_id: order}
"""


def codes(content: bytes, text: str = "", **options: int) -> list[str | None]:
    return [row.fault.code if row.fault else None for row in read(content, text, **options)[1]]


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The characters that the search for open quotes went over."""
    sizes: list[int] = []

    def counted(text: str, *args: Any, **options: Any) -> bool:
        sizes.append(len(text))
        return is_open(text, *args, **options)

    monkeypatch.setattr("ariane.imports.rows.is_open", counted)
    return sizes


@pytest.mark.parametrize("line", [b'a","""\n', b'"\n', b'"x\n'[:-1] + b',""\n', b'x,"\n'])
def test_quotes_that_never_close_cost_a_look_or_two_at_each_line(line: bytes, scanned: list[int]) -> None:
    content = b"a,b\n" + line * 5_000
    read(content, piece=65_536)
    assert 0 < sum(scanned) <= 3 * len(content)


def test_one_cell_over_many_lines_is_looked_at_once(scanned: list[int]) -> None:
    content = b'a,b\n1,"' + b"x\n" * 900 + b'"\n2,3\n'
    _, rows = read(content, piece=65_536)
    assert [row.line for row in rows] == [2, 903]
    assert sum(scanned) <= 2 * len(content)


def test_long_lines_with_open_quotes_are_not_read_again_and_again(scanned: list[int]) -> None:
    content = b"a,b\n" + (b'"' + b"x" * 200_000 + b"\n") * 30
    assert codes(content, piece=65_536)[0] == "invalid_csv"  # the next line's quote closes it
    never = b"a,b\n" + b'1,"x\n' + (b"x" * 200_000 + b"\n") * 30
    scanned.clear()
    assert codes(never, piece=65_536)[0] == "unclosed_quote"
    assert sum(scanned) <= 2 * LONGEST_LINE


def test_whether_a_cell_closes_does_not_depend_on_the_lines_before_it() -> None:
    """A run that goes on in the middle of a file finds the same rows."""
    lines = [b'a","""', b'"', b'1,"2', b'3"', b"4,5", b'"x', b'y",1', b'"', b"6,7", b'8,"""9', b'""",1', b"0,0"]
    _, rows = read(b"a,b\n" + b"\n".join(lines) + b"\n")
    for row in rows:
        rest = b"a,b\n" + b"\n" * (row.line - 2) + b"\n".join(lines[row.line - 2 :]) + b"\n"
        again = read(rest)[1]
        assert [(each.line, each.raw) for each in again] == [(each.line, each.raw) for each in rows if each.line >= row.line]


def test_a_cell_of_more_than_a_thousand_lines_is_never_closed() -> None:
    assert codes(b'a\n"' + b"x\n" * 998 + b'x"\n', piece=4_096) == [None]
    assert codes(b'a\n"' + b"x\n" * 1_001 + b'x"\n', piece=4_096)[:2] == ["unclosed_quote", None]


def test_a_byte_that_cannot_be_read_within_a_cell_of_several_lines_refuses_the_whole_cell() -> None:
    _, rows = read(b'a,b\n1,"x\n\xff\ny"\n2,3\n', "encoding: utf-8\n")
    assert [(row.line, row.fault.code if row.fault else None) for row in rows] == [(2, "bad_encoding"), (5, None)]
    assert rows[0].raw.endswith('y"')


def test_rows_know_where_they_end_also_behind_a_line_that_is_too_long() -> None:
    content = b'a,b\r\n1,"x\r\ny"\r\n\r\n' + b"x" * 1_500_000 + b"\r\n3,4\r\n5,6"
    _, rows = read(content, piece=65_536)
    assert [row.last_line for row in rows] == [3, 5, 6, 7]
    assert [content[row.position :][:3] for row in rows] == [b"\r\nx", b"3,4", b"5,6", b""]


def test_of_a_line_that_is_too_long_a_thousand_characters_are_kept() -> None:
    _, rows = read(b"a\n" + "é".encode() * 600_000 + b"\n", piece=65_536)
    assert [row.raw for row in rows] == ["é" * 1_000]


def test_a_header_that_begins_with_pk_is_none_of_a_zip_file() -> None:
    assert cells(b"PK,order\n1,2\n") == [["1", "2"]]
    with pytest.raises(Rejected, match="not_text"):
        read(b"PK\x03\x04\x14\x00" + b"x" * 30)


def test_a_stray_byte_refuses_its_line_and_not_the_encoding() -> None:
    layout, rows = read(b"a,b\n" + "l’été,5 €\n".encode("cp1252") * 3 + b"bad\x8d,1\n")
    assert layout.encoding == "cp1252"
    assert list(rows[0].cells) == ["l’été", "5 €"]
    assert [row.fault.code if row.fault else None for row in rows] == [None, None, None, "bad_encoding"]


@pytest.mark.parametrize(
    "name", ["utf16", "UTF_16", "u16", "utf-32", "U32", "utf_16_le", "utf-32-be", "cp037", "utf-7", "iso-2022-jp", "hz"]
)
def test_encodings_whose_line_ends_are_no_bytes_of_their_own_or_that_shift_are_read(name: str) -> None:
    text = "a,b\n1,\n\nx,y\n" if name in ("cp037", "hz") else "a,b\n1,日\n\nx,y\n"
    layout, rows = read(text.encode(name), f"encoding: {name}\n")
    assert layout.encoding == ("iso2022_jp" if name == "iso-2022-jp" else "utf-8")
    assert [list(row.cells) for row in rows] == [line.split(",") for line in text.split("\n")[1:] if line]


def test_the_mark_of_utf_32_is_not_that_of_utf_16() -> None:
    assert cells("a,b\n1,é\n".encode("utf-32"), piece=1_024) == [["1", "é"]]


@pytest.mark.parametrize("name", ["utf-16", "utf-32"])
def test_a_file_that_cannot_be_read_as_it_is_said_fails_its_import(name: str) -> None:
    world = ImportWorld()
    done = world.imported(f"{TILL}encoding: {name}\n", b"order,customer,at\no1,u1,2025-12-24\n")
    assert done.state.value == "failed"
    assert done.error is not None
    assert done.error[0] == "wrong_encoding"
    assert f"{name}-le" in done.error[1]


def test_the_quote_is_no_delimiter_either() -> None:
    assert cells(b";a;|b\n;1|2;|3\n", "quote: ';'\n") == [["1|2", "3"]]
