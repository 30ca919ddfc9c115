"""What the local front notes tells the route and nobody's address."""

from pathlib import Path

import orjson
import pytest

from ariane.events import openapi as collectors
from ariane.profiles import openapi as profiles
from cli.local.access_log import LINKS, UNKNOWN, AccessLog, Routes
from cli.local.proxy import Exchange

PROFILE = Routes.of(profiles.openapi_document())
COLLECT = Routes.of(collectors.openapi_document(""), LINKS)


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/v1/profiles/email:claire@example.fr", "/v1/profiles/{identifier}"),
        ("/v1/profiles/email%3Aclaire@example.fr/timeline?limit=3", "/v1/profiles/{identifier}/timeline"),
        ("/v1/profiles?identifier=email:claire@example.fr", "/v1/profiles"),
        ("/v1/rejects/stats", "/v1/rejects/stats"),
        ("/v1/rejects/2026-11-22/abc", "/v1/rejects/{day}/{digest}"),
        ("/claire@example.fr", UNKNOWN),
        ("/v1/profiles/email:claire@example.fr/secret/claire", UNKNOWN),
    ],
)
def test_a_path_of_the_profile_api_is_noted_as_its_route(target: str, route: str) -> None:
    assert PROFILE.taken_by(target) == route


@pytest.mark.parametrize("target", ["/v1/batch", "/p.gif", "/r", "/b", "/i/v0/e/", "/beacon/v1/batch", "/v1/identify"])
def test_a_collectors_path_is_noted_as_it_is(target: str) -> None:
    assert COLLECT.taken_by(f"{target}?k=secret") == target


def test_tokens_and_keys_are_not_noted() -> None:
    assert COLLECT.taken_by("/u/token-of-claire") == LINKS
    assert COLLECT.taken_by("/v1/projects/wk_secret/settings") == "/v1/projects/{writeKey}/settings"


def test_a_line_holds_no_path(tmp_path: Path) -> None:
    exchange = Exchange(
        method="GET",
        target="/v1/profiles/email:claire@example.fr?view=counter",
        request_headers=[],
        request_body=b"",
        status=200,
        answer_headers=[],
        answer_body=b"",
        seconds=0.1,
    )
    AccessLog(tmp_path / "access.log").observer("profile", PROFILE)(exchange)
    text = (tmp_path / "access.log").read_bytes()
    assert b"claire" not in text
    assert orjson.loads(text) | {"at": 0} == {
        "at": 0,
        "api": "profile",
        "method": "GET",
        "path": "/v1/profiles/{identifier}",
        "status": 200,
        "ms": 100.0,
    }
