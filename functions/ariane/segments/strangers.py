"""Whether there is a segment for somebody of whom nothing is recorded: "has not bought", a share of everybody.

Where there is none, a visitor's first event is looked at as any other is, and most visitors never cost an evaluation.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ariane.conditions.catalogue import Catalogue, segments_named
from ariane.conditions.evaluate import steps
from ariane.conditions.model import All, AnyOf, Bucket, Condition, InSegment, Not
from ariane.conditions.series import Consent, Observed, Series, Settings
from ariane.conditions.steps import MAX, MIN
from ariane.definitions.customer_view import CustomerView


class _Answers(NamedTuple):
    """What a condition may say of one stranger or another, now or some day."""

    may_hold: bool
    may_fail: bool


_EITHER = _Answers(may_hold=True, may_fail=True)


def may_enter(view: CustomerView) -> bool:
    """Errs on the side of True: what two parts of a condition say is taken to have nothing to do with each other."""
    answers = _Segments(view.catalogue)
    return any(answers.of(segment.condition).may_hold for segment in view.segments.values())


class _Segments:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[str, _Answers] = {}

    def of(self, condition: Condition) -> _Answers:
        """What it names comes before it, however long the chain is; a circle may say anything."""
        waiting = sorted(segments_named(condition))
        while waiting:
            name = waiting[-1]
            inner = self._catalogue.segments.get(name)
            missing = [] if inner is None or name in self._known else sorted(segments_named(inner) - self._known.keys())
            if missing and len(waiting) <= len(self._catalogue.segments):
                waiting.append(missing[0])
                continue
            waiting.pop()
            if missing:
                self._known[name] = _EITHER
            elif name not in self._known:
                self._known[name] = _Answers(may_hold=False, may_fail=True) if inner is None else self._answers(inner)
        return self._answers(condition)

    def _answers(self, condition: Condition) -> _Answers:
        match condition:
            case All():
                return _all([self._answers(part) for part in condition.all])
            case AnyOf():
                return _opposite(_all([_opposite(self._answers(part)) for part in condition.any]))
            case Not():
                return _opposite(self._answers(condition.not_))
            case InSegment():
                return self._known[condition.segment]
            case Bucket():
                return _EITHER
        return _of_nobody(condition, self._catalogue)


def _all(parts: Sequence[_Answers]) -> _Answers:
    return _Answers(may_hold=all(part.may_hold for part in parts), may_fail=any(part.may_fail for part in parts))


def _opposite(answers: _Answers) -> _Answers:
    return _Answers(may_hold=answers.may_fail, may_fail=answers.may_hold)


def _of_nobody(condition: Condition, catalogue: Catalogue) -> _Answers:
    found = steps(condition, _Nobody(), catalogue, now=0)
    if len(found.pieces) > 1 or found.known_since != MIN or found.until != MAX:
        return _EITHER
    return _Answers(may_hold=found.at(0), may_fail=not found.at(0))


class _Nobody:
    """As ``conditions.view``: no event, no trait, no consent, no name."""

    @property
    def facts(self) -> "_Nobody":
        return self

    first_seen = identified_at = enrolled_at = None
    plain_identifier = ""
    time_zone = "UTC"

    def observed(self, _series: Series) -> Observed:
        return Observed()

    def settings(self, _trait: str) -> Settings:
        return Settings()

    def consents(self) -> Sequence[Consent]:
        return ()
