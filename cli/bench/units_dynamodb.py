"""DynamoDB's calls as billed units: from a call's parameters, its answer, and the items as they lie in the table before and after."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from cli.bench.units import Item, Unit, item_size, read_units, write_units

type Stored = Callable[[str, Item], Item | None]
"""(table, key) -> the item as it lies there now."""


class Charge(NamedTuple):
    table: str
    unit: Unit
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. ``projected``: its own keys and the table's are among them; None: whole items."""

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Write:
    """One item that a call writes, or only checks."""

    table: str
    key: Item
    action: str
    """``Put``, ``Update``, ``Delete`` or ``ConditionCheck``."""
    attempted: Item | None
    """What a put would store."""
    before: Item | None


def writes_of(operation: str, request: Mapping[str, Any], stored: Stored, keys: Callable[[str], Sequence[str]]) -> Sequence[Write]:
    """The writes of a call that is about to be made; empty for reads. ``keys``: the names of a table's key attributes."""
    return [_write(action, named, stored, keys) for action, named in _targets(operation, request)]


def _write(action: str, named: Mapping[str, Any], stored: Stored, keys: Callable[[str], Sequence[str]]) -> Write:
    table, item = named["TableName"], named.get("Item")
    key = {name: (item or named["Key"])[name] for name in keys(table)}
    return Write(table, key, action, item, stored(table, key))


def _targets(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield operation.removesuffix("Item"), request
        case "TransactWriteItems":
            yield from (pair for action in request["TransactItems"] for pair in action.items())
        case "BatchWriteItem":
            for table, requests in request["RequestItems"].items():
                for each in requests:
                    yield from ((name.removesuffix("Request"), {"TableName": table, **action}) for name, action in each.items())


def charges_of_writes(
    operation: str, writes: Sequence[Write], *, is_done: bool, stored: Stored, indexes: Callable[[str], Sequence[Index]]
) -> Iterator[Charge]:
    """After the call was made; ``is_done`` False: it was refused."""
    is_transactional = operation == "TransactWriteItems"
    for write in writes:
        after = _after(write, stored) if is_done else write.before
        sizes = [item_size(item) for item in (write.before, after, write.attempted) if item]
        yield Charge(write.table, Unit.WRITE, Decimal(write_units(*sizes, is_transactional=is_transactional)))
        for index in indexes(write.table):
            units = index_units(index, write.before, after)
            if units:
                yield Charge(f"{write.table}/{index.name}", Unit.WRITE, Decimal(units))


def _after(write: Write, stored: Stored) -> Item | None:
    match write.action:
        case "Put":
            return write.attempted
        case "Delete":
            return None
        case "ConditionCheck":
            return write.before
    return stored(write.table, write.key)


def index_units(index: Index, before: Item | None, after: Item | None) -> int:
    """An entry that appears, changes or goes is one write of its own size; one whose key changes goes and appears.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """
    old, new = _entry(index, before), _entry(index, after)
    if old == new:
        return 0
    if old and new and all(old[name] == new[name] for name in index.keys):
        return write_units(item_size(old), item_size(new))
    return sum(write_units(item_size(entry)) for entry in (old, new) if entry)


def _entry(index: Index, item: Item | None) -> Item | None:
    if item is None or any(name not in item for name in index.keys):
        return None
    if index.projected is None:
        return item
    return {name: value for name, value in item.items() if name in index.projected}


def charges_of_reads(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[Charge]:
    """Raises ValueError for a read whose answer does not show what was read."""
    match operation:
        case "GetItem":
            yield _read(request["TableName"], [answer.get("Item")], request)
        case "BatchGetItem":
            yield from _batch(request, answer)
        case "Query" | "Scan":
            if "FilterExpression" in request:
                raise ValueError("a filter hides what was read: the meter cannot count it")
            where = "/".join(filter(None, (request["TableName"], request.get("IndexName"))))
            size = sum(map(item_size, answer["Items"]))
            yield Charge(where, Unit.READ, read_units(size, is_consistent=bool(request.get("ConsistentRead"))))
        case "TransactGetItems":
            raise ValueError("nothing of the platform reads in transactions: teach the meter first")


def _batch(request: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[Charge]:
    for table, wanted in request["RequestItems"].items():
        found = answer["Responses"].get(table, [])
        unread = len(answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ()))
        missing = len(wanted["Keys"]) - len(found) - unread
        yield _read(table, [*found, *[None] * missing], wanted)


def _read(table: str, items: Sequence[Item | None], options: Mapping[str, Any]) -> Charge:
    """Each by itself."""
    if "ProjectionExpression" in options:
        raise ValueError("a projection hides what was read: the meter cannot count it")
    is_consistent = bool(options.get("ConsistentRead"))
    units = (read_units(item_size(item) if item else 0, is_consistent=is_consistent) for item in items)
    return Charge(table, Unit.READ, sum(units, Decimal(0)))
