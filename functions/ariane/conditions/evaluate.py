"""The evaluator: a condition and a view of a person give a step function over time; its value now is the answer."""

import collections.abc as abc
from decimal import Decimal
from hashlib import sha256
from typing import Any

from ariane.conditions.catalogue import Catalogue, segments_named
from ariane.conditions.computed import LIFECYCLE
from ariane.conditions.computed_steps import Value, computed_steps, lifecycle_steps
from ariane.conditions.entries import EXACT, MOST_EXACT
from ariane.conditions.event_tests import first_steps, last_steps, near_steps, performed_steps, sequence_steps
from ariane.conditions.model import (
    All,
    AnyOf,
    Bucket,
    Condition,
    ConsentTest,
    Draw,
    FirstEvent,
    HasBeen,
    InSegment,
    LastEvent,
    Near,
    Not,
    Performed,
    Sequence,
    TraitTest,
)
from ariane.conditions.moments import millis_of, over_time, plain_test, spliced, sustained
from ariane.conditions.operators import matches, name_matches, value_at, values_at
from ariane.conditions.series import Consent, Settings
from ariane.conditions.steps import MAX, MIN, Steps, decided, inverted
from ariane.conditions.view import View
from ariane.errors import ArianeError, Permanent

__all__ = ["BeyondMemory", "Evaluation", "as_json", "at", "computed_values", "holds", "matches", "name_matches", "steps", "value_at"]

_MILLIONTHS = 1_000_000


class BeyondMemory(ArianeError):
    """What is kept beside the profile does not tell: only the log can."""

    def __init__(self) -> None:
        super().__init__("beyond_memory", "only the person's events in the log tell whether the condition holds")


def holds(condition: Condition, view: View, catalogue: Catalogue, now: int) -> bool:
    """``now`` in milliseconds. Raises BeyondMemory."""
    return at(steps(condition, view, catalogue, now=now), now)


def at[T](found: Steps[T], now: int) -> T:
    """Raises BeyondMemory."""
    if now < found.known_since:
        raise BeyondMemory
    return found.at(now)


def steps(condition: Condition, view: View, catalogue: Catalogue, *, now: int) -> Steps[bool]:
    """``now`` bounds what would be told for ever, such as anniversaries."""
    return Evaluation(view, catalogue, now).steps(condition)


def computed_values(view: View, catalogue: Catalogue, now: int) -> abc.Mapping[str, object]:
    """Of all computed traits that are not missing, with ``lifecycle``; as JSON has them. Raises BeyondMemory."""
    found = {name: at(computed_steps(trait, view, now=now), now) for name, trait in sorted(catalogue.computed.items())}
    values = {name: as_json(value) for name, value in found.items() if value is not None}
    return values | {LIFECYCLE: at(lifecycle_steps(view), now)}


def as_json(value: Value) -> object:
    if not isinstance(value, Decimal):
        return value
    if abs(value) > MOST_EXACT:
        return float(value)
    return int(value) if value == value.to_integral_value(context=EXACT) else float(value.quantize(_MILLIONTH, context=EXACT))


_MILLIONTH = Decimal("0.000001")


