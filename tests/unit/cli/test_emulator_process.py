"""Where the emulator is brought nearer to AWS."""

import asyncio
from typing import Any

import pytest

from cli.local import emulator_process
from cli.local.emulator_process import moving_cookies, of_this_thread, routing_preflights


def test_cookies_leave_the_headers_for_the_events_own_field() -> None:
    handed: list[dict[str, Any]] = []
    execute = moving_cookies(lambda _record, event: handed.append(event))

    execute(None, {"routeKey": "$default", "headers": {"cookie": "a=1; b=2", "host": "x"}})

    assert handed == [{"routeKey": "$default", "headers": {"host": "x"}, "cookies": ["a=1", "b=2"]}]


def test_an_event_of_another_kind_is_handed_on_as_it_is() -> None:
    handed: list[dict[str, Any]] = []
    moving_cookies(lambda _record, event: handed.append(event))(None, {"Records": []})

    assert handed == [{"Records": []}]


def test_a_preflight_is_routed_like_any_request() -> None:
    async def handle(_api: str, _stage: str, _path: str, method: str) -> tuple[bool, str]:
        return method == "OPTIONS", f"{method}"

    async def ask(method: str) -> object:
        return await routing_preflights(handle)("api", "$default", "/v1/t", method)

    assert asyncio.run(ask("OPTIONS")) == (False, "OPTIONS")
    assert asyncio.run(ask("POST")) == (False, "POST")


def test_a_reader_with_a_batching_window_is_left_to_the_thread_that_gathers(monkeypatch: pytest.MonkeyPatch) -> None:
    hurried: Any = ("1", "eu", {"UUID": "stitch", "MaximumBatchingWindowInSeconds": 0})
    gathered: Any = ("1", "eu", {"UUID": "lake", "MaximumBatchingWindowInSeconds": 5})
    sources = of_this_thread(lambda: iter([hurried, gathered]))
    seen: dict[bool | None, list[Any]] = {None: list(sources())}
    for gathers in (False, True):
        monkeypatch.setattr(emulator_process._reading, "gathers", gathers, raising=False)
        seen[gathers] = list(sources())
    assert seen == {None: [hurried, gathered], False: [hurried], True: [gathered]}
