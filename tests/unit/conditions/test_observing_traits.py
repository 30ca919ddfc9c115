"""What a trait was: as the list of all that was ever said tells it, whatever the order in which it was recorded, from the watermark on."""

import random
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import orjson
from hypothesis import given
from hypothesis import strategies as st

from ariane.conditions.series import Run, Settings
from ariane.conditions.trait_runs import before, limited, plus, said


class Word(NamedTuple):
    millis: int
    value: object
    rank: int = 0


WORDS = st.lists(st.builds(Word, st.integers(0, 40), st.sampled_from(["a", "b", "c", None]), st.sampled_from([0, 0, 0, 1, 2])), max_size=14)
PLAIN_WORDS = st.lists(st.builds(Word, st.integers(0, 40), st.sampled_from(["a", "b", "c", None]), st.just(0)), max_size=14)
"""Of sources of one rank."""
CHANCES = st.integers(0, 2**30).map(random.Random)


def record(words: Sequence[Word], most: int = 99) -> Settings:
    runs = (Run(word.millis, word.millis, word.value, word.rank) for word in words)
    return reduce(lambda settings, run: said(settings, run, most=most), runs, Settings())


def value_of(settings: Settings, millis: int) -> object:
    """Of the run that began last, of the highest rank."""
    begun = [run for run in settings.runs if run.first <= millis]
    return max(begun, key=lambda run: (run.rank, run.first)).value if begun else "never said"


def truth(words: Sequence[Word], millis: int) -> object:
    """The slow way: all that had been said by then."""
    past = [word for word in words if word.millis <= millis]
    return max(past, key=_order).value if past else "never said"


def _order(word: Word) -> tuple[int, int, bytes]:
    return word.rank, word.millis, orjson.dumps(word.value)


def check(settings: Settings, words: Sequence[Word]) -> None:
    """A run's ends are what is claimed of it; one that was cut short by a word of a higher rank, or of the same instant, may end unsure."""
    mark = -1 if settings.watermark is None else settings.watermark
    for millis in range(mark + 1, 45):
        assert value_of(settings, millis) == truth(words, millis), (settings, millis)
    assert settings.watermark is None or settings.runs[0].first == settings.watermark + 1
    assert all(one.last < other.first and one.rank <= other.rank for one, other in zip(settings.runs, settings.runs[1:], strict=False))


@given(PLAIN_WORDS, CHANCES)
def test_whatever_the_order_what_is_known_is_true(words: list[Word], chance: random.Random) -> None:
    check(record(chance.sample(words, len(words))), words)


@given(PLAIN_WORDS)
def test_in_order_of_time_all_of_it_is_known(words: list[Word]) -> None:
    settings = record(sorted(words, key=lambda word: (word.millis, orjson.dumps(word.value))))
    assert settings.watermark is None
    check(settings, words)


@given(PLAIN_WORDS, st.integers(1, 5), CHANCES)
def test_a_bounded_history_is_true_from_its_watermark_on(words: list[Word], most: int, chance: random.Random) -> None:
    settings = record(chance.sample(words, len(words)), most)
    assert len(settings.runs) <= most
    check(settings, words)


@given(PLAIN_WORDS, st.lists(st.integers(0, 2), min_size=14, max_size=14), st.integers(1, 9))
def test_parts_add_up_to_what_is_true_of_all(words: list[Word], homes: list[int], most: int) -> None:
    parts = [record([word for word, home in zip(words, homes, strict=False) if home == each], most) for each in range(3)]
    check(reduce(plus, parts), words)
    check(reduce(plus, parts[::-1]), words)


@given(WORDS, CHANCES)
def test_ranks_decide_whatever_the_order(words: list[Word], chance: random.Random) -> None:
    settings = record(chance.sample(words, len(words)))
    assert value_of(settings, 100) == truth(words, 100)


@given(WORDS, st.lists(st.integers(0, 2), min_size=14, max_size=14), st.integers(1, 4))
def test_ranks_decide_over_parts_and_lost_history(words: list[Word], homes: list[int], most: int) -> None:
    parts = [record([word for word, home in zip(words, homes, strict=False) if home == each], most) for each in range(3)]
    assert value_of(reduce(plus, parts), 100) == truth(words, 100)


@given(PLAIN_WORDS)
def test_adding_the_same_again_changes_nothing(words: list[Word]) -> None:
    settings = record(words)
    assert plus(settings, settings) == settings


def test_a_late_word_within_a_run_leaves_only_the_log_to_tell() -> None:
    assert record([Word(1, "a"), Word(9, "a"), Word(5, "b")]) == Settings((Run(9, 9, "a"),), watermark=8)
    assert record([Word(1, "a"), Word(5, "b"), Word(9, "a")]).watermark is None


def test_a_word_that_was_beaten_at_its_instant_is_no_proof_of_what_was_before() -> None:
    """``a`` was said at 0 and 2, where ``b`` stands: not at 1, so that the ``b`` of 0 is what stood there."""
    words = [Word(0, "a"), Word(2, "a"), Word(2, "b"), Word(0, "b")]
    check(record(words), words)
    check(record([Word(0, "b"), Word(2, "b"), Word(2, "c"), Word(1, "a")]), [Word(0, "b"), Word(2, "b"), Word(2, "c"), Word(1, "a")])


def test_a_better_source_that_comes_late_makes_the_lost_history_void() -> None:
    lost = limited(record([Word(1, "a"), Word(2, "b"), Word(9, "c")]), 1)
    assert lost == Settings((Run(9, 9, "c"),), watermark=8)
    assert said(lost, Run(5, 5, "best", 1)) == Settings((Run(5, 5, "best", 1),), watermark=4)


def test_what_was_said_before_an_instant() -> None:
    settings = record([Word(1, "a"), Word(5, "a"), Word(7, "b")])
    assert before(settings, 4).runs == (Run(1, 3, "a"),)
    assert before(settings, 1).runs == ()
    assert before(settings, None) == settings
