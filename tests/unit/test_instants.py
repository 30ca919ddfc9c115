"""Instants: one spelling, whose text order is time order."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.instants import format_instant, from_millis, parse_instant, to_millis

INSTANTS = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))


@given(INSTANTS)
def test_an_instant_survives_its_spelling_and_its_milliseconds(at: datetime) -> None:
    assert parse_instant(format_instant(at)) == at
    assert from_millis(to_millis(at)) == at


@given(INSTANTS, INSTANTS)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (format_instant(one) < format_instant(other)) == (one < other)


def test_an_instant_is_cut_to_milliseconds_and_told_in_utc() -> None:
    assert format_instant(datetime(2026, 11, 22, 6, 18, 51, 943_999, timezone(timedelta(hours=1)))) == "2026-11-22T05:18:51.943Z"


def test_an_instant_without_a_zone_is_utc_when_read_and_refused_when_written() -> None:
    assert parse_instant("2026-11-22T05:18:51") == datetime(2026, 11, 22, 5, 18, 51, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        format_instant(datetime(2026, 11, 22))  # noqa: DTZ001
