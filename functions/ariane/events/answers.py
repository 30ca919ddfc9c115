"""What clients are told. SDKs count only 200 as success, and retry a 4xx without ``code`` for ever."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from ariane.errors import ArianeError
from ariane.events.limits import OverLimit
from ariane.events.wire import SUCCESS, Response

RETRY_AFTER_SECONDS = 5
_ALLOWED_HEADERS = "authorization, content-type, content-encoding, x-retry-count, anonymousid, sentat, sp-anonymous"
_MAX_AGE_SECONDS = 7200
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.\-]{0,20}://[A-Za-z0-9_.:\-\[\]]{0,255}")

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
"""1x1, transparent."""


def accepted(rejected: Sequence[Mapping[str, Any]] = (), *, acknowledgement: Mapping[str, Any] = SUCCESS) -> Response:
    return _json(200, {**acknowledgement, "rejected": rejected} if rejected else acknowledgement)


def refused(error: ArianeError, *, status: int | None = None) -> Response:
    actual = status or error.status
    pause = error.retry_after if isinstance(error, OverLimit) else RETRY_AFTER_SECONDS
    headers = {"Retry-After": str(pause)} if actual in (429, 503) else {}
    return _json(actual, {"code": error.code, "message": error.message}, headers)


def document(content: Mapping[str, Any], *, max_age_seconds: int, is_private: bool = False) -> Response:
    """``is_private``: the key is not in its address, so a cache between must not give it to others."""
    return _json(200, content, {"Cache-Control": f"{'private' if is_private else 'public'}, max-age={max_age_seconds}"})


def script(content: str, *, max_age_seconds: int) -> Response:
    headers = {"Cache-Control": f"public, max-age={max_age_seconds}"}
    return Response(status=200, body=content.encode(), content_type="application/javascript", headers=headers)


def found(content: Mapping[str, Any]) -> Response:
    return _json(200, content, {"Cache-Control": "no-store"})


def image(*cookies: str) -> Response:
    return Response(status=200, body=GIF, content_type="image/gif", headers={"Cache-Control": "no-store"}, cookies=cookies)


def moved(url: str, *cookies: str) -> Response:
    return Response(status=302, headers={"Location": url, "Cache-Control": "no-store"}, cookies=cookies)


def preflight() -> Response:
    """Carries no key, so it cannot know the source: its origins are checked on the request itself."""
    return Response(
        status=200,
        headers={
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(_MAX_AGE_SECONDS),
        },
    )


def shared_with_origin(response: Response, origin: str | None) -> Response:
    """Lets the page that asked read the answer: its origin by name, as credentials are allowed and exclude ``*``. An answer to
    none varies too: a cache must not give it to a page."""
    headers = {**response.headers, "Vary": "Origin"}
    if origin is not None and _ORIGIN.fullmatch(origin):
        headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "Retry-After",
        }
    return replace(response, headers=headers)


def _json(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, body=orjson.dumps(content), headers=headers or {})
