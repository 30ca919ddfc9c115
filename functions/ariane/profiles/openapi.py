"""The profile API's OpenAPI document, and the one list of its routes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ariane.access.tokens import (
    IMPORTS_READ,
    IMPORTS_WRITE,
    MESSAGES_READ,
    PROFILES_READ,
    PROFILES_WRITE,
    REJECTS_READ,
    REJECTS_RETRY,
    SEGMENTS_READ,
    SEGMENTS_WRITE,
)
from ariane.profiles.identity_requests import EVENTS_TO, LONGEST_WHY, MOST_IDENTIFIERS
from ariane.profiles.segment_views import PARTS


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    summary: str
    scope: str | None
    """None: public."""
    query: tuple[str, ...] = ()
    method: str = "get"
    body: Mapping[str, Any] | None = None
    """Schema of what is sent. None: nothing is."""


_PROFILE = "/v1/profiles/{identifier}"
_SEGMENT = "/v1/spaces/{space}/collections/users/profiles/{identifier}"
_REJECT = "/v1/rejects/{day}/{digest}"
_NAMED_SEGMENT = "/v1/segments/{name}"
_PAGED = ("limit", "cursor")
_WHY: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_WHY}
_PAIR = {"type": "object", "required": ["type", "value"], "properties": {"type": {"type": "string"}, "value": {"type": "string"}}}
_IDENTIFIERS = {"type": "array", "minItems": 1, "maxItems": MOST_IDENTIFIERS, "items": {"oneOf": [{"type": "string"}, _PAIR]}}


def _body(**fields: Mapping[str, Any]) -> Mapping[str, Any]:
    required = [name for name in fields if name != "events_to"]
    return {"type": "object", "required": required, "properties": fields, "additionalProperties": False}


def _optional(**fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "properties": fields, "additionalProperties": False}


_IMPORT: Mapping[str, Any] = {
    "type": "object",
    "required": ["mapping", "file"],
    "properties": {
        "mapping": {"type": "object"},
        "file": {
            "type": "object",
            "required": ["name", "size", "sha256"],
            "properties": {
                "name": {"type": "string"},
                "size": {"type": "integer"},
                "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
        },
        "as_of": {"type": "string", "format": "date-time"},
    },
}
_FLAG: Mapping[str, Any] = {"type": "boolean"}
_NAMES: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
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
    Route("/v1/profiles", "One person, by an identifier that a path cannot hold (with a ? or a #)", PROFILES_READ, ("identifier", "view")),
    Route(
        _PROFILE,
        "One person, by any identifier (namespace:value) or person id; of very many devices those not heard of lately are only counted, as "
        "more_devices: external_ids of Segment's profile API pages through all",
        PROFILES_READ,
        ("view",),
    ),
    Route(f"{_PROFILE}/timeline", "The person's events over all channels, newest first", PROFILES_READ, _PAGED),
    Route(f"{_PROFILE}/explain", "Why these identifiers are one person, and who was kept apart from them", PROFILES_READ),
    Route(
        f"{_PROFILE}/unmerge",
        "Take identifiers out of the person; with dry_run=true say who and what would come of it",
        PROFILES_WRITE,
        ("dry_run",),
        "post",
        _body(identifiers=_IDENTIFIERS, why=_WHY, events_to={"enum": [*EVENTS_TO]}),
    ),
    Route(
        f"{_PROFILE}/link", "Say that identifiers are the person's", PROFILES_WRITE, (), "post", _body(identifiers=_IDENTIFIERS, why=_WHY)
    ),
    Route("/v1/splits/{split_id}", "What was taken apart, by whom and why, and whether all that follows is done", PROFILES_READ),
    Route("/v1/splits/{split_id}/lift", "Make a split void", PROFILES_WRITE, (), "post", _body(why=_WHY)),
    *(Route(f"{_SEGMENT}/{part}", f"Segment's profile API: {part}", PROFILES_READ, _SEGMENT_QUERY[part]) for part in PARTS),
    Route("/v1/messages", "Every message meant for one person, sent or not", MESSAGES_READ, ("profile", *_PAGED)),
    Route("/v1/segments", "The published segments: how many people are in each, and were day by day", SEGMENTS_READ, _PAGED),
    Route(_NAMED_SEGMENT, "One segment: its condition, also in words, and its persona", SEGMENTS_READ),
    Route(f"{_NAMED_SEGMENT}/members", "Who is in it, and since when (with profiles:read)", SEGMENTS_READ, (*_PAGED, "identifiers")),
    Route(f"{_NAMED_SEGMENT}/counts", "How many were in it at the end of each day, and are now", SEGMENTS_READ, ("from", "to")),
    Route(
        f"{_NAMED_SEGMENT}/export",
        "A page of a list of its members for others, as text lines; of those who agreed (with profiles:read)",
        SEGMENTS_READ,
        ("format", "consent", "columns", *_PAGED),
    ),
    Route(f"{_NAMED_SEGMENT}/backfill", "The latest backfill since the segment is what it is", SEGMENTS_READ),
    Route(f"{_NAMED_SEGMENT}/backfill", "Evaluate everybody", SEGMENTS_WRITE, (), "post", _optional(announce=_FLAG)),
    Route(
        "/v1/backfills",
        "Evaluate everybody, for all segments or some",
        SEGMENTS_WRITE,
        (),
        "post",
        _optional(announce=_FLAG, segments=_NAMES),
    ),
    Route("/v1/backfills", "The last ten backfills, the newest first", SEGMENTS_READ),
    Route("/v1/backfills/{backfill_id}", "How far a backfill is", SEGMENTS_READ),
    Route("/v1/backfills/{backfill_id}/resume", "Go on with the parts of a backfill that have not ended", SEGMENTS_WRITE, (), "post"),
    Route("/v1/rejects", "Events refused on one day, the newest first", REJECTS_READ, ("day", "source", "code", "all", *_PAGED)),
    Route("/v1/rejects/stats", "How many were refused, by code, source and day", REJECTS_READ, ("from", "to")),
    Route(_REJECT, "One refusal with its reason, its body and what came with it", REJECTS_READ),
    Route("/v1/imports", "The imports, the newest first", IMPORTS_READ),
    Route(
        "/v1/imports",
        "Begin an import; the answer says where to upload the file, unless the same one was imported by the same mapping before",
        IMPORTS_WRITE,
        (),
        "post",
        _IMPORT,
    ),
    Route("/v1/imports/{id}", "How far an import is, and why one failed", IMPORTS_READ),
    Route(
        "/v1/imports/{id}/rejects",
        "The lines that an import refused, part by part; once it is done all of them as a file",
        IMPORTS_READ,
        ("cursor",),
    ),
    Route("/v1/objects/{type}", "Objects that imports brought: products, stock, ad_spend, tv_spots", IMPORTS_READ, ("cursor",)),
    Route("/v1/objects/{type}/{key}", "One object; the parts of a key are apart by colons", IMPORTS_READ),
    Route(f"{_REJECT}/retry", "Try a refused event again; with dry_run=true say what would happen", REJECTS_RETRY, ("dry_run",), "post"),
)


def openapi_document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ariane profile API", "version": "1"},
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The token as user name, an empty password"},
            },
            "schemas": {"Error": _error_schema()},
        },
    }


def _paths() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        found.setdefault(route.path, {})[route.method] = _operation(route)
    return found


def _operation(route: Route) -> dict[str, Any]:
    in_path = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return {
        "summary": route.summary,
        "parameters": [*(_parameter(name, "path") for name in in_path), *(_parameter(name, "query") for name in route.query)],
        **({"requestBody": {"required": True, "content": {"application/json": {"schema": route.body}}}} if route.body else {}),
        "responses": {**_answers(route), **({"default": _error_response()} if route.scope else {})},
        "security": [{"bearer": [route.scope]}, {"basic": [route.scope]}] if route.scope else [],
    }


def _answers(route: Route) -> dict[str, Any]:
    later = {"202": {"description": "Done; the background still has to follow"}} if route.body else {}
    return {"200": {"description": "The answer"}, **later}


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path" or name in ("profile", "identifier"), "schema": {"type": "string"}}


def _error_response() -> dict[str, Any]:
    return {"description": "What is wrong", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


def _error_schema() -> dict[str, Any]:
    properties: Iterable[str] = ("code", "message")
    return {"type": "object", "required": list(properties), "properties": {name: {"type": "string"} for name in properties}}
