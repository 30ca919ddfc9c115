"""PostHog's capture API: requests to submissions. Pure. What an event means is in ``posthog_events``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from ariane.errors import Rejected
from ariane.events.bodies import inflate, object_of, read_json, read_object
from ariane.events.encodings import decoded
from ariane.events.posthog_events import messages_of
from ariane.events.segment import MAX_EVENTS, write_key_of
from ariane.events.wire import Origin, Refused, Request, Submission
from ariane.instants import format_instant

EVENT_PATHS = ("/e", "/capture", "/i/v0/e")
"""And ``/batch``, which is shared with Segment's SDKs."""
FLAG_PATHS = ("/flags", "/decide")
NO_FLAGS: Mapping[str, Any] = {
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
    "supportedCompression": [],
    "sessionRecording": False,
    "siteApps": [],
}
"""As if the project had no feature flag: the shape of ``/flags`` with that of its predecessor, ``/decide``."""
_ACKNOWLEDGEMENT: Mapping[str, Any] = {"status": 1}
_SEGMENTS_OWN = frozenset({"userId", "anonymousId", "previousId", "messageId", "context"})


def read_events(request: Request) -> Submission:
    """One event, a list of events, or ``{"batch": […]}``. Raises Rejected; ``too_many_events`` above 2,500."""
    plain = inflate(request.body)
    return _submission(request, _document(plain), plain)


def or_else(other: Callable[[Request, Mapping[str, Any], bytes], Submission]) -> Callable[[Request], Submission]:
    """PostHog's where the body is PostHog's; where it is not, ``other`` makes a submission of the document and the inflated body."""

    def read(request: Request) -> Submission:
        plain = inflate(request.body)
        try:
            document = _document(plain)
        except Rejected as error:
            if error.code == "body_too_complex":
                raise
            document = read_object(plain)
        return _submission(request, document, plain) if _is_posthog(document) else other(request, object_of(document), plain)

    return read


def config(write_key: str) -> dict[str, Any]:
    """What posthog-js asks for at its start: everything off that this collector does not take.

    No compression: it would be sent as text, which a gateway destroys (posthog-js says ``text/plain`` of gzip).
    """
    return {
        "token": write_key,
        "supportedCompression": [],
        "hasFeatureFlags": False,
        "analytics": {"endpoint": "/i/v0/e/"},
        "autocapture_opt_out": False,
        "autocaptureExceptions": False,
        "captureDeadClicks": False,
        "capturePerformance": False,
        "conversations": False,
        "defaultIdentifiedOnly": True,
        "elementsChainAsString": True,
        "heatmaps": False,
        "productTours": False,
        "sessionRecording": False,
        "siteApps": [],
        "surveys": False,
    }


def config_script(write_key: str) -> str:
    """The same for the page's ``<script>``."""
    name, content = (orjson.dumps(each).decode() for each in (write_key, {"config": config(write_key), "siteApps": []}))
    return f"(function(c){{(window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{{}})[{name}]=c}})({content})"


def _document(plain: bytes) -> Any:
    return read_json(decoded(plain))


def _submission(request: Request, document: Any, plain: bytes) -> Submission:
    envelope, events = _opened(document)
    key = _write_key(request, envelope, events, plain)
    if not isinstance(events, list):
        raise Refused("batch_missing", "batch is not a list of events", write_key=key, body=plain)
    if len(events) > MAX_EVENTS:
        raise Refused("too_many_events", f"a request holds at most {MAX_EVENTS} events", write_key=key, body=plain)
    made = [(message, Origin(index, _alone(event))) for index, event in enumerate(events) for message in messages_of(event)]
    return Submission(
        write_key=key,
        items=[message for message, _ in made],
        origins=[origin for _, origin in made],
        sent_at=envelope.get("sent_at") or _sent_by_clock(request),
        body=plain,
        acknowledgement=_ACKNOWLEDGEMENT,
    )


def _alone(event: Any) -> Any:
    """What is read as this one event: an object is, unless it reads as a batch."""
    return event if isinstance(event, Mapping) and "batch" not in event else {"batch": [event]}


def _opened(document: Any) -> tuple[Mapping[str, Any], Any]:
    """What surrounds the events, and the events."""
    if not isinstance(document, Mapping):
        return {}, document
    return (document, document["batch"]) if "batch" in document else (document, [document])


def _write_key(request: Request, envelope: Mapping[str, Any], events: Any, plain: bytes) -> str | None:
    own = next(_keys_in(envelope), None)
    found = {key for event in events for key in _keys_in(event)} if own is None and isinstance(events, Sequence) else set()
    key = write_key_of(request, {"writeKey": envelope.get("writeKey"), "api_key": own or next(iter(sorted(found)), None)})
    if len(found) > 1:
        raise Refused("several_write_keys", "the events of a request have one api_key", write_key=key, body=plain)
    return key


def _keys_in(event: Any) -> Iterator[str]:
    """posthog-js names the project in each event's properties."""
    if not isinstance(event, Mapping):
        return
    properties = event.get("properties")
    inner = properties.get("token") if isinstance(properties, Mapping) else None
    for key in (event.get("api_key"), event.get("token"), inner):
        if isinstance(key, str) and key:
            yield key
            return


def _sent_by_clock(request: Request) -> str | None:
    """posthog-js states when it sent as ``_``, in milliseconds."""
    milliseconds = request.parameter("_") or ""
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) == 13):
        return None
    return format_instant(datetime.fromtimestamp(int(milliseconds) / 1000, UTC))


def _is_posthog(document: Any) -> bool:
    """A distinct id of any event says so, or the envelope's ``api_key`` where no event has what only Segment's have. ``type`` says nothing:
    some of PostHog's libraries state it, and of two protocols the words are the same."""
    if not isinstance(document, Mapping):
        return isinstance(document, list)
    envelope, sent = _opened(document)
    events = [event for event in sent if isinstance(event, Mapping)] if isinstance(sent, list) else []
    if any(_has_distinct_id(event) for event in events):
        return True
    if any(not _SEGMENTS_OWN.isdisjoint(event) for event in events):
        return False
    is_keyed = "writeKey" not in envelope and next(_keys_in(envelope), None) is not None
    return is_keyed or any("event" in event and "type" not in event for event in events[:1])


def _has_distinct_id(event: Mapping[str, Any]) -> bool:
    """An event with Segment's ids is Segment's, whatever else it holds. Among its properties it is PostHog's too, unless the event has any
    field of Segment's: a shop may call its own property so."""
    if "userId" in event or "anonymousId" in event:
        return False
    properties = event.get("properties")
    is_within = isinstance(properties, Mapping) and "distinct_id" in properties
    return "distinct_id" in event or (is_within and _SEGMENTS_OWN.isdisjoint(event))
