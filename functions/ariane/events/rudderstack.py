"""RudderStack where it differs from Segment: two headers, traits in the context, its pixel and its source configuration."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ariane.errors import Rejected
from ariane.events.bodies import unbase64
from ariane.events.segment import read_pixel as read_segment_pixel
from ariane.events.wire import Request, Submission

UNSUPPORTED = ("merge", "record")
"""Types of RudderStack's own: their paths exist, so that what is sent there is kept with its reason (``unknown_type``)."""
MAX_AGE_SECONDS = 300
_NEVER_CHANGED = "2026-01-01T00:00:00.000Z"
_OFF = {"enabled": False}


def with_habits(reader: Callable[[Request], Submission]) -> Callable[[Request], Submission]:
    """``reader`` for clients that may be RudderStack's.

    The headers ``SentAt`` and ``AnonymousId`` (base64) stand in for what the body leaves out, and the traits of an ``identify``, which
    these SDKs put into its context, are its own.

    ``AnonymousId`` is meant as a routing hint and names one event of a batch, so it never speaks for an event that names anybody itself,
    be it by an external id or a trait: who that is only acceptance knows, by the rules, and so it is handed on as ``device_hint``.
    Only SDKs on a person's device send it: an event without ids is that device's, and would be lost otherwise.
    """

    return lambda request: habitual(reader(request), request)


def habitual(submission: Submission, request: Request) -> Submission:
    sent_at = submission.sent_at or request.headers.get("sentat")
    return replace(submission, items=[_habitual(item) for item in submission.items], sent_at=sent_at, device_hint=hinted_id(request))


def read_pixel(request: Request, kind: str) -> Submission:
    """Dotted parameters as in Segment's pixel; its snippets put the anonymous id in quotes. Raises Rejected."""
    submission = read_segment_pixel(replace(request, query=[each for each in request.query if each[0] != "data"]), kind)
    (item,) = submission.items
    quoted = item.get("anonymousId")
    bare = quoted[1:-1] if isinstance(quoted, str) and len(quoted) > 1 and quoted[0] == quoted[-1] == '"' else quoted
    return replace(submission, items=[item | {"anonymousId": bare}])


def source_config(source: str, write_key: str) -> dict[str, Any]:
    """What the SDKs ask for before they send anything: a source that is on and forwards nowhere.

    The Kotlin and Swift SDKs cannot read it without ``writeKey``, ``workspaceId`` and ``updatedAt``. There are no ``dataplanes``: with them
    the SDKs would send there instead of to the address that the site names.
    """
    return {
        "source": {
            "id": source,
            "name": source,
            "writeKey": write_key,
            "workspaceId": "ariane",
            "enabled": True,
            "updatedAt": _NEVER_CHANGED,
            "config": {"statsCollection": {"errors": _OFF, "metrics": _OFF}},
            "destinations": [],
            "connections": [],
        }
    }


def hinted_id(request: Request) -> str | None:
    """Of the header ``AnonymousId``."""
    header = request.headers.get("anonymousid")
    try:
        return unbase64(header).decode() if header else None
    except (Rejected, UnicodeDecodeError):
        return None


def _habitual(item: Any) -> Any:
    return _with_own_traits(item) if isinstance(item, Mapping) and item.get("type") == "identify" else item


def _with_own_traits(item: Mapping[str, Any]) -> Mapping[str, Any]:
    context, own = item.get("context"), item.get("traits")
    if not isinstance(context, Mapping) or not isinstance(own, Mapping | None):
        return item
    traits = context.get("traits")
    if not isinstance(traits, Mapping):
        return item
    rest = {name: value for name, value in context.items() if name != "traits"}
    return {**item, "traits": {**traits, **(own or {})}, "context": rest}
