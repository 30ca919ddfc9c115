"""The rules by which AWS bills, each at its edges."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.bench.units import (
    KB,
    Bill,
    Unit,
    bus_events,
    chunks,
    http_requests,
    item_size,
    number_size,
    queue_requests,
    read_units,
    value_size,
    write_units,
)
from cli.bench.units_dynamodb import Index, index_units

SIZES = st.integers(0, 2_000_000)


@given(SIZES, st.integers(1, 600 * KB))
def test_chunks_hold_the_whole_and_none_is_empty_but_the_first(size: int, chunk: int) -> None:
    count = chunks(size, chunk)
    assert count >= 1
    assert (count - 1) * chunk < max(size, 1) <= count * chunk


@given(SIZES, SIZES)
def test_a_larger_item_never_costs_less(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert write_units(small) <= write_units(large)
    assert read_units(small, is_consistent=True) <= read_units(large, is_consistent=True)


@given(SIZES)
def test_a_read_that_may_lag_costs_half_and_a_transaction_twice(size: int) -> None:
    assert read_units(size, is_consistent=False) * 2 == read_units(size, is_consistent=True)
    assert write_units(size, is_transactional=True) == 2 * write_units(size)


@given(SIZES, SIZES)
def test_a_write_costs_the_larger_of_before_and_after(before: int, after: int) -> None:
    assert write_units(before, after) == write_units(max(before, after))


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (KB, 1), (KB + 1, 2), (10 * KB, 10)])
def test_a_write_unit_is_a_started_kilobyte(size: int, units: int) -> None:
    assert write_units(size) == units


@pytest.mark.parametrize(("size", "units"), [(0, 1), (4 * KB, 1), (4 * KB + 1, 2), (12 * KB, 3)])
def test_a_read_unit_is_a_started_4_kilobytes_and_what_is_missing_costs_one(size: int, units: int) -> None:
    assert read_units(size, is_consistent=True) == units


def test_requests_and_bus_events_are_metered_in_their_own_chunks() -> None:
    assert [http_requests(size * KB) for size in (0, 512, 513)] == [1, 1, 2]
    assert [queue_requests(size * KB) for size in (0, 64, 65, 256)] == [1, 1, 2, 4]
    names = {"Source": "ariane", "DetailType": "Event"}
    room = 64 * KB - len("arianeEvent")
    assert bus_events({**names, "Detail": "x" * room}) == 1
    assert bus_events({**names, "Detail": "x" * (room + 1)}) == 2
    assert bus_events({**names, "Detail": "x" * (room - 14), "Time": "2026-11-22T12:00:00Z"}) == 1
    assert bus_events({**names, "Detail": "x" * (room - 13), "Time": "2026-11-22T12:00:00Z"}) == 2
    assert bus_events({**names, "Detail": "é" * (room // 2 + 1)}) == 2


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "été"}, 5),
        ({"B": b"\x00" * 9}, 9),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": False}]}, 3 + (1 + 2) + (1 + 1)),
        ({"M": {"n": {"S": "ab"}}}, 3 + 1 + 1 + 2),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["1", "22"]}, 4),
    ],
)
def test_values_have_the_sizes_that_aws_documents(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


@pytest.mark.parametrize(
    ("text", "size"), [("0", 2), ("1", 2), ("12", 2), ("123", 3), ("1000", 2), ("-1", 3), ("0.001", 2), ("1763812800", 5)]
)
def test_numbers_count_their_significant_digits(text: str, size: int) -> None:
    assert number_size(text) == size


def test_names_count_too() -> None:
    assert item_size({"pk": {"S": "abc"}, "n": {"N": "1"}}) == 2 + 3 + 1 + 2


ENTRY: Any = {"pk": {"S": "p"}, "sk": {"S": "s"}, "dp": {"S": "due#1"}, "da": {"S": "noon"}, "v": {"N": "1"}, "big": {"B": b"x" * 3_000}}
DUE = Index("due", ("dp", "da"), frozenset({"pk", "sk", "dp", "da", "v"}))


def test_an_index_bills_what_changes_in_it() -> None:
    moved: Any
    ended: Any
    moved, ended = {**ENTRY, "da": {"S": "one"}}, {name: value for name, value in ENTRY.items() if name not in ("dp", "da")}
    assert index_units(DUE, None, ENTRY) == 1
    assert index_units(DUE, ENTRY, ENTRY) == 0
    assert index_units(DUE, ENTRY, {**ENTRY, "big": {"B": b""}}) == 0
    assert index_units(DUE, ENTRY, {**ENTRY, "v": {"N": "2"}}) == 1
    assert index_units(DUE, ENTRY, moved) == 2
    assert index_units(DUE, ENTRY, ended) == 1
    assert index_units(DUE, ended, ended) == 0
    assert index_units(Index("all", ("dp", "da"), None), None, ENTRY) == 3


def test_a_bill_tells_who_caused_what_and_forgets_what_was_before() -> None:
    bill = Bill()
    with bill.by("stitch"):
        bill.add(Unit.WRITE, 2, what="profiles")
        before = bill.snapshot()
        bill.add(Unit.WRITE, 1, what="profiles")
    bill.add(Unit.READ, Decimal("0.5"), what="profiles")
    rest = bill.since(before)
    assert {(entry.by, entry.what, entry.unit): quantity for entry, quantity in rest.entries.items()} == {
        ("stitch", "profiles", Unit.WRITE): 1,
        ("", "profiles", Unit.READ): Decimal("0.5"),
    }
    assert bill.total(Unit.WRITE) == 3
