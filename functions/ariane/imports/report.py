"""The report of rejects: the lines as they were, each with its reason before it, as a file that can be corrected and sent again."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import orjson

from ariane.imports.mapping import RAW, REPORT_COLUMNS
from ariane.imports.model import RejectedLine


def packed(rejected: Sequence[RejectedLine]) -> bytes:
    return b"".join(orjson.dumps([each.line, each.code, each.message, each.raw], option=orjson.OPT_APPEND_NEWLINE) for each in rejected)


def unpacked(content: bytes) -> list[RejectedLine]:
    return [RejectedLine(*orjson.loads(line)) for line in content.splitlines()]


def csv_pieces(header: str, delimiter: str, parts: Iterable[Sequence[RejectedLine]], *, quote: str = '"') -> Iterator[bytes]:
    """UTF-8 with its mark, which spreadsheets ask for, and quoted by ``"`` whatever ``quote`` the file has. The reason's columns come
    first: a ragged line would push them about."""
    is_again, header = _own_columns_first(_ours(header, delimiter, quote), delimiter)
    yield f"\ufeff{header}\n".encode("utf-8", "replace")
    for part in parts:
        lines = (replace(each, raw=_ours(each.raw, delimiter, quote)) for each in part)
        yield "".join(_line(each, delimiter, is_again=is_again) for each in lines).encode("utf-8", "replace")


def ndjson_pieces(parts: Iterable[Sequence[RejectedLine]]) -> Iterator[bytes]:
    """What is no JSON object stands under ``RAW``."""
    for part in parts:
        yield b"".join(map(_object, part))


def _own_columns_first(header: str, delimiter: str) -> tuple[bool, str]:
    """A report that was sent again begins with our columns already."""
    own = delimiter.join(REPORT_COLUMNS)
    return header.startswith(own), header if header.startswith(own) else f"{own}{delimiter}{header}"


def _line(rejected: RejectedLine, delimiter: str, *, is_again: bool) -> str:
    line, raw = str(rejected.line), rejected.raw
    if is_again:
        rest = _cells(raw, delimiter, '"')
        line, raw = (rest[0] if rest else line), _written(rest[len(REPORT_COLUMNS) :], delimiter)
    return f"{_written([line, rejected.code, rejected.message], delimiter)}{delimiter}{raw}\n"


def _ours(raw: str, delimiter: str, quote: str) -> str:
    """As it was where it was written so."""
    return raw if quote == '"' else _written(_cells(raw, delimiter, quote), delimiter)


def _cells(raw: str, delimiter: str, quote: str) -> Sequence[str]:
    if not quote:
        return raw.split(delimiter)
    try:
        return next(csv.reader([f"{part}\n" for part in raw.split("\n")], delimiter=delimiter, quotechar=quote), [])
    except csv.Error:
        return raw.split(delimiter)


def _written(cells: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(cells)
    return text.getvalue()


def _object(rejected: RejectedLine) -> bytes:
    try:
        found = orjson.loads(rejected.raw)
    except orjson.JSONDecodeError:
        found = None
    kept = found if isinstance(found, dict) else {RAW: rejected.raw}
    told = {"_line": kept.get("_line", rejected.line), "_code": rejected.code, "_message": rejected.message}
    return orjson.dumps({**told, **{name: value for name, value in kept.items() if name not in told}}, option=orjson.OPT_APPEND_NEWLINE)
