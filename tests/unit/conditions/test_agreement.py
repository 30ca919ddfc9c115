"""Whatever is asked of whatever happened: the evaluator says what the naive reference says, which looks at every event again at every
instant. ``make prove`` asks thousands more."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from ariane.conditions import computed_steps, evaluate, event_tests, moments, trait_runs, windows
from ariane.conditions.evaluate import steps
from ariane.conditions.series import MOST_ENTRIES
from tests.reference.agreement import Case, problems
from tests.reference.histories import DAY, MINUTE, NOON, item, message
from tests.reference.person import Definitions

SEEDS = range(260)
unhurried = settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def test_the_evaluator_agrees_with_the_reference_and_knows_without_the_log() -> None:
    told: Counter[str] = Counter()
    wrong = {seed: found for seed in SEEDS if (found := problems(Case.drawn(Random(seed)), told))}

    assert wrong == {}
    assert told["that change"] > len(SEEDS) * 0.1
    assert told["log: unknown now"] == told["log: computed unknown now"] == 0
    assert told["fragments: unknown now"] + told["fragments: computed unknown now"] <= len(SEEDS) * 0.01
    assert told["late: unknown now"] > 0, "what was never recorded cannot be known"


@unhurried
@given(st.randoms(use_true_random=False))
def test_the_evaluator_agrees_with_the_reference_on_any_history(random: Random) -> None:
    assert problems(Case.drawn(random, most=8, depth=2)) == []


MANY: list[tuple[dict[str, Any], bool]] = [
    ({"performed": "Product Viewed", "times": {"gte": 1_150}, "within": "30 days"}, False),
    ({"performed": "Product Viewed", "times": {"gte": 1_200}}, True),
    ({"performed": "Product Viewed", "sum": {"property": "total", "gte": 30}, "within": "30 days"}, False),
    ({"performed": "Product Viewed", "distinct": {"property": "product_id", "gte": 4}, "within": "30 days"}, False),
    ({"trait": "viewed_lately", "gte": 3}, True),
    ({"performed": "Product Viewed", "times": {"gte": 2}, "within": "1 hour"}, True),
]
"""With whether the fragments know the answer now, of more than a thousand events."""


@pytest.mark.parametrize(("condition", "is_known"), MANY)
def test_beyond_a_thousand_events_the_log_answers_and_what_is_known_is_right(condition: dict[str, Any], is_known: bool) -> None:
    random = Random(7)
    items = [item(_viewed(random, number, NOON - 5 * DAY - number * 17 * MINUTE)) for number in range(MOST_ENTRIES + 200)]
    computed = {"viewed_lately": {"count": "Product Viewed", "within": "7 days"}}
    case = Case(random, items, Definitions(computed), condition, (), None, None)
    probes = [NOON + shift for shift in (-5 * DAY, -1, 0, 11 * DAY, 12 * DAY, 20 * DAY, 25 * DAY, 25 * DAY + 1)]

    log = steps(case.model, case.log, case.catalogue, now=NOON)
    beside = steps(case.model, case.recorded(most=1), case.catalogue, now=NOON)

    assert [log.at(probe) for probe in probes] == [case.naive.holds(condition, probe) for probe in probes]
    assert all(beside.at(probe) is log.at(probe) for probe in probes if probe >= beside.known_since)
    assert (beside.known_since <= NOON) is is_known


def _viewed(random: Random, number: int, at: int) -> Any:
    return message(random, number, at) | {"type": "track", "event": "Product Viewed", "context": {}}


# a test of the test


def _windows_end_too_early(patch: pytest.MonkeyPatch) -> None:
    whole = windows.moves
    patch.setattr(
        windows, "moves", lambda entries, window: whole(entries, window._replace(length=window.length - 1) if window.length else window)
    )


def _missing_is_false(patch: pytest.MonkeyPatch) -> None:
    from ariane.conditions import operators

    patch.setattr(operators, "_NEGATIONS", {})
    patch.setitem(operators._CHECKS, "not_equals", lambda value, operand, now: value != operand)
    patch.setitem(operators._CHECKS, "not_in", lambda value, operand, now: value not in operand)


def _sustained_from_the_start(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(evaluate, "sustained", lambda found, length: found)


def _ties_follow_each_other(patch: pytest.MonkeyPatch) -> None:
    whole = event_tests._completed

    def completed(instants: list[list[int]], length: int) -> int | None:
        return whole([[each * 10 + place for each in some] for place, some in enumerate(instants)], length * 10)

    patch.setattr(event_tests, "_completed", completed)


def _rank_is_ignored(patch: pytest.MonkeyPatch) -> None:
    whole = trait_runs.plus
    patch.setattr(trait_runs, "_effective", list)
    patch.setattr(trait_runs, "plus", whole)


def _last_year_is_common(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(moments, "_in_year", lambda day, year: day.replace(year=year, day=min(day.day, 27)))


def _refunds_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(
        computed_steps._KINDS,
        "sum",
        lambda trait, observed, window, view, now: windows.sums(observed, window).map(lambda found: found.total),
    )


PLANTED: list[Callable[[pytest.MonkeyPatch], None]] = [
    _windows_end_too_early,
    _missing_is_false,
    _sustained_from_the_start,
    _ties_follow_each_other,
    _rank_is_ignored,
    _last_year_is_common,
    _refunds_are_forgotten,
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__.strip("_"))
def test_a_planted_bug_is_found(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)

    assert any(_fails(seed) for seed in range(1_500))


def _fails(seed: int) -> bool:
    try:
        return bool(problems(Case.drawn(Random(seed))))
    except Exception:  # noqa: BLE001 - a bug may end in anything
        return True
