"""The profile API's authorizer: a request authorizer of HTTP API (payload 2.0) with simple responses."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from ariane.access.tokens import TokenReader, authenticate
from ariane.settings import AuthorizerSettings, load
from ariane.wiring.authorizer import token_reader


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    return authorize(event, _tokens())


def authorize(event: Mapping[str, Any], tokens: TokenReader) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    token = authenticate(tokens, headers.get("authorization"))
    if token is None:
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": {"token": token.name, "scopes": " ".join(token.scopes)}}


@cache
def _tokens() -> TokenReader:
    return token_reader(load(AuthorizerSettings, os.environ))
