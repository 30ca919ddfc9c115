"""What was recorded of a person for conditions, in few bytes: instants and counters as numbers, texts and values in the fragment's
document.

Instants go from the latest to the earliest, each as its distance from the one before. Nothing is rounded.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ariane.conditions.entries import EXACT
from ariane.conditions.series import Base, Entry, Observed, Run, Scalar, Settings, ValueTally
from ariane.profiles.compact import Reader, Writer

_KEY_BYTES = 4
_SUMMED, _AMOUNTS, _ENDS, _PARTIAL, _TALLIED = 1, 2, 4, 8, 64
"""Flags: there is a base; it has a total; a least and a most; not all values; some values."""
_RANKED = 2
"""Runs have ranks."""
_VARIED = 2
"""Entries with other numbers of values than none or one each."""


class Recorded(NamedTuple):
    observed: Mapping[str, Observed]
    settings: Mapping[str, Settings]


def texts_of(recorded: Recorded) -> list[Any]:
    """What of it is JSON: values of entries, tallied values, and of each trait its name and the values of its runs."""
    series = [recorded.observed[key] for key in sorted(recorded.observed)]
    values = [value for each in series for entry in reversed(each.entries) for value in entry.values]
    tallied = [list(each.base.values) for each in series if each.base.values]
    return [values, tallied, {name: [run.value for run in each.runs] for name, each in sorted(recorded.settings.items())}]


def write_recorded(writer: Writer, recorded: Recorded, *, near: int) -> None:
    writer.number(len(recorded.observed))
    for key in sorted(recorded.observed):
        writer.raw(bytes.fromhex(key))
        _write_observed(writer, recorded.observed[key], near)
    for name in sorted(recorded.settings):
        _write_settings(writer, recorded.settings[name], near)


def read_recorded(reader: Reader, texts: Sequence[Any], *, near: int) -> Recorded:
    """Raises what ``Reader`` raises, and LookupError, TypeError, ValueError for what ``write_recorded`` did not write."""
    values, tallied, settings = texts
    each_value, each_tally = iter(values), iter(tallied)
    observed = {reader.raw(_KEY_BYTES).hex(): _read_observed(reader, each_value, each_tally, near) for _ in range(reader.number())}
    return Recorded(observed, {name: _read_settings(reader, said, near) for name, said in settings.items()})


def _write_observed(writer: Writer, observed: Observed, near: int) -> None:
    base = observed.base
    has_ends = base.low is not None or base.high is not None
    flags = _SUMMED * (observed.watermark is not None) + _AMOUNTS * bool(base.total) + _ENDS * has_ends + _PARTIAL * base.is_partial
    counts = {len(entry.values) for entry in observed.entries}
    arity = _VARIED if len(counts) > 1 or max(counts, default=0) > 1 else max(counts, default=0)
    writer.number(flags + 16 * arity + _TALLIED * bool(base.values))
    writer.number(len(observed.entries))
    for entry in reversed(observed.entries):
        writer.signed(near - entry.millis)
        near = entry.millis
        if arity == _VARIED:
            writer.number(len(entry.values))
    if observed.watermark is not None:
        writer.signed(near - observed.watermark)
        _write_base(writer, base, near=observed.watermark)


def _read_observed(reader: Reader, values: Iterator[Scalar], tallied: Iterator[Sequence[Scalar]], near: int) -> Observed:
    head = reader.number()
    arity = head >> 4 & 3
    entries: list[Entry] = []
    for _ in range(reader.number()):
        near -= reader.signed()
        count = reader.number() if arity == _VARIED else arity
        entries.append(Entry(near, tuple(_next(values) for _ in range(count))))
    if not head & _SUMMED:
        return Observed(tuple(reversed(entries)))
    watermark = near - reader.signed()
    names = _next(tallied) if head & _TALLIED else ()
    return Observed(tuple(reversed(entries)), _read_base(reader, head, names, near=watermark), watermark)


def _write_base(writer: Writer, base: Base, *, near: int) -> None:
    writer.number(base.times)
    writer.optional(None if base.last is None else near - base.last)
    writer.optional(None if base.first is None else near - base.first)
    if base.total:
        _write_decimal(writer, base.total)
    if base.low is not None or base.high is not None:
        _write_optional(writer, base.low)
        _write_optional(writer, base.high)
    for tally in base.values.values():
        writer.number(tally.times)
        writer.signed(near - tally.last)
        writer.signed(tally.last - tally.first)


def _read_base(reader: Reader, head: int, names: Sequence[Scalar], *, near: int) -> Base:
    times, last, first = reader.number(), reader.optional(), reader.optional()
    total = _read_decimal(reader) if head & _AMOUNTS else Decimal(0)
    low, high = (_read_optional(reader), _read_optional(reader)) if head & _ENDS else (None, None)
    return Base(
        times=times,
        first=None if first is None else near - first,
        last=None if last is None else near - last,
        total=total,
        low=low,
        high=high,
        values={name: _read_tally(reader, near) for name in names},
        is_partial=bool(head & _PARTIAL),
    )


def _read_tally(reader: Reader, near: int) -> ValueTally:
    times, last = reader.number(), near - reader.signed()
    return ValueTally(times, last - reader.signed(), last)


def _write_decimal(writer: Writer, value: Decimal) -> None:
    exponent = int(value.as_tuple().exponent)
    writer.signed(int(value.scaleb(-exponent, EXACT)) if exponent else int(value))
    writer.signed(exponent)


def _read_decimal(reader: Reader) -> Decimal:
    number, exponent = reader.signed(), reader.signed()
    return Decimal(number).scaleb(exponent, EXACT) if exponent else Decimal(number)


def _write_optional(writer: Writer, value: Decimal | None) -> None:
    writer.number(int(value is not None))
    if value is not None:
        _write_decimal(writer, value)


def _read_optional(reader: Reader) -> Decimal | None:
    return _read_decimal(reader) if reader.number() else None


def _write_settings(writer: Writer, settings: Settings, near: int) -> None:
    ranked = any(run.rank for run in settings.runs)
    writer.number(_SUMMED * (settings.watermark is not None) + _RANKED * ranked)
    for run in settings.runs:
        writer.signed(near - run.last)
        writer.number(run.last - run.first)
        near = run.first
        if ranked:
            writer.number(run.rank)
    if settings.watermark is not None:
        writer.signed(near - settings.watermark)


def _read_settings(reader: Reader, said: Sequence[Any], near: int) -> Settings:
    head = reader.number()
    runs: list[Run] = []
    for value in said:
        last = near - reader.signed()
        near = last - reader.number()
        runs.append(Run(near, last, value, reader.number() if head & _RANKED else 0))
    return Settings(tuple(runs), near - reader.signed() if head & _SUMMED else None)


def _next[T](values: Iterator[T]) -> T:
    for value in values:
        return value
    raise ValueError("fewer values than were counted")
