"""`ariane profile show|timeline`, `ariane messages`: what a terminal and what a program is shown."""

import io
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from rich.console import Console

from cli import lookups, report
from cli.failures import CommandFailed
from cli.main import main
from cli.profile_api import ProfileApi, connect

type Shell = Callable[..., tuple[int, str]]
LONG = "a-very-long-value-" * 40
ANSWERS: dict[str, Any] = {
    "/v1/profiles/user_id:u1": {
        "id": "prs_a",
        "identifiers": [{"type": "user_id", "value": "u1"}, {"type": "device_id", "value": "kiosk", "epoch": 1}],
        "traits": {"note": f"{LONG}\tand\nmore", "address": {"city": "Nantes"}, "vip": True},
        "computed": {
            "order_count": 1234,
            "average_order_value": 42.5,
            "last_viewed": ["p1", "p2"],
            "first_order_at": "2026-11-22T12:00:00.000Z",
        },
        "segments": [{"name": "vip", "since": "2026-11-22T18:05:09.123Z"}],
        "lifecycle": "retention",
        "lifecycle_since": None,
        "consents": [],
    },
    "/v1/profiles/user_id:u1/timeline": {
        "data": [
            {
                "type": "track",
                "event": "Order Completed",
                "messageId": "receipt-2",
                "timestamp": "2026-11-22T18:05:09.123Z",
                "source": "stores",
                "properties": {"order_id": "R-2"},
            },
            {"type": "page", "event": None, "messageId": LONG, "timestamp": "2026-11-22T18:05:08.000Z", "source": "web"},
        ],
        "cursor": {"has_more": False},
    },
    "/v1/messages": {
        "data": [
            {
                "id": "msg_1",
                "channel": "email",
                "address": "email:lucie@example.com",
                "template": "receipt",
                "journey": "orders",
                "node": "n",
                "status": "sent",
                "reason": None,
                "at": "2026-11-22T18:05:09.123Z",
            }
        ],
        "cursor": {"has_more": False},
    },
}


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setattr(lookups, "find", lambda _: None)
    monkeypatch.setattr(lookups, "connect", lambda _: client(lambda request: httpx.Response(200, json=ANSWERS[request.url.path])))
    monkeypatch.setenv("COLUMNS", "60")

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


def client(answer: Callable[[httpx.Request], httpx.Response]) -> ProfileApi:
    api = ProfileApi("https://api.shop.example", "tok")
    api._http = httpx.Client(base_url="https://api.shop.example", transport=httpx.MockTransport(answer))
    return api


def test_a_timeline_tells_seconds_orders_and_messages_and_is_whole_in_a_pipe_of_any_width(shell: Shell) -> None:
    code, out = shell("profile", "timeline", "user_id:u1")

    assert code == 0
    assert out.splitlines() == [
        "time\tsource\ttype\tevent\torder\tmessage",
        "2026-11-22T18:05:09Z\tstores\ttrack\tOrder Completed\tR-2\treceipt-2",
        f"2026-11-22T18:05:08Z\tweb\tpage\t\t\t{LONG}",
    ]


def test_a_profile_in_a_pipe_has_a_line_for_each_thing(shell: Shell) -> None:
    _, out = shell("profile", "show", "user_id:u1")

    rows = dict(line.split("\t") for line in out.splitlines())
    assert rows["trait note"] == f"{LONG} and more"
    assert (rows["trait address"], rows["trait vip"]) == ('{"city":"Nantes"}', "true")
    assert rows["identifier device_id"].startswith("kiosk (a shared device")


def test_messages_name_the_address(shell: Shell) -> None:
    _, out = shell("messages", "user_id:u1")

    assert "2026-11-22T18:05:09Z\temail\temail:lucie@example.com\treceipt\torders\tsent\t\n" in out


def test_on_a_terminal_it_is_a_table_whose_times_are_never_cut(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(report, "out", Console(file=screen, force_terminal=True, width=60, highlight=False))
    shell("profile", "timeline", "user_id:u1")

    assert "2026-11-22T18:05:09Z" in screen.getvalue()
    assert "┃" in screen.getvalue()


@pytest.mark.parametrize(("given", "used"), [(None, "tok_of_the_run"), ("", "tok_of_the_run"), ("tok_lea", "tok_lea")])
def test_the_local_run_takes_the_token_that_is_set(monkeypatch: pytest.MonkeyPatch, given: str | None, used: str) -> None:
    monkeypatch.delenv("ARIANE_API_TOKEN", raising=False)
    if given is not None:
        monkeypatch.setenv("ARIANE_API_TOKEN", given)
    stack = SimpleNamespace(api_url="http://127.0.0.1:1", api_token="tok_of_the_run")
    api = connect(SimpleNamespace(local_stack=stack))  # type: ignore[arg-type]

    assert api._http.headers["authorization"] == f"Bearer {used}"
    api.close()


def test_a_token_of_another_stage_is_named_as_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARIANE_API_TOKEN", "tok_of_prod")
    with pytest.raises(CommandFailed, match="403: Forbidden: ARIANE_API_TOKEN is no token of this stage"):
        client(lambda _: httpx.Response(403, json={"message": "Forbidden"})).profile("user_id:u1")
    scope = {"code": "scope_missing", "message": "the token lacks profiles:read"}
    with pytest.raises(CommandFailed, match=r"profiles:read$"):
        client(lambda _: httpx.Response(403, json=scope)).profile("user_id:u1")
