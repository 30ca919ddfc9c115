"""Step functions: combined, they say at each instant what their parts say there; what is not known is never told."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.conditions.moments import spliced, sustained
from ariane.conditions.steps import MAX, MIN, Steps, decided, inverted, joined

unhurried = settings(deadline=None)
_instants = st.integers(0, 12)
_truths = st.lists(st.tuples(_instants, st.booleans()), max_size=5).map(lambda pairs: sorted(pairs, key=lambda pair: pair[0]))
whole = st.builds(lambda start, changes: Steps.of(start, changes), st.booleans(), _truths)
partial = st.builds(
    lambda start, changes, known: Steps.of(start, changes, known_since=known), st.booleans(), _truths, st.sampled_from([MIN, 0, 3, 7, MAX])
)
EVERY = range(-1, 14)


@unhurried
@given(st.lists(whole, min_size=1, max_size=4))
def test_joined_parts_say_what_each_of_them_says(parts: Sequence[Steps[bool]]) -> None:
    together = joined(parts, tuple)

    assert [together.at(millis) for millis in EVERY] == [tuple(part.at(millis) for part in parts) for millis in EVERY]
    assert_tidy(together)


@unhurried
@given(st.lists(partial, min_size=1, max_size=4), st.booleans())
def test_any_and_all_are_told_only_where_whatever_is_unknown_changes_nothing(parts: Sequence[Steps[bool]], by: bool) -> None:
    together = decided(parts, by)

    for millis in EVERY:
        known = [part.at(millis) for part in parts if part.known_since <= millis]
        if together.known_since <= millis:
            assert by in known or len(known) == len(parts)
            assert together.at(millis) is (by if by in known else not by)
        elif len(known) == len(parts):
            pytest.fail(f"all is known at {millis}, and it is not told")
    assert_tidy(together)


@unhurried
@given(partial)
def test_not_is_known_where_its_part_is(part: Steps[bool]) -> None:
    assert inverted(part).known_since == part.known_since
    assert [inverted(part).at(millis) for millis in EVERY] == [not part.at(millis) for millis in EVERY]
    assert inverted(inverted(part)) == part


@unhurried
@given(partial, st.integers(1, 6))
def test_what_holds_for_so_long_has_held_at_every_instant_of_it(part: Steps[bool], length: int) -> None:
    longer = sustained(part, length)

    for millis in range(-10, 20):
        moments = range(millis - length, millis + 1)
        known = [part.at(each) for each in moments if part.known_since <= each]
        is_known = len(known) == len(moments) or False in known
        if longer.known_since <= millis:
            assert is_known
            assert longer.at(millis) is all(part.at(each) for each in moments)
    assert_tidy(longer)


@unhurried
@given(st.lists(st.tuples(st.integers(1, 12), whole), max_size=3, unique_by=lambda pair: pair[0]), whole)
def test_spliced_pieces_are_each_in_force_from_their_instant_on(later: Sequence[tuple[int, Steps[bool]]], first: Steps[bool]) -> None:
    pieces = [(MIN, first), *sorted(later, key=lambda pair: pair[0])]
    one = spliced(pieces, known_since=MIN)

    for millis in EVERY:
        (_, inner) = [piece for piece in pieces if piece[0] <= millis][-1]
        assert one.at(millis) is inner.at(millis)
    assert_tidy(one)


@unhurried
@given(partial, st.integers(-1, 13))
def test_since_and_next_change_surround_the_value(part: Steps[bool], millis: int) -> None:
    since, following = part.since(millis), part.next_change(millis)

    if since is not None:
        assert part.known_since < since <= millis
        assert part.at(since - 1) is not part.at(since)
        assert all(part.at(each) is part.at(millis) for each in range(since, millis + 1))
    assert following is None or following > millis
    if following is not None:
        assert part.at(following) is not part.at(millis)
    assert all(part.at(each) is part.at(millis) for each in range(millis, 20 if following is None else following))


def test_what_nobody_has_looked_beyond_is_said() -> None:
    steps = Steps.of(False, [(5, True), (30, False)], until=20)

    assert steps.next_change(0) == 5
    assert steps.next_change(5) == 20


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), ([1], [True]), ({"a": 1}, {"a": True})])
def test_true_is_not_taken_for_one(one: object, other: object) -> None:
    steps: Steps[Any] = Steps.of(None, [(1, one), (2, other)])

    assert steps.at(2) is other


def test_of_several_changes_at_one_instant_the_last_counts() -> None:
    assert Steps.of(0, [(1, 5), (1, 0), (2, 1)]).pieces == ((MIN, 0), (2, 1))


@pytest.mark.parametrize("make", [lambda: Steps.constant(7), lambda: Steps.of(7, [(3, 7)])])
def test_a_value_that_never_changes_has_no_beginning(make: Callable[[], Steps[int]]) -> None:
    assert make().since(100) is None
    assert make().next_change(100) is None


def assert_tidy(steps: Steps[Any]) -> None:
    assert steps.pieces[0][0] == MIN
    assert all(one[0] < other[0] and one[1] != other[1] for one, other in zip(steps.pieces, steps.pieces[1:], strict=False))
