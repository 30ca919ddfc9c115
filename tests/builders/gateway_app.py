"""A function behind an HTTP API as a WSGI application, for clients that want to speak HTTP to it: fuzzers."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from tests.builders.events import gateway_event

type Function = Callable[[dict[str, Any]], Mapping[str, Any]]
"""A payload 2.0 event in, a reply out."""


def gateway_app(function: Function, authorizer: Mapping[str, Any] | None = None) -> Any:
    """``authorizer``: the context that the gateway's authorizer hands on, when there is one."""

    def app(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reply = function(_event(environ, authorizer))
        status = int(reply["statusCode"])
        headers = [(name, str(value)) for name, value in reply.get("headers", {}).items()]
        headers += [("Set-Cookie", cookie) for cookie in reply.get("cookies", ())]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [_body(reply)]

    return app


def _event(environ: Mapping[str, Any], authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    event = gateway_event(environ["REQUEST_METHOD"], path, body=body, headers=headers, query=environ.get("QUERY_STRING", ""))
    event["routeKey"] = "$default"
    event["requestContext"] |= {"stage": "$default", "authorizer": {"lambda": dict(authorizer or {})}}
    event["requestContext"]["http"]["path"] = quote(path)
    return event


def _body(reply: Mapping[str, Any]) -> bytes:
    from base64 import b64decode

    body = reply.get("body") or ""
    return b64decode(body) if reply.get("isBase64Encoded") else body.encode()
