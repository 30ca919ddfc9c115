"""A query's answer, for people and for programs."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import orjson

from ariane.segments.audience_csv import harmless
from cli.report import print_table, printable

DOLLARS_PER_TERABYTE = 5
"""Athena's list price in us-east-1. https://aws.amazon.com/athena/pricing/"""
_LEAST = 10_000_000
"""Bytes that every query is billed for."""


@dataclass(frozen=True, slots=True)
class Result:
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    is_cut: bool = False
    """There are more rows than were asked for."""
    scanned: int | None = None
    """Bytes."""

    @property
    def dollars(self) -> float:
        return max(self.scanned or 0, _LEAST) / 1e12 * DOLLARS_PER_TERABYTE


def show(result: Result, *, how: str) -> None:
    if how == "json":
        for row in result.rows:
            print(orjson.dumps(dict(zip(_distinct(result.columns), row, strict=True)), default=_plain).decode())
    elif how == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(map(_in_a_spreadsheet, result.columns))
        writer.writerows(map(_in_a_spreadsheet, row) for row in result.rows)
    elif result.columns:
        names = _distinct(result.columns)
        print_table("", [dict(zip(names, map(_in_a_cell, row), strict=True)) for row in result.rows], names)


def footer(result: Result, *, is_local: bool) -> str:
    count = f"{len(result.rows):,} row{'' if len(result.rows) == 1 else 's'}{', and more (--max-rows)' if result.is_cut else ''}"
    if result.scanned is None:
        return count
    size = size_of(result.scanned)
    return f"{count}; the lake on this machine holds {size}" if is_local else f"{count}; {size} scanned, {result.dollars:.5f} dollars"


def size_of(count: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count} bytes"


def _distinct(names: Sequence[str]) -> list[str]:
    """``count(*)`` twice is two columns."""
    return [name if name not in names[:place] else f"{name}_{place + 1}" for place, name in enumerate(names)]


def _in_a_spreadsheet(value: object) -> object:
    """Events are public: a text of theirs is no formula there, and steers no terminal. Numbers stay as they are."""
    said = "" if value is None else _in_a_cell(value)
    is_number = isinstance(value, int | float | Decimal)
    return said if is_number or not isinstance(said, str) else harmless(printable(said))


def _in_a_cell(value: object) -> object:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    return str(value) if isinstance(value, int | float | Decimal | date) else orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)
