"""A condition in words, for people: one sentence a part, in English."""

from collections.abc import Iterable, Sequence
from typing import Any

from ariane.conditions.model import (
    All,
    AnyCondition,
    AnyOf,
    Bucket,
    ConsentTest,
    FirstEvent,
    HasBeen,
    InSegment,
    LastEvent,
    Near,
    Not,
    Performed,
    TraitTest,
)
from ariane.conditions.model import Sequence as SequenceTest
from ariane.conditions.values import AmountTest, Anniversary, OneOperator, parse_offset

_INDENT = "  "
_SAID = {
    "equals": "is",
    "not_equals": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "gt": "is above",
    "gte": "is at least",
    "lt": "is below",
    "lte": "is at most",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "before": "is before",
    "after": "is after",
    "within": "is within the last",
    "older_than": "is longer ago than",
    "within_next": "is within the next",
}
_TIMES = {"gte": "at least", "gt": "more than", "lte": "at most", "lt": "fewer than", "equals": "exactly", "not_equals": "any number but"}
_SUMS = {"sum": "the sum of", "min": "the smallest", "max": "the largest", "distinct": "the number of different"}


def sentences(condition: AnyCondition) -> list[str]:
    """Lines; parts of a part are indented. ``and``, ``or`` stand at the head of a group."""
    match condition:
        case All():
            return _group("all of:", condition.all)
        case AnyOf():
            return _group("at least one of:", condition.any)
        case Not():
            inner = sentences(condition.not_)
            return [f"not: {inner[0]}", *inner[1:]]
        case _:
            return [_sentence(condition)]


def _group(head: str, parts: Sequence[AnyCondition]) -> list[str]:
    if len(parts) == 1:
        return sentences(parts[0])
    return [head, *(_INDENT + line for part in parts for line in _item(part))]


def _item(part: AnyCondition) -> Iterable[str]:
    first, *rest = sentences(part)
    return [f"- {first}", *(_INDENT + line for line in rest)]


def _sentence(leaf: AnyCondition) -> str:
    match leaf:
        case TraitTest():
            return f"{leaf.trait} {_test(leaf)}"
        case HasBeen():
            return f"{leaf.has_been.trait} {_test(leaf.has_been)}, without a break for {leaf.has_been.for_}"
        case Performed():
            return _performed(leaf)
        case LastEvent():
            return f"the last {leaf.last} has {_wheres(leaf.where)}"
        case FirstEvent():
            return f"the first {leaf.first} has {_wheres(leaf.where)}"
        case SequenceTest():
            return _sequence(leaf)
        case _:
            return _of_the_person(leaf)


def _of_the_person(leaf: AnyCondition) -> str:
    match leaf:
        case InSegment():
            return f"is in the segment {leaf.segment}" + (f" for {leaf.for_} or longer" if leaf.for_ else "")
        case ConsentTest():
            asked = leaf.consent
            state = "nothing was decided" if asked.is_ == "unknown" else f"consent is {asked.is_}"
            return f"{state} for {asked.topic} by {asked.channel}"
        case Bucket():
            return f"is in a fixed {leaf.bucket.percent} % of people, drawn by {leaf.bucket.salt!r}"
        case Near():
            return f"was at most {leaf.near.km} km from {leaf.near.lat}, {leaf.near.lon} within the last 30 minutes"
        case _:
            raise TypeError(f"{type(leaf).__name__} has no words")


def _performed(leaf: Performed) -> str:
    name, test = leaf.aggregate
    when = _when(leaf)
    where = f" with {_wheres(leaf.where)}" if leaf.where else ""
    if name == "times":
        return f"{leaf.performed}{where}: {_count(test)}{when}"
    measured = f"{_SUMS[name]} {test.property} " if isinstance(test, AmountTest) else ""
    return f"{leaf.performed}{where}: {measured}{_test(test)}{when}"


def _count(test: OneOperator) -> str:
    if test.operator == "between":
        low, high = test.operand
        return f"{low:,} to {high:,} times"
    if (test.operator, test.operand) in (("equals", 0), ("lte", 0), ("lt", 1)):
        return "never"
    if (test.operator, test.operand) in (("gte", 1), ("gt", 0)):
        return "at least once"
    return f"{_TIMES[test.operator]} {_times(test.operand)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _when(leaf: Performed) -> str:
    if leaf.within:
        return f", within the last {leaf.within}"
    if leaf.between:
        return f", between {leaf.between[0]} and {leaf.between[1]}"
    return ", since the journey's beginning" if leaf.since else ""


def _sequence(leaf: SequenceTest) -> str:
    steps = (f"{each.event} with {_wheres(each.where)}" if each.where else each.event for each in leaf.sequence.steps)
    within = f", all within {leaf.sequence.within}" if leaf.sequence.within else ""
    return f"{', then '.join(steps)}{within}"


def _wheres(tests: Iterable[Any]) -> str:
    return " and ".join(f"{test.property} that {_test(test)}" for test in tests)


def _test(test: OneOperator) -> str:
    operator, operand = test.operator, test.operand
    if operator == "exists":
        return "is known" if operand else "is not known"
    if operator == "between":
        return f"is from {_value(operand[0])} to {_value(operand[1])}"
    if operator == "anniversary":
        return _anniversary(operand)
    if operator in ("in", "not_in"):
        return f"{_SAID[operator]} {', '.join(map(_value, operand))}"
    return f"{_SAID[operator]} {operand if operator in ('within', 'older_than', 'within_next') else _value(operand)}"


def _anniversary(operand: Anniversary) -> str:
    days = parse_offset(operand.offset).days
    if not days:
        return "has its anniversary today"
    return f"has its anniversary {abs(days)} days {'ago' if days > 0 else 'from now'}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
