"""The API's routes over refusals."""

from typing import Any

import pytest

from ariane.events.log import Reject
from ariane.profiles.openapi import openapi_document
from tests.builders.events import RECEIVED, a_message
from tests.builders.reject_desk import CARD, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.world.post("/v1/batch", {"batch": [CARD]}, headers={"user-agent": "Mozilla/5.0"})
    desk.world.post("/v1/batch", {"batch": [a_message(event=None)]}, source="backend")
    return desk


def ok(desk: Desk, method: str, path: str, **query: str) -> Any:
    status, body = desk.ask(method, path, query)
    assert status == 200, body
    return body


def identity_of(desk: Desk, code: str) -> str:
    return next(str(each["id"]) for each in ok(desk, "GET", "/v1/rejects")["data"] if each["code"] == code)


def test_a_list_is_narrowed_and_says_why(desk: Desk) -> None:
    (found,) = ok(desk, "GET", "/v1/rejects", source="backend")["data"]
    assert (found["code"], found["index"], found["kind"], found["retried"]) == ("event_missing", 0, "server", None)
    assert found["body"].startswith('{"type":"track"')
    assert ok(desk, "GET", "/v1/rejects", source="backend", code="no_usable_identifier")["data"] == []


def test_a_narrowed_list_goes_on_where_a_page_of_the_table_holds_little(desk: Desk) -> None:
    others = [Reject(source="till", at=RECEIVED, code="other", message="m", index=n, body=b"%d" % n) for n in range(1_500)]
    desk.world.rejects.put(others)

    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(20):
        page = ok(desk, "GET", "/v1/rejects", code="event_missing", limit="50", **cursor)
        seen += [each["code"] for each in page["data"]]
        if not page["cursor"]["has_more"]:
            break
        cursor = {"cursor": page["cursor"]["next"]}
    assert seen == ["event_missing"]


def test_one_is_shown_with_all_that_came_with_it(desk: Desk) -> None:
    found = ok(desk, "GET", f"/v1/rejects/{identity_of(desk, 'no_usable_identifier')}")

    assert (found["shape"], found["truncated"]) == ("item", False)
    assert found["transport"]["headers"]["user-agent"] == "Mozilla/5.0"
    assert (found["transport"]["method"], found["transport"]["path"], found["transport"]["ip"]) == ("POST", "/v1/batch", "203.0.113.0")


def test_a_retry_is_marked_with_the_tokens_name_and_leaves_the_list(desk: Desk) -> None:
    identity = identity_of(desk, "no_usable_identifier")
    assert ok(desk, "POST", f"/v1/rejects/{identity}/retry")["outcome"] == "refused"
    desk.declare()
    assert ok(desk, "POST", f"/v1/rejects/{identity}/retry", dry_run="true")["outcome"] == "accepted"
    assert desk.logged() == []

    result = ok(desk, "POST", f"/v1/rejects/{identity}/retry")
    assert result == {"id": identity, "outcome": "accepted", "code": None, "message": None, "events": 1, "rejected": []}
    assert len(desk.logged()) == 1
    assert [each["code"] for each in ok(desk, "GET", "/v1/rejects")["data"]] == ["event_missing"]
    assert [each["retried"] for each in ok(desk, "GET", "/v1/rejects", all="true", code="no_usable_identifier")["data"]] == [
        {"at": "2026-11-22T10:30:00.000Z", "by": "support"}
    ]


def test_reading_does_not_allow_to_retry(desk: Desk) -> None:
    identity = identity_of(desk, "event_missing")
    desk.scopes = "rejects:read profiles:read messages:read"
    status, body = desk.ask("POST", f"/v1/rejects/{identity}/retry")
    assert (status, body["code"]) == (403, "scope_missing")
    assert ok(desk, "GET", f"/v1/rejects/{identity}")["id"] == identity

    desk.scopes = "rejects:retry"
    assert desk.ask("POST", f"/v1/rejects/{identity}/retry")[0] == 200
    assert desk.ask("GET", f"/v1/rejects/{identity}")[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "code"),
    [
        ("GET", f"/v1/rejects/2026-11-22/{'0' * 32}", {}, 404, "reject_not_found"),
        ("POST", f"/v1/rejects/2026-11-22/{'0' * 32}/retry", {}, 404, "reject_not_found"),
        ("GET", f"/v1/rejects/20261122/{'0' * 32}", {}, 400, "invalid_day"),
        ("GET", "/v1/rejects/stats", {"from": "2026-11-22", "to": "2026-11-21"}, 400, "invalid_range"),
        ("GET", "/v1/rejects/stats", {"from": "2026-01-01", "to": "2026-11-21"}, 400, "invalid_range"),
        ("GET", "/v1/rejects/stats", {"from": "soon"}, 400, "invalid_day"),
        ("GET", "/v1/rejects", {"limit": "0"}, 400, "invalid_limit"),
        ("GET", "/v1/rejects/2026-11-22", {}, 404, "route_not_found"),
        ("POST", "/v1/rejects", {}, 404, "route_not_found"),
    ],
)
def test_what_is_wrong_is_said_with_a_code(desk: Desk, method: str, path: str, query: dict[str, str], status: int, code: str) -> None:
    answered, body = desk.ask(method, path, query)
    assert (answered, body["code"]) == (status, code)
    assert set(body) == {"code", "message"}


def test_the_document_says_which_route_is_a_post() -> None:
    paths = openapi_document()["paths"]
    assert set(paths["/v1/rejects/{day}/{digest}/retry"]) == {"post"}
    assert set(paths["/v1/rejects/stats"]) == {"get"}
