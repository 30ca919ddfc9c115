"""Segment's HTTP API, with the paths of its browser and mobile SDKs, and its pixel: requests to submissions. Pure."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ariane.events.bodies import inflate, read_object, unbase64
from ariane.events.wire import Refused, Request, Submission

MAX_EVENTS = 2_500

LETTERS: Mapping[str, str] = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias"}
BATCH_PATHS = ("/v1/batch", "/v1/b", "/b", "/v1/batch/b", "/batch", "/batch/b")
"""The documented ones, the SDKs' own, and what people configure by mistake."""


def read_single(request: Request, kind: str) -> Submission:
    """``kind`` comes from the path and wins over the body's ``type``. Raises Rejected."""
    plain = inflate(request.body)
    item = read_object(plain)
    return Submission(write_key=write_key_of(request, item), items=[item | {"type": kind}], sent_at=item.get("sentAt"), body=plain)


def read_batch(request: Request) -> Submission:
    """Raises Rejected; ``too_many_events`` above 2,500."""
    plain = inflate(request.body)
    return batch_of(request, read_object(plain), plain)


def batch_of(request: Request, document: Mapping[str, Any], plain: bytes) -> Submission:
    """Of the body ``plain`` that was read already. Raises Refused."""
    write_key = write_key_of(request, document)
    items = document.get("batch")
    if not isinstance(items, list):
        raise Refused("batch_missing", "batch is not a list of events", write_key=write_key, body=plain)
    if len(items) > MAX_EVENTS:
        raise Refused("too_many_events", f"a request holds at most {MAX_EVENTS} events", write_key=write_key, body=plain)
    return Submission(
        write_key=write_key,
        items=items,
        sent_at=document.get("sentAt"),
        context=document.get("context"),
        integrations=document.get("integrations"),
        body=plain,
    )


def read_pixel(request: Request, kind: str) -> Submission:
    """``data`` (base64 of a JSON event, in either alphabet, padded or not) or dotted parameters. Raises Rejected."""
    data = request.parameter("data")
    plain = urlencode(request.query).encode() if data is None else unbase64(data)
    item = nested(request.query) if data is None else read_object(plain)
    return Submission(write_key=write_key_of(request, item), items=[item | {"type": kind}], sent_at=item.get("sentAt"), body=plain)


def write_key_of(request: Request, document: Mapping[str, Any]) -> str | None:
    """Basic user name, else the body's ``writeKey`` or ``api_key``, else the query's ``writeKey``, ``k``, ``api_secret`` or ``token``."""
    candidates = (
        _basic_user(request),
        document.get("writeKey"),
        document.get("api_key"),
        request.parameter("writeKey"),
        request.parameter("k"),
        request.parameter("api_secret"),
        request.parameter("token"),
    )
    return next((key for key in candidates if isinstance(key, str) and key), None)


def nested(parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """``a.b=1`` as ``{"a": {"b": "1"}}``. Of parameters that contradict each other the last counts."""
    tree: dict[str, Any] = {}
    for name, value in parameters:
        *path, leaf = name.split(".")
        branch = tree
        for step in path:
            below = branch.get(step)
            branch[step] = below = below if isinstance(below, dict) else {}
            branch = below
        branch[leaf] = value
    return tree


def _basic_user(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(credentials.strip()).decode().partition(":")[0]
    except ValueError:  # not base64, or not text
        return None
