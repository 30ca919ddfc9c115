"""The profile API's OpenAPI document, and the one list of its routes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ariane.access.tokens import MESSAGES_READ, PROFILES_READ, REJECTS_READ, REJECTS_RETRY
from ariane.profiles.segment_views import PARTS


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    summary: str
    scope: str | None
    """None: public."""
    query: tuple[str, ...] = ()
    method: str = "get"


_PROFILE = "/v1/profiles/{identifier}"
_SEGMENT = "/v1/spaces/{space}/collections/users/profiles/{identifier}"
_REJECT = "/v1/rejects/{day}/{digest}"
_PAGED = ("limit", "cursor")
_SEGMENT_QUERY: Mapping[str, tuple[str, ...]] = {
    "traits": ("limit", "next", "include", "class", "verbose"),
    "external_ids": ("limit", "next", "include"),
    "events": ("limit", "next", "include", "exclude", "start", "end", "sort"),
    "metadata": (),
    "links": ("limit", "next"),
}
ROUTES: tuple[Route, ...] = (
    Route("/health", "Whether the API answers", None),
    Route("/openapi.json", "This document", None),
    Route("/v1/profiles", "One person, by an identifier that a path cannot hold (with a ? or a #)", PROFILES_READ, ("identifier",)),
    Route(_PROFILE, "One person, by any identifier (namespace:value) or person id", PROFILES_READ),
    Route(f"{_PROFILE}/timeline", "The person's events over all channels, newest first", PROFILES_READ, _PAGED),
    Route(f"{_PROFILE}/explain", "Why these identifiers are one person", PROFILES_READ),
    *(Route(f"{_SEGMENT}/{part}", f"Segment's profile API: {part}", PROFILES_READ, _SEGMENT_QUERY[part]) for part in PARTS),
    Route("/v1/messages", "Every message meant for one person, sent or not", MESSAGES_READ, ("profile", *_PAGED)),
    Route("/v1/rejects", "Events refused on one day, the newest first", REJECTS_READ, ("day", "source", "code", "all", *_PAGED)),
    Route("/v1/rejects/stats", "How many were refused, by code, source and day", REJECTS_READ, ("from", "to")),
    Route(_REJECT, "One refusal with its reason, its body and what came with it", REJECTS_READ),
    Route(f"{_REJECT}/retry", "Try a refused event again; with dry_run=true say what would happen", REJECTS_RETRY, ("dry_run",), "post"),
)


def openapi_document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ariane profile API", "version": "1"},
        "paths": {route.path: {route.method: _operation(route)} for route in ROUTES},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The token as user name, an empty password"},
            },
            "schemas": {"Error": _error_schema()},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    in_path = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return {
        "summary": route.summary,
        "parameters": [*(_parameter(name, "path") for name in in_path), *(_parameter(name, "query") for name in route.query)],
        "responses": {"200": {"description": "The answer"}, **({"default": _error_response()} if route.scope else {})},
        "security": [{"bearer": [route.scope]}, {"basic": [route.scope]}] if route.scope else [],
    }


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path" or name in ("profile", "identifier"), "schema": {"type": "string"}}


def _error_response() -> dict[str, Any]:
    return {"description": "What is wrong", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


def _error_schema() -> dict[str, Any]:
    properties: Iterable[str] = ("code", "message")
    return {"type": "object", "required": list(properties), "properties": {name: {"type": "string"} for name in properties}}
