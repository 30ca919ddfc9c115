"""What a person who writes a condition is told when it is wrong: the line, the field, and what would be right."""

import pytest

from ariane.definitions.yaml_source import read_yaml, validate
from ariane.segments.definition import SegmentFile


def problems(condition: str) -> list[str]:
    checked = validate(read_yaml("s.yaml", f"name: a\ncondition:\n  {condition}\n"), SegmentFile)
    return [f"{problem.line}: {problem.field}: {problem.message}" for problem in checked] if isinstance(checked, list) else []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("performd: A", "3: condition: is not a condition; did you mean 'performed'?"),
        (
            "x",
            "3: condition: is not a condition: it needs one of the keys all, any, not, trait, performed, last, first, has_been, sequence,",
        ),
        ("{trait: x, equal: 1}", "3: condition.equal: is not a known key here; did you mean 'equals'?"),
        ("{trait: x, like: 1}", "3: condition.like: is not a known key here; known: after, anniversary, before, between,"),
        ("{trait: x}", "3: condition: needs exactly one operator of: equals, not_equals, in,"),
        ("{trait: x, equals: 1, gt: 0}", "3: condition: needs exactly one operator of: equals, not_equals, in,"),
        ("{trait: x..y, equals: 1}", "3: condition.trait: 'x..y' is not a name, or names with dots between"),
        ("{trait: x, within: 0 days}", "3: condition.within: '0 days' is no time at all; the shortest is 1 second"),
        ("{trait: x, within: a month}", "3: condition.within: 'a month' is not a duration such as '15 minutes'"),
        ("{trait: x, within: 999 weeks}", "3: condition.within: '999 weeks' is longer than ten years"),
        ("{trait: x, in: []}", "3: condition.in: must not be empty"),
        ("{trait: x, between: [3, 1]}", "3: condition.between: the first, 3, is above the second, 1"),
        ("{trait: x, between: [1, 2026-01-01]}", "3: condition.between: needs two numbers or two instants"),
        ("{trait: x, before: 2026-02-30}", "3: condition.before: '2026-02-30' is not an ISO 8601 instant"),
        ("{trait: x, gt: five}", "3: condition.gt: 'five' is neither a number nor an ISO 8601 instant"),
        ("{trait: x, gt: true}", "3: condition.gt: true is neither a number nor an ISO 8601 instant"),
        ("{trait: x, anniversary: {offset: 3 hours}}", "3: condition.anniversary.offset: '3 hours' is not a number of whole days"),
        ("{performed: 'A*b'}", "3: condition.performed: 'A*b' is not an event's name; a * may only be its end"),
        ("{performed: A, times: {gte: -1}}", "3: condition.times.gte: -1 is no number of times: a whole one, zero or more"),
        ("{performed: A, times: {gte: 1.5}}", "3: condition.times.gte: 1.5 is no number of times"),
        ("{performed: A, times: {gte: 1, lte: 2}}", "3: condition.times: needs exactly one operator of: equals, not_equals, gt,"),
        ("{performed: A, sum: {gte: 1}}", "3: condition.sum.property: is required"),
        ("{performed: A, sum: {property: x, gte: a}}", "3: condition.sum.gte: 'a' is no number"),
        ("{performed: A, sum: {property: x, gte: 1}, times: {gte: 1}}", "3: condition.sum: at most one of times, sum, min, max, distinct;"),
        ("{performed: A, within: 1 day, since: enrolment}", "3: condition.since: at most one of within, between, since;"),
        (
            "{performed: A, between: [2026-12-01, 2026-11-01]}",
            "3: condition.between: the first, 2026-12-01, is above the second, 2026-11-01",
        ),
        (
            "{performed: A, where: [{property: x, equal: 1}]}",
            "3: condition.where[0].equal: is not a known key here; did you mean 'equals'?",
        ),
        ("{last: A}", "3: condition.where: is required"),
        ("{has_been: {trait: x, equals: 1}}", "3: condition.has_been.for: is required"),
        ("{has_been: {trait: x, for: 1 day}}", "3: condition.has_been: needs exactly one operator of:"),
        ("{sequence: {events: [A]}}", "3: condition.sequence.events: needs at least 2 elements"),
        ("{sequence: {events: [A, {name: B}]}}", "3: condition.sequence.events[1].event: is required"),
        ("{segment: Big Spenders}", "3: condition.segment: 'Big Spenders' is not a name of small letters, digits and dashes"),
        ("{consent: {topic: offers, channel: fax}}", "3: condition.consent.channel: must be 'email', 'sms' or 'push'"),
        ("{bucket: {salt: a, percent: 101}}", "3: condition.bucket.percent: must be at most 100"),
        ("{near: {lat: 95, lon: 2, km: 5}}", "3: condition.near.lat: must be at most 90"),
        ("{near: {lat: 45, lon: 2, km: 0}}", "3: condition.near.km: must be above 0"),
        ("{all: []}", "3: condition.all: must not be empty"),
        ("{any: {trait: x, equals: 1}}", "3: condition.any: must be a list"),
        ("{not: [{trait: x, equals: 1}]}", "3: condition.not: is not a condition"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(condition: str, expected: str) -> None:
    found = problems(condition)

    assert found
    assert found[0].startswith(expected)


def test_a_mistake_deep_inside_is_named_where_it_is() -> None:
    assert problems("all:\n  - any:\n    - not:\n        performed: A\n        within: 0 days") == [
        "7: condition.all[0].any[0].not.within: '0 days' is no time at all; the shortest is 1 second"
    ]


@pytest.mark.parametrize(("levels", "is_refused"), [(19, False), (20, True)])
def test_nesting_is_bounded(levels: int, is_refused: bool) -> None:
    found = problems("{not: " * levels + "{trait: x, equals: 1}" + "}" * levels)

    assert found == (["3: condition: is nested more than 20 levels deep"] if is_refused else [])


@pytest.mark.parametrize(("tests", "is_refused"), [(200, False), (202, True)])
def test_the_number_of_tests_is_bounded(tests: int, is_refused: bool) -> None:
    pairs = ", ".join(["{any: [{trait: x, equals: 1}, {trait: y, equals: 1}]}"] * (tests // 2))

    assert bool(problems(f"all: [{pairs}]")) is is_refused


def test_a_huge_value_is_not_repeated_to_whoever_wrote_it() -> None:
    assert len(problems(f"{{trait: x, gt: {'9' * 100_000}}}")[0]) < 300
    assert len(problems(f"{{trait: x, within: {'9' * 100_000}}}")[0]) < 300
