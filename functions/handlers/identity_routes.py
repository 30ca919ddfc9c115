"""The routes of the API that say why identifiers are one person, take them apart and put them together."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from ariane.access.tokens import PROFILES_READ, PROFILES_WRITE
from ariane.errors import Permanent
from ariane.profiles import identity_requests as requests
from ariane.profiles.identity_desk import Done, IdentityDesk
from ariane.profiles.identity_views import done_view, explain_view

type Answer = tuple[dict[str, Any], int]


def add_identity_routes(
    app: APIGatewayHttpResolver, *, desk: Callable[[], IdentityDesk] | None, allow: Callable[[str], None], asker: Callable[[], str]
) -> None:
    """``allow`` raises unless the caller has the scope, ``asker`` is the name of their token."""

    def at_desk() -> IdentityDesk:
        if desk is None:
            raise Permanent("identity_unavailable", "this API has no identities")
        return desk()

    _add_profiles(app, at_desk, allow=allow, asker=asker)
    _add_splits(app, at_desk, allow=allow, asker=asker)


def _add_profiles(
    app: APIGatewayHttpResolver, at_desk: Callable[[], IdentityDesk], *, allow: Callable[[str], None], asker: Callable[[], str]
) -> None:
    @app.get("/v1/profiles/<identifier>/explain")
    def explain(identifier: str) -> dict[str, Any]:
        allow(PROFILES_READ)
        return explain_view(at_desk().explain(unquote(identifier)))

    @app.post("/v1/profiles/<identifier>/unmerge")
    def unmerge(identifier: str) -> Answer:
        allow(PROFILES_WRITE)
        said = requests.unmerging(_body(app), at_desk().rules, by=asker())
        is_dry_run = (app.current_event.query_string_parameters or {}).get("dry_run") == "true"
        ask = at_desk().preview if is_dry_run else at_desk().unmerge
        return _answer(ask(unquote(identifier), said))

    @app.post("/v1/profiles/<identifier>/link")
    def link(identifier: str) -> Answer:
        allow(PROFILES_WRITE)
        said = requests.linking(_body(app), at_desk().rules, by=asker())
        return _answer(at_desk().link(unquote(identifier), said))


def _add_splits(
    app: APIGatewayHttpResolver, at_desk: Callable[[], IdentityDesk], *, allow: Callable[[str], None], asker: Callable[[], str]
) -> None:
    @app.get("/v1/splits/<split_id>")
    def split(split_id: str) -> Answer:
        allow(PROFILES_READ)
        return _answer(at_desk().split(split_id))

    @app.post("/v1/splits/<split_id>/lift")
    def lift(split_id: str) -> Answer:
        allow(PROFILES_WRITE)
        return _answer(at_desk().lift(split_id, by=asker(), why=requests.lifting(_body(app))))


def _body(app: APIGatewayHttpResolver) -> str | None:
    return app.current_event.decoded_body


def _answer(done: Done) -> Answer:
    return done_view(done), 202 if done.is_pending else 200
