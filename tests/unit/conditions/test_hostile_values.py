"""Values that would hang a pattern, or overflow a number: they are compared in no time, and are nothing that they are not."""

from time import perf_counter

import pytest

from ariane.conditions.catalogue import Catalogue
from ariane.conditions.evaluate import holds, steps
from ariane.conditions.values import ValueTest
from ariane.profiles.person_view import PersonFacts
from tests.builders.views import NOON, Person, did, read, said

OPERANDS = {
    **dict.fromkeys(ValueTest.operators(), "2026-11-22"),
    "in": ["2026-11-22", 5, "a" * 2_000],
    "not_in": ["2026-11-22", 5, "a" * 2_000],
    "starts_with": "b",
    **dict.fromkeys(("within", "older_than", "within_next"), "1 day"),
    "between": [1, 2],
    "contains": "a" * 1_000 + "b",
    "exists": False,
}
BOMBS = [
    "a" * 1_000_000 + "!",
    "0" * 1_000_000,
    "-" * 1_000_000,
    "2026-11-22T" + "0" * 1_000_000,
    "2026-11-22T12:00:00." + "9" * 1_000_000 + "Z",
    "1" * 39 + "." + "9" * 1_000_000,
    "\u0661" * 1_000,
    ["a" * 100_000] * 10,
    list(range(100_000)),
    10**300,
    -1e308,
]


@pytest.mark.parametrize("operator", ValueTest.operators())
def test_no_value_hangs_a_comparison(operator: str) -> None:
    condition = read({"performed": "A", "where": [{"property": "p", operator: OPERANDS[operator]}]})

    begun = perf_counter()
    for bomb in BOMBS:
        view = Person([did("A", -1, {"p": bomb})]).log([condition])
        assert holds(condition, view, Catalogue(), NOON) is (operator in ("not_equals", "not_in")) or isinstance(bomb, int | float)
    assert perf_counter() - begun < 10


def test_digits_of_other_scripts_are_no_number() -> None:
    condition = read({"performed": "A", "where": [{"property": "p", "gte": 0}]})

    assert not holds(condition, Person([did("A", -1, {"p": "\u0661\u0662"})]).log([condition]), Catalogue(), NOON)


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("operator", [{"within": "3650 days"}, {"older_than": "3650 days"}, {"within_next": "1 day"}, {"gt": "2026-01-01"}])
def test_instants_at_the_ends_of_time_are_compared(far: str, operator: dict[str, str]) -> None:
    condition = read({"performed": "A", "where": [{"property": "at", **operator}]})
    is_past, is_future = far == "0001-01-01", far == "9999-12-31"

    answer = holds(condition, Person([did("A", -1, {"at": far})]).log([condition]), Catalogue(), NOON)
    assert answer is (is_past if "older_than" in operator else is_future if "gt" in operator else False)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30", "2" * 100_000])
@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Auckland"])
def test_an_anniversary_of_any_day_is_found_or_is_none(day: str, zone: str) -> None:
    condition = read({"trait": "born", "anniversary": {"offset": "-365 days"}})
    person = Person([said(-1, born=day)], facts=PersonFacts(None, None, "user_id:u1", zone))

    found = steps(condition, person.log([condition]), Catalogue(), now=NOON)
    assert found.at(NOON) in (True, False)
    assert (found.next_change(NOON) is not None) is (day[:4] in ("0001", "9999"))