class Evaluation:
    """Of many conditions at one instant: what several of them name is looked at once."""

    def __init__(self, view: View, catalogue: Catalogue, now: int) -> None:
        self._view = view
        self._catalogue = catalogue
        self._now = now
        self._segments: dict[str, Steps[bool]] = {}
        self._traits: dict[str, Steps[Any]] = {}

    def steps(self, condition: Condition) -> Steps[bool]:
        match condition:
            case All():
                return decided([self.steps(part) for part in condition.all], False)
            case AnyOf():
                return decided([self.steps(part) for part in condition.any], True)
            case Not():
                return inverted(self.steps(condition.not_))
            case TraitTest():
                return self._trait_steps(condition)
            case HasBeen():
                asked = condition.has_been
                return sustained(self._trait_steps(plain_test(asked)), millis_of(asked.for_))
            case InSegment():
                found = self.segment(condition.segment)
                return sustained(found, millis_of(condition.for_)) if condition.for_ else found
            case _:
                return self._leaf(condition)

    def _leaf(self, condition: Condition) -> Steps[bool]:
        view = self._view
        match condition:
            case Performed():
                return performed_steps(condition, view)
            case FirstEvent():
                return first_steps(condition, view)
            case LastEvent():
                return last_steps(condition, view)
            case Sequence():
                return sequence_steps(condition, view)
            case Near():
                return near_steps(condition, view)
            case ConsentTest():
                return _consent_steps(condition, view)
            case Bucket():
                return Steps.constant(is_drawn(condition.bucket, view.facts.plain_identifier))
        raise AssertionError(f"no kind of condition: {type(condition).__name__}")

    def segment(self, name: str) -> Steps[bool]:
        """A segment that is gone has no members. What a segment names comes before it, however long the chain is."""
        waiting = [name]
        while waiting:
            current = waiting[-1]
            inner = self._catalogue.segments.get(current)
            missing = [] if inner is None or current in self._segments else sorted(segments_named(inner) - self._segments.keys())
            if current in self._segments:
                waiting.pop()
            elif not missing:
                self._segments[current] = Steps.constant(False) if inner is None else self.steps(inner)
            elif len(waiting) > len(self._catalogue.segments):
                raise Permanent("segment_circle", f"the segment {name} names itself, through others")
            else:
                waiting.append(missing[0])
        return self._segments[name]

    def _trait_steps(self, test: TraitTest) -> Steps[bool]:
        top = test.trait.partition(".")[0]
        values = self._values(top)
        zone = self._view.facts.time_zone
        found = [(begun, [*values_at({top: value}, test.trait)]) for begun, value in values.pieces]
        tests = [(begun, over_time(test, some, time_zone=zone, now=self._now)) for begun, some in found]
        passed = spliced(tests, known_since=values.known_since)
        return passed if values.until == MAX else Steps(passed.pieces, passed.known_since, min(passed.until, values.until))

    def _values(self, trait: str) -> Steps[Any]:
        if trait not in self._traits:
            self._traits[trait] = self._trait_values(trait)
        return self._traits[trait]

    def _trait_values(self, trait: str) -> Steps[Any]:
        if trait in self._catalogue.computed:
            return computed_steps(self._catalogue.computed[trait], self._view, now=self._now)
        if trait == LIFECYCLE:
            return lifecycle_steps(self._view)
        return settings_steps(self._view.settings(trait))


def settings_steps(settings: Settings) -> Steps[Any]:
    if not settings.is_complete:
        return Steps.of(None, (), known_since=MAX)
    known = MIN if settings.watermark is None else settings.watermark + 1
    return Steps.of(None, [(run.first, run.value) for run in settings.runs], known_since=known)


def _consent_steps(condition: ConsentTest, view: View) -> Steps[bool]:
    """Granted by one of several addresses is granted. Before a decision that stands its address had made none: what it said before that
    is not looked at."""
    asked = condition.consent
    theirs = [each for each in view.consents() if each.concerns(asked.topic, asked.channel)]
    states = ((millis, _state([each for each in theirs if each.millis <= millis])) for millis in sorted({each.millis for each in theirs}))
    return Steps.of("unknown", states).map(lambda state: state == asked.is_)


def _state(decisions: abc.Sequence[Consent]) -> str:
    """Of each address the latest stands, of several at one instant the withdrawal."""
    standing: dict[str, Consent] = {}
    for each in decisions:
        known = standing.get(each.address, each)
        standing[each.address] = max(known, each, key=lambda one: (one.millis, not one.is_granted))
    return "granted" if any(each.is_granted for each in standing.values()) else "withdrawn"


def is_drawn(draw: Draw, identifier: str) -> bool:
    drawn = int.from_bytes(sha256(f"{draw.salt}:{identifier}".encode()).digest()[:8]) % _MILLIONTHS
    return drawn < round(draw.percent * _MILLIONTHS / 100)
