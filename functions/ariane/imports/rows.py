"""Lines of a file as rows of cells. A line that is no row is one with its fault: it is refused by itself, and the rest goes on."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any

import orjson

from ariane.errors import Rejected
from ariane.imports.layout import Layout, Open, as_reports_are, lines_of
from ariane.imports.mapping import RAW, REPORT_COLUMNS, MappingFile
from ariane.imports.quotes import is_open, parsed
from ariane.imports.streams import LONGEST_LINE

MOST_COLUMNS = 2_000
_MOST_HELD = 1_000
"""Lines behind its first that one quoted cell may go over."""
_KEPT = 1_000
"""Characters of a line that is too long."""

type Cells = Sequence[Any]
"""Of CSV: texts by the header's places. Of NDJSON: one element, the object."""


@dataclass(slots=True)
class Row:
    line: int
    """Of its beginning, from 1."""
    last_line: int
    """Of its end."""
    position: int
    """Bytes of the file up to its end, as its lines are read (``lines_of``)."""
    raw: str
    cells: Cells
    fault: Rejected | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Where to go on in a file that can be entered (``Layout.can_be_entered``): behind a row."""

    line: int
    """The row's ``last_line``."""
    position: int
    open_file: Open
    """From the position on."""


@dataclass(frozen=True, slots=True)
class Table:
    """The header: names to places, and its own text for the report."""

    header: str
    places: Mapping[str, int]
    """Empty for NDJSON."""
    width: int
    delimiter: str

    @property
    def is_objects(self) -> bool:
        return not self.places

    def cell(self, cells: Cells, column: str) -> Any:
        """None: it is not there."""
        if self.places:
            place = self.places[column]
            return cells[place] if place < len(cells) else None
        return _at(cells[0], column) if cells else None

    def record(self, cells: Cells) -> Mapping[str, Any]:
        """By the columns' names."""
        if not self.places:
            found = cells[0] if cells else {}
            return found if isinstance(found, Mapping) else {}
        return {name: cells[place] for name, place in self.places.items() if place < len(cells)}

    def expect(self, columns: Sequence[str]) -> None:
        """Raises Rejected ``unknown_column``."""
        if self.is_objects:
            return
        missing = [name for name in dict.fromkeys(columns) if name not in self.places]
        if missing:
            close = get_close_matches(missing[0], list(self.places), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; the file has {', '.join(map(repr, self.places))}"
            raise Rejected("unknown_column", f"the mapping names {', '.join(map(repr, missing))}, which the file has not{hint}"[:1_000])


class Rows:
    """Iterates the rows; ``table`` is known from the beginning on. Raises Rejected for what is wrong with the file as a whole.

    What a row is depends on nothing before it: behind ``entry`` are the same rows as in the whole file."""

    def __init__(self, open_file: Open, layout: Layout, mapping: MappingFile, *, entry: Entry | None = None) -> None:
        mapping = as_reports_are(mapping) if layout.is_report else mapping
        self._layout = layout
        self._quote = mapping.quote
        self._unclosed_to = 0
        self._lines = _Numbered(lines_of(open_file, layout))
        self.table = self._read_header(mapping.header) if layout.format == "csv" else Table("", {}, 0, ",")
        if entry is not None:
            self._lines = _Numbered(_lines_behind(entry, layout), after=entry.line)

    def __iter__(self) -> Iterator[Row]:
        if self._layout.format == "ndjson":
            return self._objects()
        return self._records()

    def _objects(self) -> Iterator[Row]:
        for line, position, content in self._lines:
            if not content.strip():
                continue
            text, fault = self._decoded(content)
            cells: Cells = ()
            if fault is None:
                cells, fault = self._object(text)
            yield Row(line, line, position, text, cells, fault)

    def _object(self, text: str) -> tuple[Cells, Rejected | None]:
        """Of a report what was no object stands as a text in its ``_raw``."""
        try:
            found = orjson.loads(text)
            if self._layout.is_report and isinstance(found, dict) and isinstance(found.get(RAW), str):
                found = orjson.loads(found[RAW])
        except orjson.JSONDecodeError as error:
            return (), Rejected("invalid_json", f"the line is not JSON: {error.msg}, column {error.colno}")
        if not isinstance(found, dict):
            return (), Rejected("not_an_object", "the line is not a JSON object")
        for name in REPORT_COLUMNS:
            found.pop(name, None)
        return (found,), None

    def _records(self) -> Iterator[Row]:
        delimiter, quote, width = self._layout.delimiter, self._quote, self.table.width
        for line, position, content in self._lines:
            text, fault = self._decoded(content)
            if not text.strip():
                continue
            if quote and quote in text and fault is None:
                row = self._quoted(line, position, content, text)
            else:
                row = Row(line, line, position, text, text.split(delimiter), fault)
            if row.fault is None and len(row.cells) != width:
                row.cells, row.fault = _fitted(row.cells, width)
            yield row

    def _read_header(self, told: Sequence[str] | None) -> Table:
        if told is not None:
            return Table(self._layout.delimiter.join(told), _places(told), len(told), self._layout.delimiter)
        for line, position, content in self._lines:
            text, fault = self._decoded(content)
            if not text.strip():
                continue
            cells: Cells = text.split(self._layout.delimiter)
            if fault is None and self._quote and self._quote in text:
                row = self._quoted(line, position, content, text)
                text, cells, fault = row.raw, row.cells, row.fault
            if fault is not None:
                raise Rejected("invalid_header", f"the first line, the columns' names, cannot be read: {fault.message}")
            names = [name.strip() for name in cells]
            return Table(text, _places(names), len(names), self._layout.delimiter)
        raise Rejected("empty_file", "the file holds no line")

    def _decoded(self, content: bytes) -> tuple[str, Rejected | None]:
        if len(content) > LONGEST_LINE:
            text = content[: 4 * _KEPT].decode(self._layout.encoding, "replace")[:_KEPT].replace("\0", "\ufffd")
            message = f"the line has more than {LONGEST_LINE:,} bytes; the report holds its first {_KEPT:,} characters"
            return text, Rejected("line_too_long", message)
        try:
            text = content.decode(self._layout.encoding)
        except UnicodeDecodeError:
            readable = content.decode("cp1252", "replace").replace("\0", "\ufffd")
            return readable, Rejected("bad_encoding", f"the line is not {self._layout.encoding}")
        if content.isascii():
            return (text, None) if "\0" not in text else (text.replace("\0", "\ufffd"), _nul())
        return text.replace("\0", "\ufffd"), self._strange(content, text)

    def _strange(self, content: bytes, text: str) -> Rejected | None:
        if b"\0" in content:
            return _nul()
        if (self._layout.is_wide or self._layout.original_encoding.lower().startswith("utf")) and "\ufffd" in text:
            return Rejected("bad_encoding", "the line holds U+FFFD: something could not be read before, here or where it was written")
        if self._layout.is_mixed and self._layout.encoding != "utf-8":
            try:
                content.decode("utf-8")
            except UnicodeDecodeError:
                return None
            return Rejected("mixed_encoding", f"the line is UTF-8 in a file that is otherwise {self._layout.encoding}")
        return None

    def _quoted(self, line: int, position: int, content: bytes, text: str) -> Row:
        """A quoted cell may hold line ends. One that never closes refuses its first line alone."""
        delimiter, quote = self._layout.delimiter, self._quote
        more = self._lines_to_closing(line, position - len(content)) if is_open(text, delimiter, quote) else 0
        if more is None:
            fault = Rejected("unclosed_quote", f"a quoted cell of line {line} is never closed")
            return Row(line, line, position, text, text.split(delimiter), fault)
        last, parts, faults = line, [text], list[Rejected]()
        for last, position, following in islice(self._lines, more):  # noqa: B007 - the last ones are the row's
            part, fault_of_part = self._decoded(following)
            parts.append(part)
            faults += [fault_of_part] if fault_of_part else []
        whole = "\n".join(parts)
        cells, fault_of_all = parsed(whole, delimiter, quote) if not faults else ((), faults[0])
        return Row(line, last, position, whole, cells, fault_of_all)

    def _lines_to_closing(self, line: int, beginning: int) -> int | None:
        """How many lines behind this one a cell closes that is open at its end. None: none does, as far as a cell may go.

        Whether a line closes an open cell is a matter of that line alone. So lines that did not are remembered for the searches from the
        lines behind, and each is looked at once, however many cells stay open."""
        place = max(0, self._unclosed_to - line)
        while place < _MOST_HELD:
            following = self._lines.coming(place)
            if following is None or following[1] - beginning > LONGEST_LINE:
                return None
            if not is_open(self._decoded(following[2])[0], self._layout.delimiter, self._quote, within=True):
                return place + 1
            self._unclosed_to = following[0]
            place += 1
        return None


class _Numbered:
    """Lines with their numbers and positions; those that come can be seen before."""

    def __init__(self, lines: Iterator[tuple[int, bytes]], *, after: int = 0) -> None:
        self._lines = lines
        self._number = after
        self._ahead: deque[tuple[int, int, bytes]] = deque()

    def __iter__(self) -> "_Numbered":
        return self

    def __next__(self) -> tuple[int, int, bytes]:
        return self._ahead.popleft() if self._ahead else self._read()

    def coming(self, place: int) -> tuple[int, int, bytes] | None:
        """The line at this place behind the current one, from 0. None: the file ends before."""
        try:
            while len(self._ahead) <= place:
                self._ahead.append(self._read())
        except StopIteration:
            return None
        return self._ahead[place]

    def _read(self) -> tuple[int, int, bytes]:
        position, content = next(self._lines)
        self._number += 1
        return self._number, position, content


def _lines_behind(entry: Entry, layout: Layout) -> Iterator[tuple[int, bytes]]:
    """At the end of the file there is nothing to open: stores refuse to read from there."""
    return lines_of(entry.open_file, layout, position=entry.position) if entry.position < layout.size else iter(())


def _fitted(cells: Cells, width: int) -> tuple[Cells, Rejected | None]:
    """Empty cells at the end are what spreadsheets leave there."""
    extra = cells[width:]
    if len(cells) > width and not any(extra):
        return cells[:width], None
    return cells, Rejected("ragged_line", f"the line has {len(cells):,} cells, the header {width:,}")


def _places(names: Sequence[str]) -> Mapping[str, int]:
    if len(names) > MOST_COLUMNS:
        raise Rejected("too_many_columns", f"a file has at most {MOST_COLUMNS:,} columns")
    known: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in known:
            raise Rejected("duplicate_header", f"two columns are called {name!r} ({known[name] + 1} and {place + 1})")
        if name:
            known[name] = place
    if not known:
        raise Rejected("invalid_header", "the first line names no column")
    return known


def _at(value: Any, path: str) -> Any:
    """A member by its own name first, then by the dotted path."""
    if not isinstance(value, Mapping):
        return None
    if path in value:
        return value[path]
    head, _, rest = path.partition(".")
    return _at(value.get(head), rest) if rest else None


def _nul() -> Rejected:
    return Rejected("nul_byte", "the line holds a NUL byte")
