"""GA4's Measurement Protocol: requests to submissions. Pure. What an event means is in ``ga4_events``."""

from collections.abc import Iterable, Mapping
from typing import Any

from ariane.errors import Rejected
from ariane.events.bodies import inflate, read_object
from ariane.events.ga4_events import context_of, messages_of
from ariane.events.measure import canonical
from ariane.events.segment import write_key_of
from ariane.events.wire import Origin, Refused, Request, Submission

MAX_EVENTS = 25
_FIELDS: Mapping[str, tuple[str, str]] = {
    "event_missing": ("events", "NAME_INVALID"),
    "events_missing": ("events", "VALUE_REQUIRED"),
    "invalid_timestamp": ("timestamp_micros", "VALUE_INVALID"),
    "no_usable_identifier": ("client_id", "VALUE_REQUIRED"),
    "too_many_events": ("events", "EXCEEDED_MAX_ENTITIES"),
}
"""Our code -> the field and the code of GA4's validation server."""


def read_events(request: Request) -> Submission:
    """Raises Rejected; ``too_many_events`` above 25, ``event_too_large`` where what surrounds the events is larger than an event may be."""
    plain = inflate(request.body)
    document = read_object(plain)
    key = write_key_of(request, document)
    events = document.get("events")
    if not isinstance(events, list):
        raise Refused("events_missing", "events is not a list of events", write_key=key, body=plain)
    if len(events) > MAX_EVENTS:
        raise Refused("too_many_events", f"a request holds at most {MAX_EVENTS} events", write_key=key, body=plain)
    envelope = {name: value for name, value in document.items() if name != "events"}
    try:
        canonical(envelope)
    except Rejected as error:
        raise Refused(error.code, error.message, write_key=key, body=plain) from error
    return Submission(
        write_key=key,
        items=messages_of(envelope, events, received_on=request.received_at.date()),
        origins=[Origin(index, _alone(envelope, event)) for index, event in enumerate(events)],
        context=context_of(envelope),
        body=plain,
    )


def validation(refused: Iterable[tuple[str, str, int | None]]) -> dict[str, Any]:
    """The answer of ``/debug/mp/collect``, in GA4's shape, of (code, message, the event's place)."""
    return {"validationMessages": [_validation(code, message, index) for code, message, index in refused]}


def _validation(code: str, message: str, index: int | None) -> dict[str, str]:
    field, theirs = _FIELDS.get(code, ("events", "VALUE_INVALID"))
    where = "" if index is None else f"Event at index: [{index}]: "
    return {"fieldPath": field, "description": f"{where}{message}", "validationCode": theirs, "code": code}


def _alone(envelope: Mapping[str, Any], event: Any) -> dict[str, Any]:
    return {**envelope, "events": [event]}
