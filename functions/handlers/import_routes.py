"""The routes of the API that begin imports and tell of them, and that read the objects that imports brought."""

from collections.abc import Callable
from typing import Any

import orjson
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from ariane.access.tokens import IMPORTS_READ, IMPORTS_WRITE
from ariane.errors import Permanent, Rejected
from ariane.imports.desk import ImportDesk


def add_import_routes(
    app: APIGatewayHttpResolver, *, desk: Callable[[], ImportDesk] | None, allow: Callable[[str], None], asker: Callable[[], str]
) -> None:
    """``allow`` raises unless the caller has the scope, ``asker`` is the name of their token."""

    def imports() -> ImportDesk:
        if desk is None:
            raise Permanent("imports_unavailable", "this API has no imports")
        return desk()

    def query(name: str) -> str | None:
        return (app.current_event.query_string_parameters or {}).get(name)

    @app.post("/v1/imports")
    def begin() -> dict[str, Any]:
        allow(IMPORTS_WRITE)
        return imports().begin(_body(app.current_event.decoded_body), by=asker())

    @app.get("/v1/imports")
    def listed() -> dict[str, Any]:
        allow(IMPORTS_READ)
        return imports().imports()

    @app.get("/v1/imports/<identity>")
    def one(identity: str) -> dict[str, Any]:
        allow(IMPORTS_READ)
        return imports().one(identity)

    @app.get("/v1/imports/<identity>/rejects")
    def rejects(identity: str) -> dict[str, Any]:
        allow(IMPORTS_READ)
        return imports().rejects(identity, cursor=query("cursor"))

    _add_objects(app, imports, allow=allow, cursor=lambda: query("cursor"))


def _add_objects(
    app: APIGatewayHttpResolver,
    imports: Callable[[], ImportDesk],
    *,
    allow: Callable[[str], None],
    cursor: Callable[[], str | None],
) -> None:
    @app.get("/v1/objects/<kind>")
    def objects(kind: str) -> dict[str, Any]:
        allow(IMPORTS_READ)
        return imports().objects(kind, cursor=cursor())

    @app.get("/v1/objects/<kind>/<key>")
    def object_of(kind: str, key: str) -> dict[str, Any]:
        allow(IMPORTS_READ)
        return imports().object(kind, key)


def _body(text: str | None) -> Any:
    try:
        return orjson.loads(text or "")
    except orjson.JSONDecodeError as error:
        raise Rejected("invalid_json", "the body is not JSON") from error
