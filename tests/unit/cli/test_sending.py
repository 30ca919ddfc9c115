"""``ariane events send``: batches that a collector takes, and patience where it has none."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from cli import sending
from cli.failures import CommandFailed
from cli.sending import Sent, send_lines


class Collector:
    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.batches: list[list[dict[str, Any]]] = []
        self.waited: list[float] = []

    def send(self, *lines: bytes) -> Sent:
        with httpx.Client(base_url="https://collect.shop.example", transport=httpx.MockTransport(self._answer)) as http:
            return send_lines(lines, http, "key", say=_quiet, sleep=self.waited.append)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Basic ")
        self.batches.append(orjson.loads(request.read())["batch"])
        return self.answers.pop(0) if self.answers else httpx.Response(200, json={"success": True})


def _quiet(_: Sent) -> None:
    pass


def line(number: int, **more: Any) -> bytes:
    return orjson.dumps({"type": "track", "event": "E", "userId": "u", "messageId": f"m{number}", **more}) + b"\n"


def test_lines_go_in_batches_without_what_an_export_put_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MOST_EVENTS", 2)
    collector = Collector()
    sent = collector.send(*(line(number, source="server", sourceName="s", receivedAt="x") for number in range(3)), b"\n")

    assert [len(batch) for batch in collector.batches] == [2, 1]
    assert set(collector.batches[0][0]) == {"type", "event", "userId", "messageId"}
    assert (sent.events, sent.accepted, sent.refused) == (3, 3, [])


def test_refused_events_are_named_by_their_lines() -> None:
    refused = [{"index": 1, "code": "event_missing", "message": "m"}]
    sent = Collector(httpx.Response(200, json={"success": True, "rejected": refused})).send(line(1), b"{\n", b"[]\n", line(2))

    assert sent.accepted == 1
    assert sorted((number, code) for number, code, _ in sent.refused) == [(2, "invalid_json"), (3, "invalid_event"), (4, "event_missing")]


def test_a_busy_collector_gets_the_same_batch_again_after_the_time_that_it_says() -> None:
    collector = Collector(httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(503))
    assert collector.send(line(1)).accepted == 1
    assert collector.batches[0] == collector.batches[1] == collector.batches[2]
    assert collector.waited[0] == 7


@pytest.mark.parametrize(("answer", "tries"), [(lambda: httpx.Response(401, text="no such key"), 1), (lambda: httpx.Response(503), 6)])
def test_what_is_refused_for_good_ends_it(answer: Callable[[], httpx.Response], tries: int) -> None:
    collector = Collector(*(answer() for _ in range(10)))
    with pytest.raises(CommandFailed, match="does not take the events"):
        collector.send(line(1))
    assert len(collector.batches) == tries
