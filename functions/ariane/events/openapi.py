"""The collectors' OpenAPI document: every address of ``routes``, what it takes and how it answers. Imported only by whoever asks for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ariane.events.posthog import EVENT_PATHS, FLAG_PATHS
from ariane.events.routes import ROUTES
from ariane.events.segment import BATCH_PATHS, LETTERS, MAX_EVENTS

type Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_ID: Json = {"type": ["string", "integer", "null"]}
_OBJECT: Json = {"type": "object"}
_SETTINGS = ("/v1/projects/{writeKey}/settings", "/projects/{writeKey}/settings", "/array/{writeKey}/config")
_REFUSALS: Mapping[str, str] = {
    "400": "The request as a whole cannot be read",
    "401": "Unknown or revoked write key",
    "403": "The source does not accept events from this origin",
    "404": "There is nothing here, or the key of a settings document is unknown",
    "415": "A compressed body was carried as text: its bytes are lost",
    "429": "Over the source's rate or quota; Retry-After says when to come again",
    "503": "Not everything could be written; send the request again after Retry-After",
}


def openapi_document(public_url: str) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ariane collectors", "version": "1"},
        "servers": [{"url": public_url}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"writeKey": {"type": "http", "scheme": "basic", "description": "The write key as user name, no password"}},
            "schemas": {"Event": _event(), "Batch": _batch(), "Accepted": _accepted(), "Error": _error()},
        },
    }


def _paths() -> Json:
    paths: dict[str, Json] = {}
    for (method, path), operation in sorted({**_operations(), **_settings()}.items()):
        paths.setdefault(path, {})[method.lower()] = operation
    return paths


def _operations() -> dict[tuple[str, str], Json]:
    """Without the twins that have a slash at the end."""
    return {(method, path): _operation(method, path) for method, path in ROUTES if method != "HEAD" and not path.endswith("/")}


def _operation(method: str, path: str) -> Json:
    if method == "GET":
        return _document(path) if path in ("/sourceConfig", "/openapi.json") else _image(path)
    if path in _NAMED:
        summary, schema = _NAMED[path]
        return _post(summary, schema)
    kind = path.rpartition("/")[2]
    return _post(f"Segment: one {LETTERS.get(kind, kind)}", {"$ref": "#/components/schemas/Event"})


def _named() -> dict[str, tuple[str, Json]]:
    batch: Json = {"$ref": "#/components/schemas/Batch"}
    capture: Json = {
        "type": "object",
        "required": ["api_key"],
        "properties": {"api_key": _TEXT, "batch": {"type": "array"}, "event": _TEXT},
    }
    payload: Json = {"type": "object", "properties": {"client_id": _TEXT, "user_id": _TEXT, "events": {"type": "array", "maxItems": 25}}}
    named = dict.fromkeys((*BATCH_PATHS, "/beacon/v1/batch"), ("Segment, RudderStack: a batch", batch))
    for path in EVENT_PATHS:
        named[path] = ("PostHog: events", capture)
    for path in FLAG_PATHS:
        named[path] = ("PostHog: feature flags; there are none", _OBJECT)
    named["/batch"] = ("Segment's batch or PostHog's: the body decides", {"anyOf": [batch, capture]})
    named |= {"/mp/collect": ("GA4 Measurement Protocol", payload), "/debug/mp/collect": ("GA4: validates, keeps nothing", payload)}
    return named | {"/v1/m": ("Segment SDKs' own metrics: answered, ignored", _OBJECT)}


_NAMED: Mapping[str, tuple[str, Json]] = _named()


def _post(summary: str, schema: Json) -> Json:
    return {
        "summary": summary,
        "security": [{"writeKey": []}, {}],
        "parameters": [_parameter("writeKey", "query")],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}, "text/plain": {"schema": _TEXT}}},
        "responses": {"200": _json("What was accepted", {"$ref": "#/components/schemas/Accepted"}), **_refusals(_REFUSALS)},
    }


def _image(path: str) -> Json:
    if path == "/r":
        moved = {"302": {"description": "To the link's target"}, **_refusals(("400", "404", "503"))}
        return {"summary": "A signed click link", "parameters": [_parameter("t", "query")], "responses": moved}
    names = ("k", "e") if path == "/p.gif" else ("data", "writeKey", "anonymousId", "event")
    image = {"200": {"description": "An image, whatever happens", "content": {"image/gif": {}}}}
    return {"summary": "A pixel", "parameters": [_parameter(name, "query") for name in names], "responses": image}


def _document(path: str) -> Json:
    parameters = [_parameter("writeKey", "query")] if path == "/sourceConfig" else []
    responses = {"200": _json("The document", _OBJECT), **_refusals(("401", "403", "404", "429", "503"))}
    return {"summary": "What an SDK or a programmer asks before sending", "parameters": parameters, "responses": responses}


def _settings() -> dict[tuple[str, str], Json]:
    return {("GET", path): {**_document(path), "parameters": [_parameter("writeKey", "path")]} for path in _SETTINGS}


def _parameter(name: str, place: str) -> Json:
    return {"name": name, "in": place, "required": place == "path", "schema": _TEXT}


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refusals(statuses: Sequence[str] | Mapping[str, str]) -> Json:
    return {status: _json(_REFUSALS[status], {"$ref": "#/components/schemas/Error"}) for status in statuses}


def _event() -> Json:
    """Loosely: what breaks a rule is refused by itself, with its code, and does no harm to the rest."""
    ids = dict.fromkeys(("userId", "anonymousId", "previousId", "groupId", "messageId"), _ID)
    objects = {name: {"type": ["object", "null"]} for name in ("properties", "traits", "context", "integrations")}
    times = {name: {"type": ["string", "null"], "format": "date-time"} for name in ("timestamp", "originalTimestamp", "sentAt")}
    kind = {"enum": sorted(LETTERS.values())}
    return {"type": "object", "properties": {"type": kind, "event": _TEXT, "name": _TEXT, **ids, **objects, **times}}


def _batch() -> Json:
    events = {"type": "array", "maxItems": MAX_EVENTS, "items": {"$ref": "#/components/schemas/Event"}}
    fields = {"batch": events, "sentAt": _TEXT, "writeKey": _TEXT, "context": _OBJECT, "integrations": _OBJECT}
    return {"type": "object", "required": ["batch"], "properties": fields}


def _accepted() -> Json:
    item = {"type": "object", "required": ["index", "code", "message"], "properties": {"index": {"type": "integer"}, **_texts()}}
    return {"type": "object", "properties": {"success": {"const": True}, "rejected": {"type": "array", "items": item}}}


def _error() -> Json:
    return {"type": "object", "required": ["code", "message"], "properties": _texts()}


def _texts() -> Json:
    return {"code": _TEXT, "message": _TEXT}
