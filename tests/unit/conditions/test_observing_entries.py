"""A recorded series is the same for any order of its events, any division of them, and any number of sums."""

import random
from decimal import Decimal
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from ariane.conditions.entries import Recording, added, amount_of, beyond, kept, plus, until, with_entries, without
from ariane.conditions.series import EVERYTHING, Base, Entry, Keep, Observed, ValueTally

INSTANTS = st.integers(0, 30_000)
VALUES = st.integers(-3, 3) | st.floats(-1e300, 1e300) | st.sampled_from(["a", "b", "12.50", "-7", "x" * 250, True, False, 0.1, 5e-324])
ENTRIES = st.lists(st.builds(Entry, INSTANTS, st.lists(VALUES, max_size=3).map(tuple)), max_size=25)
KEEPS = st.builds(Keep, st.integers(0, 6), st.none() | st.integers(0, 20), st.sampled_from([0, 3, 200]))
CHANCES = st.integers(0, 2**30).map(random.Random)


def record(entries: list[Entry], keep: Keep, before: Observed | None = None) -> Observed:
    recording = Recording(before)
    for entry in entries:
        recording.add(entry)
    return recording.done(keep)


def one_by_one(entries: list[Entry], keep: Keep) -> Observed:
    return reduce(lambda observed, entry: record([entry], keep, observed), entries, Observed())


def alike(one: Observed, other: Observed) -> tuple[Observed, Observed]:
    """Both summed up to the later watermark: what they have to agree on."""
    marks = [each.watermark for each in (one, other) if each.watermark is not None]
    return (until(one, max(marks)), until(other, max(marks))) if marks else (one, other)


@given(ENTRIES, KEEPS, CHANCES)
def test_the_order_of_events_and_how_many_come_at_once_change_nothing(entries: list[Entry], keep: Keep, chance: random.Random) -> None:
    shuffled = chance.sample(entries, len(entries))
    assert one_by_one(shuffled, keep) == record(entries, keep)


@given(ENTRIES, KEEPS)
def test_what_is_kept_is_the_latest_and_the_rest_is_summed_up(entries: list[Entry], keep: Keep) -> None:
    observed = record(entries, keep)
    mark = -1 if observed.watermark is None else observed.watermark
    assert sorted(map(repr, observed.entries)) == sorted(repr(entry) for entry in entries if entry.millis > mark)
    gone = [entry for entry in entries if entry.millis <= mark]
    amounts = [amount for entry in gone for value in entry.values if (amount := amount_of(value)) is not None]
    base = observed.base
    assert (base.times, base.first, base.last) == (
        len(gone),
        min((entry.millis for entry in gone), default=None),
        max((entry.millis for entry in gone), default=None),
    )
    assert (base.low, base.high) == (min(amounts, default=None), max(amounts, default=None))
    assert len(observed.entries) <= keep.entries
    latest = max((entry.millis for entry in entries), default=0)
    assert keep.seconds is None or all(entry.millis >= latest - keep.seconds * 1000 for entry in observed.entries)


@given(ENTRIES, KEEPS)
def test_no_more_is_summed_up_than_has_to_be(entries: list[Entry], keep: Keep) -> None:
    observed = record(entries, keep)
    if observed.watermark is None:
        return
    latest = max(entry.millis for entry in entries)
    since = sum(entry.millis >= observed.watermark for entry in entries)
    assert since > keep.entries or (keep.seconds is not None and observed.watermark < latest - keep.seconds * 1000)


@given(ENTRIES, st.lists(st.integers(0, 3), min_size=25, max_size=25), KEEPS)
def test_any_division_of_events_adds_up_to_all_of_them(entries: list[Entry], homes: list[int], keep: Keep) -> None:
    parts = [[entry for entry, home in zip(entries, homes, strict=False) if home == each] for each in range(4)]
    together = reduce(plus, (record(part, keep) for part in parts))
    whole = record(entries, keep)
    one, other = alike(together, whole)
    assert (one.entries, one.watermark) == (other.entries, other.watermark)
    assert one.base == other.base or one.base.is_partial != other.base.is_partial
    assert one.base.total == other.base.total
    assert whole.watermark is None or together.watermark is None or together.watermark <= whole.watermark


