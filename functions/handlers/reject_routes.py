"""The routes of the API that show refusals and try them again."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from ariane.access.tokens import REJECTS_READ, REJECTS_RETRY
from ariane.errors import Permanent
from ariane.events.log import RejectHistory
from ariane.events.retrying import Retries
from ariane.instants import Clock
from ariane.profiles import reject_views


def add_reject_routes(
    app: APIGatewayHttpResolver,
    *,
    rejects: RejectHistory,
    retries: Callable[[], Retries] | None,
    allow: Callable[[str], None],
    asker: Callable[[], str],
    clock: Clock,
) -> None:
    """``allow`` raises unless the caller has the scope, ``asker`` is the name of their token."""

    def query(name: str) -> str | None:
        return (app.current_event.query_string_parameters or {}).get(name)

    @app.get("/v1/rejects")
    def listed() -> dict[str, Any]:
        allow(REJECTS_READ)
        return reject_views.list_view(rejects, query, clock=clock)

    @app.get("/v1/rejects/stats")
    def stats() -> dict[str, Any]:
        allow(REJECTS_READ)
        return reject_views.stats_view(rejects, query, clock=clock)

    @app.get("/v1/rejects/<day>/<digest>")
    def one(day: str, digest: str) -> dict[str, Any]:
        allow(REJECTS_READ)
        return reject_views.one_view(rejects, reject_views.identity_of(day, digest))

    @app.post("/v1/rejects/<day>/<digest>/retry")
    def retry(day: str, digest: str) -> dict[str, Any]:
        allow(REJECTS_RETRY)
        if retries is None:
            raise Permanent("retry_unavailable", "this API only reads")
        identity = reject_views.identity_of(day, digest)
        return reject_views.retry_view(retries().retry(identity, by=asker(), is_dry_run=query("dry_run") == "true"))
