"""Every event lies where Athena looks for it."""

import pytest

from ariane.lake.rows import event_objects, partition_of


def row(timestamp: str) -> dict[str, str]:
    return {"timestamp": timestamp, "received_at": "2026-11-30T23:30:00.000Z", "cause": timestamp}


@pytest.mark.parametrize(
    ("timestamp", "day"),
    [
        ("2026-11-22T10:00:00.000Z", "2026-11-22"),
        ("2010-01-01T00:00:00.000Z", "2010-01-01"),
        ("2009-12-31T23:59:59.999Z", "2010-01-01"),
        ("0001-01-01T00:00:00.000Z", "2010-01-01"),
        ("2026-12-01T10:00:00.000Z", "2026-12-01"),
        ("2026-12-02T00:00:00.000Z", "2026-12-01"),
        ("9999-12-31T00:00:00.000Z", "2026-12-01"),
    ],
)
def test_an_event_lies_under_its_day_or_the_nearest_that_athena_looks_for(timestamp: str, day: str) -> None:
    assert partition_of(row(timestamp)) == day
    (made,) = event_objects([row(timestamp)])
    assert made.key.startswith(f"events/day={day}/")
