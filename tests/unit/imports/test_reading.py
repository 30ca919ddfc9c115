"""Files as people's programs write them: encodings, quotes, line ends, and what is broken in them."""

import gzip
from collections.abc import Iterable

import pytest

from ariane.errors import Rejected
from ariane.imports import streams
from ariane.imports.layout import Layout, look_at
from ariane.imports.mapping import MappingFile
from ariane.imports.mapping_file import read_mapping
from ariane.imports.rows import Row, Rows
from ariane.imports.streams import LONGEST_LINE, inflated, lines

RULES = "rules: [{skip: true}]\n"


def mapping(text: str = "") -> MappingFile:
    return read_mapping("m.yaml", f"source: till\n{text}{RULES}")


def read(content: bytes, text: str = "", *, piece: int = 7) -> tuple[Layout, list[Row]]:
    """In pieces that fit nothing."""

    def open_file() -> Iterable[bytes]:
        return (content[start : start + piece] for start in range(0, len(content), piece))

    told = mapping(text)
    layout = look_at(open_file, told)
    return layout, list(Rows(open_file, layout, told))


def cells(content: bytes, text: str = "", **options: int) -> list[list[str]]:
    return [list(row.cells) for row in read(content, text, **options)[1]]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a,b\né,ü\n".encode(), "utf-8"),
        ("a,b\né,ü\n".encode("utf-8-sig"), "utf-8"),
        ("a,b\né,ü\n".encode("utf-16"), "utf-8"),
        (b"\xfe\xff" + "a,b\né,ü\n".encode("utf-16-be"), "utf-8"),
        ("a,b\né,ü\n".encode("cp1252"), "cp1252"),
    ],
)
def test_encodings_are_found_out(content: bytes, encoding: str) -> None:
    layout, rows = read(content, piece=1024)
    assert layout.encoding == encoding
    assert list(rows[0].cells) == ["é", "ü"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_out(delimiter: str) -> None:
    assert cells(f'a{delimiter}"b,;b"\n1{delimiter}2\n'.encode()) == [["1", "2"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_found_out(end: str) -> None:
    assert cells(end.join(["a,b", "1,2", "", "3,4"]).encode(), piece=1024) == [["1", "2"], ["3", "4"]]


def test_quoted_cells_hold_delimiters_quotes_and_line_ends() -> None:
    _, rows = read(b'a,b\n1,"x, ""y""\nz"\n2,3\n')
    assert [list(row.cells) for row in rows] == [["1", 'x, "y"\nz'], ["2", "3"]]
    assert [row.line for row in rows] == [2, 4]


def test_a_quote_in_the_middle_of_a_cell_is_a_character() -> None:
    assert cells(b'a,b\n5" disc,1\n2,3\n') == [['5" disc', "1"], ["2", "3"]]


def test_a_quote_that_never_closes_costs_one_line() -> None:
    _, rows = read(b'a,b\n"1,2\n3,4\n5,6\n')
    assert [(row.line, row.fault.code if row.fault else None) for row in rows] == [(2, "unclosed_quote"), (3, None), (4, None)]


def test_lines_with_another_number_of_cells_are_refused_and_empty_ones_at_the_end_are_not_counted() -> None:
    _, rows = read(b"a,b\n1\n1,2,3\n1,2,,\n")
    assert [row.fault.code if row.fault else None for row in rows] == ["ragged_line", "ragged_line", None]


def test_lines_of_another_encoding_than_the_file_are_refused() -> None:
    utf8, cp1252 = "é,1\n".encode(), "é,2\n".encode("cp1252")
    layout, rows = read(b"a,b\n" + utf8 * 3 + cp1252)
    assert layout.encoding == "utf-8"
    assert [row.fault.code if row.fault else None for row in rows] == [None, None, None, "bad_encoding"]
    layout, rows = read(b"a,b\n" + cp1252 * 3 + utf8)
    assert layout.encoding == "cp1252"
    assert [row.fault.code if row.fault else None for row in rows] == [None, None, None, "mixed_encoding"]


def test_a_nul_and_a_line_of_ten_megabytes_are_refused_alone() -> None:
    _, rows = read(b"a,b\n1,\0\n" + b"x" * 10_000_000 + b",1\n3,4\n", piece=65_536)
    assert [(row.line, row.fault.code if row.fault else None) for row in rows] == [(2, "nul_byte"), (3, "line_too_long"), (4, None)]
    assert all(len(row.raw) <= LONGEST_LINE for row in rows)


def test_a_file_without_a_header_has_that_of_the_mapping() -> None:
    _, rows = read(b"1,2\n", "header: [a, b]\n")
    assert [(row.line, list(row.cells)) for row in rows] == [(1, ["1", "2"])]


def test_objects_come_a_line_each() -> None:
    layout, rows = read(b'{"a": {"b": 1}}\n[1]\n{"a"\n')
    assert layout.format == "ndjson"
    assert [row.fault.code if row.fault else None for row in rows] == [None, "not_an_object", "invalid_json"]


def test_gzip_of_several_members_is_one_file() -> None:
    content = gzip.compress(b"a,b\n1,") + gzip.compress(b"2\n3,4\n")
    assert cells(content, piece=5) == [["1", "2"], ["3", "4"]]


def test_a_bomb_is_refused_before_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_BOMB_FREE", 1_000_000)
    given: list[int] = []
    with pytest.raises(Rejected, match="gzip_bomb"):
        given.extend(len(piece) for piece in inflated([gzip.compress(b"\0" * 50_000_000)]))
    assert sum(given) < 15_000_000


def test_lines_are_held_no_longer_than_a_line_may_be() -> None:
    found = list(lines(b"x" * 100_000 for _ in range(50)))
    assert [(position, len(line)) for position, line in found] == [(5_000_000, LONGEST_LINE + 1)]


def test_lines_are_the_same_however_the_pieces_fall() -> None:
    content = b"ab\n\ncde\nf"
    for size in range(1, 10):
        pieces = [content[start : start + size] for start in range(0, len(content), size)]
        assert list(lines(pieces)) == [(3, b"ab"), (4, b""), (8, b"cde"), (9, b"f")]


@pytest.mark.parametrize("content", [b"a,a\n1,2\n", b",,\n1,2,3\n", b'"a,b\n1,2\n'])
def test_a_header_that_names_nothing_clearly_is_an_error_of_the_file(content: bytes) -> None:
    with pytest.raises(Rejected, match=r"duplicate_header|invalid_header"):
        read(content)
