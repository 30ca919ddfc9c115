"""The unsubscribe pages: ``/u/{token}`` of the collectors' HTTP API."""

import os
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.messaging.pages import HEADERS
from ariane.messaging.unsubscribe_endpoint import LinkRequest, UnsubscribeEndpoint
from ariane.settings import LinksSettings, load
from ariane.wiring.links import unsubscribe_endpoint

_OUR_FAULT = 500


@cache
def _service() -> UnsubscribeEndpoint:
    return unsubscribe_endpoint(load(LinksSettings, os.environ), os.environ)


@cache
def _logger() -> Logger:
    return Logger(service="links")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    request = request_of(event)
    page = _service().answer(request)
    log = _logger().error if page.status >= _OUR_FAULT else _logger().info
    log("unsubscribe link used", extra={"method": request.method, "status": page.status, "problem": page.problem})
    return {"statusCode": page.status, "headers": dict(HEADERS), "body": page.html}


def request_of(event: Mapping[str, Any]) -> LinkRequest:
    """An HTTP API event, payload 2.0."""
    body = event.get("body") or ""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return LinkRequest(
        method=event["requestContext"]["http"]["method"],
        token=event["rawPath"].rpartition("/u/")[2],
        body=b64decode(body).decode("utf-8", "replace") if event.get("isBase64Encoded") else body,
        accept_language=headers.get("accept-language"),
    )
