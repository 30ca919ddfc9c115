"""The routes of the API about segments: who is in them, how many, evaluating everybody, and lists for others."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from ariane.access.tokens import PROFILES_READ, SEGMENTS_READ, SEGMENTS_WRITE
from ariane.errors import Permanent
from ariane.segments import desk_views as views
from ariane.segments.desk import SegmentDesk

type Answer = tuple[dict[str, Any], int]


def add_segment_routes(
    app: APIGatewayHttpResolver, *, desk: Callable[[], SegmentDesk] | None, allow: Callable[[str], None], asker: Callable[[], str]
) -> None:
    """``allow`` raises unless the caller has the scope, ``asker`` is the name of their token."""

    def at_desk() -> SegmentDesk:
        if desk is None:
            raise Permanent("segments_unavailable", "this API has no segments")
        return desk()

    _add_reading(app, at_desk, allow=allow)
    _add_people(app, at_desk, allow=allow)
    _add_backfills(app, at_desk, allow=allow, asker=asker)


def _add_reading(app: APIGatewayHttpResolver, at_desk: Callable[[], SegmentDesk], *, allow: Callable[[str], None]) -> None:
    @app.get("/v1/segments")
    def listed() -> dict[str, Any]:
        allow(SEGMENTS_READ)
        return views.list_view(at_desk(), _query(app))

    @app.get("/v1/segments/<name>")
    def one(name: str) -> dict[str, Any]:
        allow(SEGMENTS_READ)
        return views.one_view(at_desk(), unquote(name))

    @app.get("/v1/segments/<name>/counts")
    def counts(name: str) -> dict[str, Any]:
        allow(SEGMENTS_READ)
        return views.counts_view(at_desk(), unquote(name), _query(app))


def _add_people(app: APIGatewayHttpResolver, at_desk: Callable[[], SegmentDesk], *, allow: Callable[[str], None]) -> None:
    """Who is in it is personal: it takes the scope for profiles too."""

    @app.get("/v1/segments/<name>/members")
    def members(name: str) -> dict[str, Any]:
        allow(SEGMENTS_READ)
        allow(PROFILES_READ)
        return views.members_view(at_desk(), unquote(name), _query(app))

    @app.get("/v1/segments/<name>/export")
    def export(name: str) -> dict[str, Any]:
        allow(SEGMENTS_READ)
        allow(PROFILES_READ)
        return views.export_view(at_desk(), unquote(name), _query(app))


def _add_backfills(
    app: APIGatewayHttpResolver, at_desk: Callable[[], SegmentDesk], *, allow: Callable[[str], None], asker: Callable[[], str]
) -> None:
    @app.get("/v1/segments/<name>/backfill")
    def backfill(name: str) -> dict[str, Any]:
        allow(SEGMENTS_READ)
        return views.backfill_view(at_desk(), unquote(name))

    @app.post("/v1/segments/<name>/backfill")
    def start(name: str) -> Answer:
        allow(SEGMENTS_WRITE)
        return views.start_view(at_desk(), [unquote(name)], _body(app), by=asker()), 202

    @app.get("/v1/backfills/<backfill_id>")
    def progress(backfill_id: str) -> dict[str, Any]:
        allow(SEGMENTS_READ)
        return views.progress_view(at_desk().backfills().progress(unquote(backfill_id)))

    @app.post("/v1/backfills/<backfill_id>/resume")
    def resume(backfill_id: str) -> Answer:
        allow(SEGMENTS_WRITE)
        return views.progress_view(at_desk().backfills().resume(unquote(backfill_id))), 202

    @app.get("/v1/backfills")
    def latest() -> dict[str, Any]:
        allow(SEGMENTS_READ)
        return views.backfills_view(at_desk())

    @app.post("/v1/backfills")
    def start_all() -> Answer:
        allow(SEGMENTS_WRITE)
        return views.start_view(at_desk(), [], _body(app), by=asker()), 202


def _query(app: APIGatewayHttpResolver) -> views.Query:
    return (app.current_event.query_string_parameters or {}).get


def _body(app: APIGatewayHttpResolver) -> str | None:
    return app.current_event.decoded_body