@given(st.lists(ENTRIES, min_size=3, max_size=3), st.lists(KEEPS, min_size=3, max_size=3))
def test_adding_up_is_commutative_and_associative(lists: list[list[Entry]], keeps: list[Keep]) -> None:
    one, two, three = (record(entries, keep) for entries, keep in zip(lists, keeps, strict=True))
    assert plus(plus(one, two), three) == plus(one, plus(three, two))


@given(ENTRIES, ENTRIES, KEEPS, KEEPS)
def test_what_is_taken_out_of_a_sum_is_as_if_it_had_never_been_in(
    mine: list[Entry], theirs: list[Entry], keep: Keep, other_keep: Keep
) -> None:
    own, other = record(mine, keep), record(theirs, other_keep)
    left = without(plus(own, other), other)
    assert left.watermark == plus(own, other).watermark
    expected = own if left.watermark is None else until(own, left.watermark)
    assert left.entries == expected.entries
    assert (left.base.times, left.base.total) == (expected.base.times, expected.base.total)
    if not left.base.is_partial:
        assert {value: tally.times for value, tally in left.base.values.items()} == {
            value: tally.times for value, tally in expected.base.values.items()
        }


@given(ENTRIES, st.integers(0, 25), KEEPS, KEEPS)
def test_what_the_log_still_holds_leaves_nothing_over(entries: list[Entry], cut: int, keep: Keep, new_keep: Keep) -> None:
    whole = record(entries, keep)
    parts = plus(record(entries[:cut], new_keep), record(entries[cut:], new_keep))
    assert beyond(whole, parts) is None


@given(ENTRIES, INSTANTS, KEEPS)
def test_what_the_log_holds_no_more_stays_with_its_number_and_sum(entries: list[Entry], expired: int, keep: Keep) -> None:
    whole = record(entries, keep)
    old = [entry for entry in entries if entry.millis <= expired]
    rest = beyond(whole, record([entry for entry in entries if entry.millis > expired], keep)) or Observed()
    total = with_entries(Base(), old, 0).total
    left = with_entries(rest.base, rest.entries, 0)
    assert (left.times, left.total) == (len(old), total)
    assert left.first == min((entry.millis for entry in old), default=None)


def test_a_numeric_text_is_its_number_and_a_truth_is_none() -> None:
    assert amount_of("12.50") == Decimal("12.5")
    assert amount_of(0.1) == Decimal("0.1")
    assert amount_of("1" * 39) == Decimal("1" * 39)
    assert [amount_of(value) for value in (True, "1e3", " 1", "1" * 40, "", None, [1])] == [None] * 7


def test_sums_are_exact() -> None:
    entries = [Entry(1, (0.1,)), Entry(2, (0.2,)), Entry(3, (1e300,)), Entry(4, (-1e300,)), Entry(5, (5e-324,))]
    assert with_entries(Base(), entries, 0).total == added(Decimal("0.3"), Decimal("5e-324"))


def test_values_are_tallied_as_far_as_they_are_asked_for() -> None:
    entries = [Entry(1, ("a", "b")), Entry(2, ("a", "a")), Entry(3, (True, 1))]
    asked = record(entries, Keep(values=3))
    assert asked.base.values == {"a": ValueTally(3, 1, 2), "b": ValueTally(1, 1, 1), 1: ValueTally(2, 3, 3)}
    assert not asked.base.is_partial
    too_many = record([*entries, Entry(4, ("c",))], Keep(values=3)).base
    assert (too_many.values, too_many.is_partial, too_many.times) == ({}, True, 4)
    assert record(entries, Keep(values=0)).base.is_partial
    assert not record([Entry(1)], Keep(values=0)).base.is_partial


def test_all_of_one_instant_go_together() -> None:
    observed = record([Entry(5, ("a",)), Entry(5, ("b",)), Entry(6)], Keep(entries=2, seconds=None))
    assert (observed.entries, observed.watermark, observed.base.times) == ((Entry(6),), 5, 2)


def test_everything_keeps_every_entry() -> None:
    entries = [Entry(millis) for millis in range(5_000)]
    assert record(entries, EVERYTHING) == Observed(tuple(entries))
    assert kept(Observed(tuple(entries)), Keep(entries=1_000, seconds=None)).watermark == 3_999
