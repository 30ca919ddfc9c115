from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.errors import Rejected
from ariane.events.timestamps import corrected, sent_instant, stated_instant

RECEIVED = datetime(2026, 11, 22, 12, tzinfo=UTC)
anytime = st.datetimes(timezones=st.just(UTC))


def correct(original: datetime | None, *, sent: datetime | None = None, is_public: bool = True) -> datetime:
    return corrected(original, sent_at=sent, received_at=RECEIVED, is_public=is_public)


def ago(**amount: float) -> datetime:
    return RECEIVED - timedelta(**amount)


def test_a_slow_clock_is_put_right() -> None:
    assert correct(ago(hours=2, seconds=30), sent=ago(hours=2)) == ago(seconds=30)


def test_a_fast_clock_is_put_right() -> None:
    assert correct(ago(hours=-2, seconds=30), sent=ago(hours=-2)) == ago(seconds=30)


def test_an_event_kept_offline_keeps_its_time() -> None:
    assert correct(ago(hours=20), sent=RECEIVED) == ago(hours=20)


def test_a_clock_that_is_years_off_is_not_corrected_but_clamped() -> None:
    assert correct(ago(days=3000), sent=ago(days=3000)) == ago(days=1)
    assert correct(ago(days=-3000), sent=ago(days=-3000)) == RECEIVED


def test_a_public_source_reaches_back_a_day_at_most() -> None:
    assert correct(ago(days=30), sent=RECEIVED) == ago(days=1)


def test_a_trusted_source_may_tell_of_long_ago() -> None:
    assert correct(ago(days=3000), sent=RECEIVED, is_public=False) == ago(days=3000)


def test_no_source_tells_of_the_future() -> None:
    assert correct(ago(days=-1), is_public=False) == RECEIVED


def test_without_a_time_of_its_own_it_happened_when_it_came() -> None:
    assert correct(None, sent=ago(hours=3)) == RECEIVED


@given(anytime, st.none() | anytime, st.booleans())
def test_no_event_is_after_it_was_received_and_no_public_one_a_day_before(
    original: datetime, sent: datetime | None, is_public: bool
) -> None:
    instant = correct(original, sent=sent, is_public=is_public)

    assert instant <= RECEIVED
    assert not is_public or instant >= ago(days=1)


@pytest.mark.parametrize("value", ["", "yesterday", 1795325209, True, [], "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_cannot_be_read_is_refused_in_an_event_and_ignored_in_the_transport(value: Any) -> None:
    with pytest.raises(Rejected) as rejected:
        stated_instant(value)
    assert rejected.value.code == "invalid_timestamp"
    assert sent_instant(value) is None
