"""The report of rejects: the lines as they were, each with its reason before it, as a file that can be corrected and sent again."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import orjson

from ariane.imports.mapping import REPORT_COLUMNS
from ariane.imports.model import RejectedLine


def packed(rejected: Sequence[RejectedLine]) -> bytes:
    return b"".join(orjson.dumps([each.line, each.code, each.message, each.raw], option=orjson.OPT_APPEND_NEWLINE) for each in rejected)


def unpacked(content: bytes) -> list[RejectedLine]:
    return [RejectedLine(*orjson.loads(line)) for line in content.splitlines()]


def csv_pieces(header: str, delimiter: str, parts: Iterable[Sequence[RejectedLine]]) -> Iterator[bytes]:
    """UTF-8. The reason's columns come first: a ragged line would push them about."""
    is_again, header = _own_columns_first(header, delimiter)
    yield f"{header}\n".encode("utf-8", "replace")
    for part in parts:
        yield "".join(_line(each, delimiter, is_again=is_again) for each in part).encode("utf-8", "replace")


def ndjson_pieces(parts: Iterable[Sequence[RejectedLine]]) -> Iterator[bytes]:
    """What is no JSON object stands under ``_raw``."""
    for part in parts:
        yield b"".join(map(_object, part))


def _own_columns_first(header: str, delimiter: str) -> tuple[bool, str]:
    """A report that was sent again begins with our columns already."""
    own = delimiter.join(REPORT_COLUMNS)
    return header.startswith(own), header if header.startswith(own) else f"{own}{delimiter}{header}"


def _line(rejected: RejectedLine, delimiter: str, *, is_again: bool) -> str:
    raw = rejected.raw
    if is_again:
        rest = next(csv.reader([f"{part}\n" for part in raw.split("\n")], delimiter=delimiter), [])
        kept = io.StringIO()
        csv.writer(kept, delimiter=delimiter, lineterminator="").writerow(rest[len(REPORT_COLUMNS) :])
        line, raw = (rest[0] if rest else str(rejected.line)), kept.getvalue()
    else:
        line = str(rejected.line)
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow([line, rejected.code, rejected.message])
    return f"{text.getvalue()}{delimiter}{raw}\n"


def _object(rejected: RejectedLine) -> bytes:
    try:
        found = orjson.loads(rejected.raw)
    except orjson.JSONDecodeError:
        found = None
    kept = found if isinstance(found, dict) else {"_raw": rejected.raw}
    told = {"_line": kept.get("_line", rejected.line), "_code": rejected.code, "_message": rejected.message}
    return orjson.dumps({**told, **{name: value for name, value in kept.items() if name not in told}}, option=orjson.OPT_APPEND_NEWLINE)
