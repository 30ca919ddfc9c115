"""Rows to events: grouped, named by their content so that a repeated import lands on itself, and parted where one holds too much."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b, sha256
from typing import Any

import orjson

from ariane.errors import Rejected
from ariane.events.measure import MAX_EVENT
from ariane.imports.mapping import REPORT_COLUMNS, MappingFile
from ariane.imports.rows import Row, Rows
from ariane.imports.shaping import SKIPPED, LineRejected, Shaped, Shaper

CONTINUED = "Continued"
"""Behind the name of an event whose elements do not fit into one: ``Order Completed Continued``. It has the rest, and no sums."""
MOST_GROUPED = 20_000
"""Lines of one group."""
MOST_GROUPED_BYTES = 8_000_000
MOST_DISTINCT = 2_000_000
"""Lines without a ``key``, or groups, that are told apart by counting equal ones: what the function's memory holds."""
_ROOM = 4 * 1024
"""Kept of an event's bytes for what the elements are wrapped in."""


@dataclass(frozen=True, slots=True)
class Refused:
    row: Row
    code: str
    message: str


@dataclass(slots=True)
class Taken:
    """What one row, or one group, came to: messages, an object, nothing, or refusals of each of its rows."""

    rows: Sequence[Row]
    messages: Sequence[dict[str, Any]] = ()
    shaped: Shaped | None = None
    refused: Sequence[Refused] = field(default_factory=list)

    @property
    def is_skipped(self) -> bool:
        return self.shaped is SKIPPED


class Events:
    """Iterates what each row or group of a file becomes. Passing rows over (``skip_to``) counts equal ones all the same."""

    def __init__(self, rows: Rows, mapping: MappingFile, *, as_of: datetime, received_at: datetime | None = None) -> None:
        self._rows = rows
        self._mapping = mapping
        self._shaper = Shaper(mapping, rows.table, as_of=as_of, received_at=received_at)
        self._times = mapping.time_columns
        self._seen: Counter[int] = Counter()

    def taken(self, *, after_line: int = 0) -> Iterator[Taken]:
        """From the first row, or group, on that begins after this line."""
        for rows in self._groups() if self._mapping.group else ([row] for row in self._rows):
            token = self._token(rows)
            if rows[0].line > after_line:
                yield self._take(rows, token)

    def _take(self, rows: Sequence[Row], token: str) -> Taken:
        try:
            _expect_sound(rows)
            shaped = self._shaper.shape(rows)
            return Taken(rows, list(self._messages(shaped, token)), shaped)
        except LineRejected as error:
            return Taken(rows, refused=_refused(rows, error, error.row))
        except Rejected as error:
            return Taken(rows, refused=_refused(rows, error, rows[0]))

    def _messages(self, shaped: Shaped, token: str) -> Iterator[dict[str, Any]]:
        if shaped.message is None:
            return
        message, group = shaped.message, self._mapping.group
        if group is None or not shaped.elements:
            yield {**message, "messageId": self._message_id(shaped.meaning, token, 1)}
            return
        parts = list(_parts(shaped.elements))
        for number, elements in enumerate(parts, start=1):
            made = dict(message)
            properties = message["properties"] if number == 1 else _without_numbers(message["properties"])
            made["properties"] = {**properties, group.items: elements}
            if len(parts) > 1:
                made["properties"] |= {"part": number, "parts": len(parts)}
            if number > 1:
                made["event"] = f"{message['event']} {CONTINUED}"
            yield {**made, "messageId": self._message_id(shaped.meaning, token, number)}

    def _message_id(self, meaning: str, token: str, part: int) -> str:
        told = "\x1f".join((self._mapping.source, str(self._mapping.revision), meaning, token, str(part)))
        return "imp-" + sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _groups(self) -> Iterator[list[Row]]:
        """A line of which not even the group can be read is one by itself. Of a group that is too large the rest is refused, not held."""
        group: list[Row] = []
        key: tuple[str, ...] | None = None
        size = 0
        is_over = False
        for row in self._rows:
            theirs = self._group_key(row)
            if theirs is None or theirs != key:
                if group:
                    yield group
                group, size, key, is_over = [], 0, theirs, False
            group.append(row)
            size += len(row.raw)
            is_over = is_over or len(group) > MOST_GROUPED or size > MOST_GROUPED_BYTES
            if is_over:
                row.fault = row.fault or _too_large()
            if is_over or theirs is None:
                yield group
                group = []
        if group:
            yield group

    def _group_key(self, row: Row) -> tuple[str, ...] | None:
        if self._mapping.group is None or not row.cells:
            return None
        cells = [self._rows.table.cell(row.cells, column) for column in self._mapping.group.by]
        return None if any(cell is None for cell in cells) else tuple(str(cell).strip() for cell in cells)

    def _token(self, rows: Sequence[Row]) -> str:
        """What tells these rows from all others of the file, and is the same in the next file that has them, and in a report that was
        corrected. With the time as it is written: receipts are numbered anew in another year, or another shop's till."""
        row, mapping = rows[0], self._mapping
        if mapping.key:
            return "key\x1f" + "\x1f".join(self._told(row, (*mapping.key, *self._times)))
        if mapping.group is None:
            content = _content(row, self._rows)
        elif (key := self._group_key(row)) is not None:
            content = "\x1f".join((*key, *self._told(row, self._times)))
        else:
            content = row.raw
        return f"{content}\x1f{self._occurrence(content)}"

    def _told(self, row: Row, columns: Sequence[str]) -> Iterator[str]:
        return (str(self._rows.table.cell(row.cells, column)) for column in columns)

    def _occurrence(self, content: str) -> int:
        digest = int.from_bytes(blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        self._seen[digest] += 1
        if len(self._seen) > MOST_DISTINCT:
            raise Rejected(
                "key_needed",
                f"more than {MOST_DISTINCT:,} different lines or groups: say in the mapping's key which columns tell a line from another",
            )
        return self._seen[digest]


def _content(row: Row, rows: Rows) -> str:
    if rows.table.is_objects:
        return orjson.dumps(row.cells[0], option=orjson.OPT_SORT_KEYS).decode() if row.cells else row.raw
    if not row.cells:
        return row.raw
    left_out = {rows.table.places[name] for name in REPORT_COLUMNS if name in rows.table.places}
    return "\x1f".join(cell for place, cell in enumerate(row.cells) if place not in left_out)


def _too_large() -> Rejected:
    return Rejected("group_too_large", f"a group has at most {MOST_GROUPED:,} lines and {MOST_GROUPED_BYTES:,} characters")


def _expect_sound(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.fault is not None:
            raise LineRejected(row, row.fault)


def _refused(rows: Sequence[Row], error: Rejected, at: Row) -> list[Refused]:
    """The whole group is refused with its line: an order without it would be another one."""
    of_others = f"line {at.line} of the same group is refused ({error.code})"
    return [
        Refused(row, error.code, error.message) if row is at or len(rows) == 1 else Refused(row, "group_refused", of_others) for row in rows
    ]


def _parts(elements: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """In as few lists as fit into an event each."""
    part: list[dict[str, Any]] = []
    size = 0
    for element in elements:
        length = len(orjson.dumps(element)) + 1
        if part and size + length > MAX_EVENT - _ROOM:
            yield part
            part, size = [], 0
        part.append(element)
        size += length
    yield part


def _without_numbers(properties: dict[str, Any]) -> dict[str, Any]:
    """What is told once must not be added up twice: totals stand in the first part alone."""
    return {name: value for name, value in properties.items() if isinstance(value, str)}
