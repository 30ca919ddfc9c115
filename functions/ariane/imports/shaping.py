"""What rows become by a mapping: messages in Segment's shape, objects, or nothing. Pure; the columns are looked up once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from ariane.conditions.evaluate import matches
from ariane.errors import Rejected
from ariane.events.measure import MAX_EVENT
from ariane.events.timestamps import MOST_SKEW
from ariane.imports.cells import Cells, as_json
from ariane.imports.mapping import Fixed, FixedTime, FromColumn, MappingFile, Rule, Sum, Timestamp
from ariane.imports.rows import Row, Table
from ariane.instants import format_instant, parse_instant

type Read = Callable[[Sequence[Row]], Any]
"""A field's value of a row, or of the rows of a group."""
_EVENT_FIELDS = {"user_id": "userId", "anonymous_id": "anonymousId"}
_NEVER = "9999-12-31T23:59:59.999Z"
_TRAIT_IDENTIFIERS = ("email", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """``message``: without an id, its list of items apart; ``target``: of an object, its type and key."""

    message: dict[str, Any] | None = None
    elements: Sequence[dict[str, Any]] = ()
    """One of each row of a group, in their order."""
    target: tuple[str, str] | None = None
    properties: Mapping[str, Any] | None = None
    at: str = ""
    meaning: str = ""
    """Of a message: what its rule says beside what the columns hold, and of traits without a time of their own the time that they are as
    of. Lines that are equal but mean something else are told apart by it."""


SKIPPED = Shaped()


class Shaper:
    """Raises Rejected ``unknown_column`` where the table has not what the mapping names. ``received_at``: events lie in the past of it;
    without it, they may lie anywhere."""

    def __init__(self, mapping: MappingFile, table: Table, *, as_of: datetime, received_at: datetime | None = None) -> None:
        self._table = table
        self._as_of = as_of
        self._latest = format_instant(received_at + MOST_SKEW) if received_at else _NEVER
        self._cells = Cells(mapping)
        self._rules = [(rule, self._compiled(rule)) for rule in mapping.rules]
        group_columns = mapping.group.by if mapping.group else ()
        table.expect([*mapping.key, *group_columns, *(name for rule in mapping.rules for name in _columns(rule))])

    def shape(self, rows: Sequence[Row]) -> Shaped:
        """Raises Rejected, and LineRejected where one row of several is at fault."""
        record = self._table.record(rows[0].cells)
        compiled = next((each for rule, each in self._rules if not rule.when or matches(rule.when, record, self._as_of)), None)
        if compiled is None:
            raise Rejected("no_rule", "no rule of the mapping is for such a line; a rule with skip: true leaves lines out on purpose")
        return compiled(rows)

    def _compiled(self, rule: Rule) -> Callable[[Sequence[Row]], Shaped]:
        if rule.skip:
            return lambda _: SKIPPED
        properties, at = self._fields(rule.properties), self._time(rule)
        if rule.object is not None:
            return self._object(rule, properties, at)
        identifiers = [(name, self._value(value)) for name, value in rule.identifiers.items()]
        traits, item = self._fields(rule.traits), self._fields(rule.item)
        meaning = _meaning(rule, as_of=format_instant(self._as_of))

        def message(rows: Sequence[Row]) -> Shaped:
            made: dict[str, Any] = {"type": "track", "event": rule.event} if rule.event else {"type": "identify"}
            made["timestamp"] = self._passed(at(rows), rule)
            own = traits(rows)
            _identify(made, own, [(name, read(rows)) for name, read in identifiers])
            if rule.event:
                made["properties"] = properties(rows)
            _put_traits(made, own)
            return Shaped(message=made, elements=_elements(item, rows) if rule.item else (), meaning=meaning)

        return message

    def _passed(self, at: str, rule: Rule) -> str:
        """A time in the future would count as that of each import anew. Objects may have one: tomorrow's prices, a spot that is planned."""
        if at <= self._latest:
            return at
        told = rule.timestamp.column if isinstance(rule.timestamp, Timestamp) else rule.timestamp
        what = f"column {told!r}" if isinstance(told, str) else "the time that the mapping says"
        raise Rejected("not_a_time", f"{what} lies in the future, more than a clock may be fast: is its time_zone right?")

    def _object(self, rule: Rule, properties: Callable[[Sequence[Row]], dict[str, Any]], at: Read) -> Callable[[Sequence[Row]], Shaped]:
        def made(rows: Sequence[Row]) -> Shaped:
            parts = [self._table.cell(rows[0].cells, column) for column in rule.key]
            if any(self._cells.is_null(part) for part in parts):
                raise Rejected("key_missing", f"a column of the object's key ({', '.join(rule.key)}) is empty")
            key = ":".join(str(part).strip().replace("%", "%25").replace(":", "%3A").replace("/", "%2F") for part in parts)
            if len(key.encode()) > 500:
                raise Rejected("key_too_long", "the object's key has more than 500 bytes")
            told = properties(rows)
            if len(orjson.dumps(told)) > MAX_EVENT:
                raise Rejected("object_too_large", f"an object has at most {MAX_EVENT:,} bytes, as JSON")
            return Shaped(target=(str(rule.object), key), properties=told, at=at(rows))

        return made

    def _fields(self, fields: Mapping[str, Any]) -> Callable[[Sequence[Row]], dict[str, Any]]:
        readers = [(name.split("."), self._value(value), isinstance(value, FromColumn) and value.removes) for name, value in fields.items()]

        def read_all(rows: Sequence[Row]) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for path, read, removes in readers:
                value = read(rows)
                if value is not None or removes:
                    _set(made, path, value)
            return made

        return read_all

    def _value(self, spec: Any) -> Read:
        match spec:
            case str():
                return self._cell(FromColumn(column=spec))
            case FromColumn():
                return self._cell(spec)
            case Fixed():
                return lambda _: spec.value
            case Sum():
                return self._sum(spec)
        raise TypeError(f"no value of a mapping: {type(spec).__name__}")

    def _cell(self, spec: FromColumn) -> Read:
        read, column, table = self._cells.reader(spec), spec.column, self._table
        return lambda rows: read(table.cell(rows[0].cells, column))

    def _sum(self, spec: Sum) -> Read:
        def total(rows: Sequence[Row]) -> int | float:
            return as_json(sum((self._product(row, spec.sum) for row in rows), Decimal()))

        return total

    def _product(self, row: Row, columns: Sequence[str]) -> Decimal:
        product = Decimal(1)
        for column in columns:
            cell = self._table.cell(row.cells, column)
            if self._cells.is_null(cell):
                return Decimal()
            product *= self._of_line(row, cell, column)
        return product

    def _of_line(self, row: Row, cell: Any, column: str) -> Decimal:
        try:
            return self._cells.decimal(cell, column)
        except Rejected as error:
            raise LineRejected(row, error) from error

    def _time(self, rule: Rule) -> Read:
        spec = rule.timestamp
        if isinstance(spec, FixedTime):
            fixed = format_instant(parse_instant(spec.value))
            return lambda _: fixed
        if spec is None:
            as_of = format_instant(self._as_of)
            return lambda _: as_of
        told = Timestamp(column=spec, required=True) if isinstance(spec, str) else spec.model_copy(update={"required": True})
        return self._cell(told)


class LineRejected(Rejected):
    """One row of a group is at fault."""

    def __init__(self, row: Row, error: Rejected) -> None:
        super().__init__(error.code, error.message)
        self.row = row


def _elements(read: Callable[[Sequence[Row]], dict[str, Any]], rows: Sequence[Row]) -> list[dict[str, Any]]:
    made = []
    for row in rows:
        try:
            made.append(read([row]))
        except LineRejected:
            raise
        except Rejected as error:
            raise LineRejected(row, error) from error
    return made


def _identify(message: dict[str, Any], traits: dict[str, Any], identifiers: Sequence[tuple[str, Any]]) -> None:
    """Where the platform looks for each namespace: fields of the message, traits, ``context.externalIds``."""
    external = []
    for name, value in identifiers:
        if value is None:
            continue
        if name in _EVENT_FIELDS:
            message[_EVENT_FIELDS[name]] = value
        elif name in _TRAIT_IDENTIFIERS:
            traits[name] = value
        else:
            external.append({"type": name, "id": str(value)})
    if external:
        message["context"] = {"externalIds": external}


def _put_traits(message: dict[str, Any], traits: dict[str, Any]) -> None:
    if not traits:
        return
    if message["type"] == "identify":
        message["traits"] = traits
    else:
        message["context"] = {**message.get("context", {}), "traits": traits}


def _set(made: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        below = made.get(name)
        made[name] = below = below if isinstance(below, dict) else {}
        made = below
    made[path[-1]] = value


def _meaning(rule: Rule, *, as_of: str) -> str:
    time = rule.timestamp.value if isinstance(rule.timestamp, FixedTime) else as_of if rule.timestamp is None else None
    constants = sorted((name, value.value) for name, value in rule.values() if isinstance(value, Fixed) and not name.startswith("item."))
    return orjson.dumps([rule.event, time, constants]).decode()


def _columns(rule: Rule) -> Iterator[str]:
    yield from rule.key
    yield from (test.property for test in rule.when)
    if isinstance(rule.timestamp, str):
        yield rule.timestamp
    elif isinstance(rule.timestamp, Timestamp):
        yield rule.timestamp.column
    for _, value in rule.values():
        match value:
            case str():
                yield value
            case FromColumn():
                yield value.column
            case Sum():
                yield from value.sum
