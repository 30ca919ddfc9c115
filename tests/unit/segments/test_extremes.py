"""Numbers and instants at the ends of what can be said: stored, told and exported like any other, or said not to be what is meant."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given

from ariane.adapters.aws.items.segment_rows import row_item, row_of
from ariane.conditions.evaluate import as_json
from ariane.conditions.operators import matches
from ariane.conditions.steps import MAX, MIN
from ariane.conditions.values import PropertyTest
from ariane.events.model import LogItem, Message, SourceKind
from ariane.instants import format_instant, from_millis
from ariane.profiles.computing import Computing
from ariane.profiles.fragments import canonical
from ariane.profiles.reserved_traits import MISTYPED, typed
from ariane.segments.rows import Row
from tests.builders.profiles import NOON, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

ENDS = [datetime.min.replace(tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC), NOON, from_millis(MAX)]


def said(*messages: Message) -> LogItem:
    return item(*messages, source="srv", kind=SourceKind.SERVER)


@pytest.mark.parametrize("now", ENDS)
@pytest.mark.parametrize("operator", ["within", "older_than", "within_next"])
def test_a_duration_from_any_instant_leads_somewhere(now: datetime, operator: str) -> None:
    test = PropertyTest.model_validate_json(orjson.dumps({"property": "at", operator: "3650 days"}))
    assert matches((test,), {"at": format_instant(now)}, now) is (operator != "older_than")


@given(st.integers(MIN, MAX))
def test_every_instant_has_a_spelling(millis: int) -> None:
    assert len(format_instant(from_millis(millis))) == 24


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers(-(2**80), 2**80).map(Decimal))
def test_every_amount_can_be_written(amount: Decimal) -> None:
    assert orjson.dumps(as_json(amount))


@given(st.integers(-(10**38), 10**38))
def test_an_age_is_a_number_that_json_holds_or_none_at_all(number: int) -> None:
    value = typed("age", str(number)).value
    assert value is MISTYPED if abs(number) > 2**53 else value == number
    assert value is MISTYPED or canonical(value)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59.999Z"])
@pytest.mark.parametrize("operator", ["older_than", "within", "within_next"])
def test_a_trait_at_the_end_of_time_has_a_row_like_any_other(day: str, operator: str) -> None:
    here = SegmentWorld(
        view_of(segment("s", {"trait": "renewal", operator: "400 days"}), segment("viewers", {"performed": "Product Viewed"}))
    )
    here.now = NOON + timedelta(minutes=10)
    here.happen(said(identify(message_id="i", userId="u1", traits={"renewal": day}), track(message_id="v", userId="u1")))

    row: Row = here.row("user_id:u1")
    assert here.members("viewers") == {prs("user_id:u1")}
    assert row_of(row_item(row)).memberships == row.memberships
    here.pass_time(timedelta(days=1))
    assert here.queue.messages == []


@pytest.mark.parametrize("total", [1e30, "123456789012345678901234567.123456", 2**63, 1e308])
def test_an_absurd_total_breaks_nobodys_answer(total: Any) -> None:
    here = SegmentWorld(view_of())
    here.now = NOON + timedelta(minutes=10)
    here.happen(said(*(track("Order Completed", message_id=f"o{n}", minute=n, userId="u1", properties={"total": total}) for n in range(3))))

    computed = Computing(asking=here.asking, clock=here.clock).of(here.reader.brief(prs("user_id:u1")))

    assert orjson.dumps(computed.traits)
    assert computed.traits["order_count"] == 3


def test_an_age_that_is_none_costs_nobody_the_rest() -> None:
    here = SegmentWorld(view_of(segment("viewers", {"performed": "Product Viewed"})))
    here.happen(said(identify(message_id="i", userId="u1", traits={"age": "9" * 20}), track(message_id="v", userId="u1")))

    assert here.members("viewers") == {prs("user_id:u1")}
