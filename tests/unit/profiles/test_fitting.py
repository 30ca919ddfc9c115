"""A fragment a little above a write unit forgets events that it needs for nothing but copies: the log knows them all the same."""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ariane.adapters.aws.items.bundles import fragment_item
from ariane.conditions.series import Entry, Observed
from ariane.profiles.fragments import Fragment, StoredFragment, encode
from ariane.profiles.once import LEAST_RING, RING, Recent, Trace
from ariane.profiles.unit_of_write import fitted
from cli.bench.units import item_size
from tests.unit.profiles.test_stored_fragment import known_customer

UNIT = 1_024


def buyer(seed: int, orders: int) -> Fragment:
    browsed = known_customer(seed)
    now = browsed.last_seen or 0
    entries = tuple(Entry(now - place * 7_654_321_987, (f"P{place:04}",)) for place in reversed(range(orders)))
    return replace(browsed, observes=1, observed={f"{number:08x}": Observed(entries) for number in range(3)})


def item_of(fragment: Fragment) -> dict[str, Any]:
    return fragment_item(StoredFragment(fragment=fragment, version=12_345, sequence="4421584500000000017450439091"))


@pytest.mark.parametrize("seed", range(10))
def test_a_buyer_costs_one_unit_a_write(seed: int) -> None:
    whole = buyer(seed, orders=6)
    assert item_size(item_of(whole)) > UNIT

    kept = fitted(whole)

    assert item_size(item_of(kept)) <= UNIT
    assert len(kept.recent.ring) >= LEAST_RING
    assert replace(kept, recent=whole.recent) == whole


@pytest.mark.parametrize("whole", [known_customer(1), buyer(1, orders=40)], ids=["fits already", "would not fit with any ring"])
def test_nothing_is_forgotten_that_saves_nothing(whole: Fragment) -> None:
    assert fitted(whole) is whole


@given(
    times=st.lists(st.integers(0, 10**6), min_size=1, max_size=RING),
    number=st.integers(0, RING),
    watermark=st.none() | st.integers(0, 10**6),
)
def test_what_was_forgotten_is_never_taken_for_new(times: list[int], number: int, watermark: int | None) -> None:
    before = Recent(ring=tuple(Trace(place, millis) for place, millis in enumerate(times)), watermark=watermark)

    after = before.without_oldest(number)

    assert after.ring == before.ring[number:]
    gone = [trace.millis for trace in before.ring[:number]] + ([] if watermark is None else [watermark])
    assert after.watermark == max(gone, default=None)


def test_a_fragment_that_was_fitted_stays_so_for_the_next_events() -> None:
    """It does not begin to fill its ring to the brim again, only to forget it all at once."""
    kept = fitted(buyer(3, orders=6))

    assert fitted(kept) is kept
    assert len(encode(kept)) > UNIT - 110
