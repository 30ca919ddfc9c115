"""The collectors' HTTP API. Imports neither boto3 nor Powertools: a browser waits for this function's cold start."""

import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qsl

import orjson

from ariane.errors import Permanent
from ariane.events.answers import refused, shared_with_origin
from ariane.events.collector import Collector
from ariane.events.wire import Request, Response
from ariane.instants import Clock, utc_now
from ariane.settings import CollectSettings, load
from ariane.wiring.collect import collector
from ariane.wiring.signed_clients import signed_bucket, signed_client


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    return serve(event, _service, utc_now)


def serve(event: Mapping[str, Any], service: Callable[[], Collector], clock: Clock) -> dict[str, Any]:
    """An HTTP API event (payload 2.0) in, its reply out. What breaks inside is logged once and answered 503: clients keep their events."""
    try:
        return reply(service().answer(request_of(event, clock)))
    except Exception as error:  # noqa: BLE001 - the one edge: a bug must not cost events
        _log_failure(error)
        answer = refused(Permanent("internal", "something broke here; send the request again"), status=503)
        return reply(shared_with_origin(answer, _origin_of(event)))


@cache
def _service() -> Collector:
    connect, connect_bucket = partial(signed_client, environment=os.environ), partial(signed_bucket, environment=os.environ)
    return collector(load(CollectSettings, os.environ), connect, connect_bucket)


def request_of(event: Mapping[str, Any], clock: Clock) -> Request:
    http = event["requestContext"]["http"]
    body = event.get("body") or ""
    return Request(
        method=http["method"],
        path=_text(event["rawPath"]),
        received_at=clock(),
        query=parse_qsl(_text(event.get("rawQueryString") or ""), keep_blank_values=True),
        headers={name.lower(): _text(value) for name, value in (event.get("headers") or {}).items()},
        cookies=dict(_pair(cookie) for cookie in event.get("cookies") or ()),
        body=b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass"),
        source_ip=http.get("sourceIp"),
    )


def reply(response: Response) -> dict[str, Any]:
    is_text = response.content_type == "application/json"
    return {
        "statusCode": response.status,
        "headers": {"Content-Type": response.content_type, **response.headers},
        "cookies": list(response.cookies),
        "body": response.body.decode() if is_text else b64encode(response.body).decode(),
        "isBase64Encoded": not is_text,
    }


def _pair(cookie: str) -> tuple[str, str]:
    name, _, value = _text(cookie).partition("=")
    return name.strip(), value.strip()


def _origin_of(event: Mapping[str, Any]) -> str | None:
    return next((value for name, value in (event.get("headers") or {}).items() if name.lower() == "origin"), None)


def _text(value: str) -> str:
    """Half a surrogate pair is no text, and cannot be stored."""
    return value.encode("utf-8", "replace").decode()


def _log_failure(error: Exception) -> None:
    """The kind and the place; never the message, which may quote what was sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    sys.stdout.write(
        orjson.dumps({"level": "ERROR", "message": "collect failed", "error": type(error).__name__, "at": place}).decode() + "\n"
    )
