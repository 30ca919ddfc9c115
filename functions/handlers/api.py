"""The profile API."""

import os
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import quote, unquote

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.access.tokens import MESSAGES_READ, PROFILES_COUNTER, PROFILES_READ, require
from ariane.errors import ArianeError, Rejected
from ariane.events.retrying import Retries
from ariane.imports.desk import ImportDesk
from ariane.profiles import segment_views, views
from ariane.profiles.identity_desk import IdentityDesk
from ariane.profiles.openapi import openapi_document
from ariane.segments.desk import SegmentDesk
from ariane.settings import ApiSettings, load
from ariane.wiring.api import api_sources, identity_desk, people_of
from ariane.wiring.imports import import_desk
from ariane.wiring.retries import retries_of
from ariane.wiring.segment_desk import segment_desk
from handlers.identity_routes import add_identity_routes
from handlers.import_routes import add_import_routes
from handlers.reject_routes import add_reject_routes
from handlers.segment_routes import add_segment_routes

_PATHS = (
    re.compile(r"(/v1/profiles/)(.+?)(/timeline|/explain|)", re.DOTALL),
    re.compile(r"(/v1/spaces/[^/]+/collections/users/profiles/)(.+)(/[^/]+)", re.DOTALL),
)
"""What stands before an identifier in a path, the identifier, and what stands after it."""
_ORDERS = re.compile(r"(/v1/profiles/)(.+?)(/unmerge|/link)", re.DOTALL)
"""Of a POST alone: an identifier may end so."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return _resolver().resolve(event, context)


@cache
def _resolver() -> APIGatewayHttpResolver:
    settings = load(ApiSettings, os.environ)
    people = people_of(settings, os.environ)
    sources = api_sources(settings, people)
    return build(
        sources,
        cache(partial(retries_of, settings, os.environ)),
        cache(partial(identity_desk, settings, people)),
        cache(partial(segment_desk, settings, sources)),
        cache(partial(import_desk, settings, os.environ)),
    )


@cache
def _logger() -> Logger:
    return Logger(service="api")


class _Resolver(APIGatewayHttpResolver):
    """An HTTP API hands ``rawPath`` over decoded, once: an identifier may hold slashes, and what looks encoded there is meant so. Here it
    is encoded again, to be one segment for the routes, which decode it."""

    def resolve(self, event: Any, context: LambdaContext) -> dict[str, Any]:
        return super().resolve({**event, "rawPath": _routable(event["rawPath"], event["requestContext"]["http"]["method"])}, context)


def _routable(path: str, method: str) -> str:
    for pattern in (_ORDERS, *_PATHS) if method == "POST" else _PATHS:
        if (found := pattern.fullmatch(path)) is not None:
            before, identifier, after = found.groups()
            return before + quote(identifier, safe=":@+", errors="replace") + after
    return path


def build(
    sources: views.Sources,
    retries: Callable[[], Retries] | None = None,
    desk: Callable[[], IdentityDesk] | None = None,
    segments: Callable[[], SegmentDesk] | None = None,
    imports: Callable[[], ImportDesk] | None = None,
) -> APIGatewayHttpResolver:
    """The routes over ``sources``. ``retries`` is asked only when something is tried again, ``desk`` only about identities, ``segments``
    only about segments, ``imports`` only about imports and objects."""
    app = _Resolver(serializer=lambda body: orjson.dumps(body).decode())
    app.get("/health")(lambda: {"status": "ok"})
    app.get("/openapi.json")(openapi_document)
    _add_profiles(app, sources)
    _add_lists(app, sources)
    allow, asker = partial(_allow, app), partial(_asker, app)
    add_identity_routes(app, desk=desk, allow=allow, asker=asker)
    add_segment_routes(app, desk=segments, allow=allow, asker=asker)
    add_import_routes(app, desk=imports, allow=allow, asker=asker)
    add_reject_routes(app, rejects=sources.rejects, retries=retries, allow=allow, asker=asker, clock=sources.clock)
    app.exception_handler(ArianeError)(_refused)
    app.exception_handler(Exception)(_failed)
    app.not_found(_not_found)
    return app


def _add_profiles(app: APIGatewayHttpResolver, sources: views.Sources) -> None:
    @app.get("/v1/profiles")
    def profile_of_query() -> dict[str, Any]:
        return _profile(app, sources, lambda: views.identifier_of(_query(app)))

    @app.get("/v1/profiles/<identifier>")
    def profile(identifier: str) -> dict[str, Any]:
        return _profile(app, sources, lambda: unquote(identifier))

    @app.get("/v1/profiles/<identifier>/timeline")
    def timeline(identifier: str) -> dict[str, Any]:
        _allow(app, PROFILES_READ)
        return views.timeline_view(sources, unquote(identifier), _query(app))

    @app.get("/v1/spaces/<space>/collections/users/profiles/<identifier>/<part>")
    def segment(space: str, identifier: str, part: str) -> dict[str, Any]:  # noqa: ARG001 - one space, whatever its name
        _allow(app, PROFILES_READ)
        return segment_views.segment_view(sources, unquote(identifier), part, _query(app), url=app.current_event.path)


def _profile(app: APIGatewayHttpResolver, sources: views.Sources, identifier: Callable[[], str]) -> dict[str, Any]:
    view = _query(app)("view")
    if view == "counter":
        from ariane.profiles.counter_view import counter_view  # brings in how amounts and days are written; no other route needs it

        _allow(app, PROFILES_COUNTER, PROFILES_READ)
        return counter_view(sources, identifier(), _query(app)("locale"))
    _allow(app, PROFILES_READ)
    if view is not None:
        raise Rejected("unknown_view", "view is counter, or left out")
    return views.profile_view(sources, identifier())


def _add_lists(app: APIGatewayHttpResolver, sources: views.Sources) -> None:
    @app.get("/v1/messages")
    def messages() -> dict[str, Any]:
        _allow(app, MESSAGES_READ)
        return views.messages_view(sources, _query(app))


def _allow(app: APIGatewayHttpResolver, *scopes: str) -> None:
    """One of them."""
    require(_scopes(app.current_event.raw_event), *scopes)


def _asker(app: APIGatewayHttpResolver) -> str:
    return _told(app.current_event.raw_event, "token")


def _query(app: APIGatewayHttpResolver) -> views.Query:
    return (app.current_event.query_string_parameters or {}).get


def _scopes(event: Mapping[str, Any]) -> list[str]:
    """Nothing: nothing is allowed."""
    return _told(event, "scopes").split()


def _told(event: Mapping[str, Any], name: str) -> str:
    """What the authorizer passed on."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    return str((authorizer.get("lambda") or {}).get(name, ""))


def _refused(error: ArianeError) -> Response[str]:
    return _answer(error.status, error.code, error.message)


def _failed(error: Exception) -> Response[str]:
    _logger().error("request failed", extra={"error": type(error).__name__, "at": _place(error)})
    return _answer(500, "internal", "something broke here")


def _not_found(_: NotFoundError) -> Response[str]:
    return _answer(404, "route_not_found", "there is nothing at this path")


def _answer(status: int, code: str, message: str) -> Response[str]:
    return Response(status, "application/json", orjson.dumps({"code": code, "message": message}).decode())


def _place(error: Exception) -> str:
    """Where it broke; the error's text may quote what was asked."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
