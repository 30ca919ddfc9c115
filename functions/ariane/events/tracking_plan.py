"""The tracking plan where events come in: each is what the brand says of its name, or is marked so, or refused.

A mark changes nothing else: the event counts as any other. It is not among what the event's keys are made of, so a repeat that is judged by
another plan is still a repeat.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Self

from ariane.errors import Rejected
from ariane.events.model import Message
from ariane.events.property_schema import Schema, TooMuch, Violation, Work, violations

CODE = "tracking_plan"
MOST_STEPS = 200_000
"""Of one request, half a second: some ten thousand events as shops send them."""
MOST_TOLD = 5
"""Violations of one event."""
_LONGEST_FIELD = 200
_UNPLANNED = Violation("event", "unplanned", "is no name of the tracking plan")

type Check = Callable[[Message], Message]


class TrackingPlan:
    """The part ``plan`` of the document ``collect``: ``{"unplanned", "events": {name: {"mode", "schema"}}, "identify"}``."""

    def __init__(self, *, unplanned: str, events: Mapping[str, Mapping[str, Any]], identify: Mapping[str, Any] | None) -> None:
        self._unplanned = unplanned
        self._events = events
        self._identify = identify

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(unplanned=document["unplanned"], events=document["events"], identify=document.get("identify"))

    def of_request(self) -> Check:
        """For the events of one request: the message as it is, or with ``context.violations``. Raises Rejected (``tracking_plan``)."""
        work = Work(MOST_STEPS)
        return lambda message: self._checked(message, work)

    def _checked(self, message: Message, work: Work) -> Message:
        mode, found = self._judged(message, work)
        if not found:
            return message
        if mode == "reject":
            raise Rejected(CODE, "; ".join(_sentence(each) for each in found))
        return {**message, "context": {**message.get("context", {}), "violations": [_mark(each) for each in found]}}

    def _judged(self, message: Message, work: Work) -> tuple[str, list[Violation]]:
        if message["type"] == "identify" and self._identify is not None:
            return self._identify["mode"], _all_of(self._identify["schema"], message.get("traits", {}), work)
        if message["type"] != "track":
            return "allow", []
        planned = self._events.get(message["event"])
        if planned is None:
            return self._unplanned, [] if self._unplanned == "allow" else [_UNPLANNED]
        return planned["mode"], _all_of(planned["schema"], message.get("properties", {}), work)


def _all_of(schema: Schema, value: object, work: Work) -> list[Violation]:
    return list(islice(_bounded(schema, value, work), MOST_TOLD))


def _bounded(schema: Schema, value: object, work: Work) -> Iterator[Violation]:
    try:
        yield from violations(schema, value, work)
    except TooMuch:
        yield Violation("", "unchecked", "the request holds more than can be checked: send fewer events at once")


def _sentence(violation: Violation) -> str:
    return f"{_field(violation)} {violation.message}".strip()


def _mark(violation: Violation) -> dict[str, str]:
    return {"field": _field(violation), "type": violation.rule, "description": violation.message}


def _field(violation: Violation) -> str:
    return violation.field[:_LONGEST_FIELD]
