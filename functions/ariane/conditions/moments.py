"""Tests of values that do not change, as time goes by."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ariane.conditions.durations import parse_duration
from ariane.conditions.model import SustainedTest, TraitTest
from ariane.conditions.operators import instant_of, passes
from ariane.conditions.steps import MAX, MIN, Steps, decided
from ariane.conditions.values import Anniversary, ValueTest, parse_offset
from ariane.instants import from_millis, to_millis

_MILLISECOND = 1
_EARLIEST_YEAR = 1970
_MOST_YEARS_OFF = 2
"""An anniversary with its offset may lie in another year than the day that is looked for, and as far beyond the horizon."""
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)

type Spans = Iterable[tuple[int, int]]


def over_time(test: ValueTest, values: Sequence[object], *, time_zone: str, now: int) -> Steps[bool]:
    """Of values that are what they are for ever."""
    anniversary = test.anniversary if isinstance(test, TraitTest) else None
    if anniversary is not None:
        return _anniversaries(values, anniversary, time_zone=time_zone, now=now)
    spans_of = _SPANS.get(test.operator)
    if spans_of is None:
        return Steps.constant(passes(test, iter(values), _ANY_TIME))
    length = millis_of(test.operand)
    moments = [to_millis(moment) for value in values if (moment := instant_of(value)) is not None]
    return decided([_during([spans_of(moment, length)]) for moment in moments], True) if moments else Steps.constant(False)


def millis_of(duration: str) -> int:
    return parse_duration(duration) // timedelta(milliseconds=1)


def sustained(steps: Steps[bool], length: int) -> Steps[bool]:
    """True where it has been true without a break for ``length`` milliseconds."""
    changes: list[tuple[int, bool]] = []
    for place, (begun, value) in enumerate(steps.pieces):
        if not value:
            changes.append((begun, False))
            continue
        ripe = begun + length if begun != MIN else MIN
        ends = steps.pieces[place + 1][0] if place + 1 < len(steps.pieces) else MAX
        if ripe < ends:
            changes.append((ripe, True))
    known = _sustained_since(steps, length)
    start = bool(steps.pieces[0][1])
    return Steps.of(start, [change for change in changes if change[0] != MIN], known_since=known, until=steps.until)


def _sustained_since(steps: Steps[bool], length: int) -> int:
    """What is known to be false breaks it, whatever was before."""
    known = steps.known_since
    if not MIN < known < MAX:
        return known
    if not steps.at(known):
        return known
    ends = next((begun for begun, _ in steps.pieces if begun > known), MAX)
    return min(known + length, ends)


def spliced(pieces: Sequence[tuple[int, Steps[bool]]], *, known_since: int) -> Steps[bool]:
    """Each from its instant on, until the next begins."""
    changes: list[tuple[int, bool]] = []
    for place, (begun, inner) in enumerate(pieces):
        ends = pieces[place + 1][0] if place + 1 < len(pieces) else MAX
        if begun != MIN:
            changes.append((begun, inner.at(begun)))
        changes += [(millis, value) for millis, value in inner.pieces[1:] if begun < millis < ends]
    until = min((inner.until for _, inner in pieces), default=MAX)
    return Steps.of(pieces[0][1].pieces[0][1], changes, known_since=known_since, until=until)


_SPANS: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "within": lambda moment, length: (moment, moment + length + _MILLISECOND),
    "older_than": lambda moment, length: (moment + length + _MILLISECOND, MAX),
    "within_next": lambda moment, length: (moment - length, moment + _MILLISECOND),
}


def _during(spans: Spans, *, until: int = MAX) -> Steps[bool]:
    """True from the first of each pair on, false again from the second on; the pairs ascend and do not overlap."""
    changes = [change for begun, ended in spans for change in ((begun, True), (ended, False)) if change[0] != MAX]
    return Steps.of(False, changes, until=until)


def _anniversaries(values: Sequence[object], asked: Anniversary, *, time_zone: str, now: int) -> Steps[bool]:
    zone = ZoneInfo(time_zone)
    last = from_millis(now).astimezone(zone).year + 1
    until = _midnight(date(last, 12, 1), zone)
    offset = parse_offset(asked.offset)
    days = [day for value in values if (day := _day_of(value, zone)) is not None]
    spans = [[_span(_in_year(day, year) + offset, zone) for year in range(_EARLIEST_YEAR, last + _MOST_YEARS_OFF)] for day in days]
    found = [_during(each, until=until) for each in spans]
    return decided(found, True) if found else Steps.constant(False)


def _span(day: date, zone: ZoneInfo) -> tuple[int, int]:
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return to_millis(datetime(day.year, day.month, day.day, tzinfo=zone))


def _day_of(value: object, zone: ZoneInfo) -> date | None:
    """A plain date is that day everywhere, an instant its day where the person lives; at the ends of the calendar, its day in UTC."""
    moment = instant_of(value)
    if moment is None or (isinstance(value, str) and len(value) == len("2026-11-22")):
        return None if moment is None else moment.date()
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return moment.date()


def _in_year(day: date, year: int) -> date:
    """29 February is the 28th in common years."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def plain_test(asked: SustainedTest) -> TraitTest:
    """The test that has to have been passed for so long."""
    given = {("in_" if name == "in" else name): operand for name, operand in [(asked.operator, asked.operand)]}
    return TraitTest.model_construct(trait=asked.trait, **given)
