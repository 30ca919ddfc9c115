"""What segments cost, in calls and units: counts, the same on every machine."""

from cli.bench import segment_backfill, segment_exits
from cli.bench.cloud_stores import brand_with_segments, sample_brand
from cli.bench.evaluations import NEGATION, count_first_events
from cli.bench.prices import price_list
from cli.bench.segment_backfill import EVENTS_EACH
from cli.report import Progress


def test_an_exit_by_time_alone_takes_its_commit_its_telling_and_a_share_of_the_rest() -> None:
    found = segment_exits.measure(Progress(), people=1_600)
    assert (found["exits"], found["sweeps"]) == (1_600, 16)
    assert found["calls"]["rows.commit"] == found["calls"]["rows.announced"] == 1
    assert found["calls_per_exit"] <= 2.5


def test_a_backfill_that_dies_goes_on_and_announces_nothing() -> None:
    found = segment_backfill.measure(Progress(), price_list(), events=200 * EVENTS_EACH)
    assert (found["people"], found["members"], found["announced"]) == (200, 200, 0)
    assert found["usd_per_million_events"] < 0.5


def test_a_new_visitor_costs_nothing_where_no_segment_can_hold_of_a_stranger() -> None:
    assert count_first_events(sample_brand(), people=3).entries == {}


def test_a_new_visitor_is_evaluated_where_a_segment_is_for_whoever_has_not_done_something() -> None:
    bill = count_first_events(brand_with_segments({"no-buyers": NEGATION}), people=3)
    assert {entry.by for entry in bill.entries} >= {"stitch", "segments"}
