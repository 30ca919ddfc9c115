"""Trying refusals again: with today's rules, with the first receipt, and whatever crashes in between."""

import gzip
import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.replay_queue import MemoryReplayQueue
from ariane.errors import NotFound, Retryable
from ariane.events.log import LogKey, Reject, Retried, Shape, StoredReject
from ariane.events.rejects import MAX_OBJECT
from ariane.events.retrying import Outcome, RetryResult
from ariane.profiles.parking import RejectParking
from tests.builders.events import RECEIVED, SOURCES, CollectWorld, a_log_item, a_message
from tests.builders.reject_desk import CARD, LATER, Desk


def retry(desk: Desk, stored: StoredReject, *, is_dry_run: bool = False) -> RetryResult:
    return desk.retries().retry(stored.id, by="support", is_dry_run=is_dry_run)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_would_be_accepted_now_is_in_the_log_as_if_it_had_been_accepted_then(desk: Desk) -> None:
    batch = {"batch": [CARD], "sentAt": "2026-11-22T05:29:50.000Z", "context": {"locale": "fr-FR"}, "integrations": {"All": False}}
    agent = {"user-agent": "Mozilla/5.0"}
    desk.world.post("/v1/batch", batch, headers=agent)
    desk.declare()
    result = retry(desk, desk.only())

    accepting = CollectWorld(definitions=desk.world.access.document or {})
    accepting.post("/v1/batch", batch, headers=agent)
    assert (result.outcome, result.events) == (Outcome.ACCEPTED, 1)
    assert desk.world.log.items() == accepting.log.items()
    assert len(accepting.log.items()) == 1
    assert desk.open() == []


def test_a_retried_reject_is_kept_with_who_and_when(desk: Desk) -> None:
    desk.world.post("/v1/batch", {"batch": [CARD]})
    desk.declare()
    retry(desk, desk.only())

    ((stored,), _) = desk.world.rejects.of_day("2026-11-22", with_retried=True)
    assert stored.retried == Retried(LATER, "support")


def test_what_is_still_refused_says_the_new_reason_and_stays(desk: Desk) -> None:
    desk.world.post("/v1/batch", {"batch": [CARD]})
    desk.declare(blocked={"values": ["C-1"]})
    result = retry(desk, desk.only())

    assert (result.outcome, result.code) == (Outcome.REFUSED, "no_usable_identifier")
    assert len(desk.open()) == 1
    assert desk.logged() == []


def test_a_dry_run_says_the_same_and_writes_nothing(desk: Desk) -> None:
    desk.world.post("/v1/batch", {"batch": [CARD]})
    assert retry(desk, desk.only(), is_dry_run=True).outcome is Outcome.REFUSED
    desk.declare()

    result = retry(desk, desk.only(), is_dry_run=True)
    assert (result.outcome, result.events) == (Outcome.ACCEPTED, 1)
    assert (len(desk.open()), desk.logged()) == (1, [])


def test_a_request_that_can_be_read_now_is_accepted_and_its_bad_items_become_rejects(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [*[a_message(messageId=f"m-{number}") for number in range(3)], a_message(event=None)]
    monkeypatch.setattr("ariane.events.segment.MAX_EVENTS", 2)
    desk.world.post("/v1/batch", {"batch": batch})
    monkeypatch.undo()
    result = retry(desk, desk.only())

    assert (result.outcome, result.events) == (Outcome.IN_PART, 3)
    assert [(reject.index, reject.code) for reject in result.rejected] == [(3, "event_missing")]
    assert [event.message_id for event in desk.world.events()] == ["m-0", "m-1", "m-2"]
    assert [(stored.reject.index, stored.reject.at) for stored in desk.open()] == [(3, RECEIVED)]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/batch", b"not JSON", "invalid_json"),
        ("/v1/batch", b'{"events": []}', "batch_missing"),
        ("/v1/track", b"[]", "invalid_json"),
        ("/v1/batch", b" " * 512_001, "body_too_large"),
    ],
)
def test_a_request_that_still_cannot_be_read_says_so_by_the_same_code(desk: Desk, path: str, body: bytes, code: str) -> None:
    desk.world.post(path, body)
    result = retry(desk, desk.only())

    assert (result.outcome, result.code) == (Outcome.REFUSED, code)


def test_a_large_request_that_came_compressed_is_read_as_compressed(desk: Desk) -> None:
    plain = orjson.dumps({"batch": [a_message()], "padding": "x" * 600_000})[:-1]
    desk.world.post("/v1/batch", gzip.compress(plain), headers={"content-type": "application/octet-stream"})
    result = retry(desk, desk.only())

    assert (result.outcome, result.code) == (Outcome.REFUSED, "invalid_json")


def test_a_pixels_request_is_read_from_its_query(desk: Desk) -> None:
    desk.world.get("/v1/pixel/track", {"writeKey": desk.world.keys["site"], "data": "é", "userId": "u1"})

    assert retry(desk, desk.only()).code == "invalid_data"


def test_what_was_not_kept_whole_cannot_be_tried(desk: Desk) -> None:
    desk.world.post("/v1/batch", random.Random(1).randbytes(2 * MAX_OBJECT), headers={"content-type": "application/octet-stream"})
    desk.world.post("/v1/batch", {"batch": [a_message(event=None)], "context": {"page": {"x": "y" * 20_000}}})

    assert {retry(desk, stored).outcome for stored in desk.open()} == {Outcome.TRUNCATED}
    assert len(desk.open()) == 2


def test_a_source_that_is_gone_is_told(desk: Desk) -> None:
    desk.world.post("/v1/batch", {"batch": [CARD]})
    desk.publish(sources={name: kind for name, kind in SOURCES.items() if name != "site"})

    assert retry(desk, desk.only()).code == "source_unknown"


def test_a_reject_that_never_was_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="reject_not_found"):
        retry(desk, StoredReject("2026-11-22/" + "0" * 32, Reject(source="", at=RECEIVED, code="", message="", index=0, body=b"")))


def test_a_second_retry_does_nothing(desk: Desk) -> None:
    desk.world.post("/v1/batch", {"batch": [CARD]})
    desk.declare()
    stored = desk.only()
    retry(desk, stored)

    assert retry(desk, stored).outcome is Outcome.BEFORE
    assert len(desk.logged()) == 1


class Crash(BaseException):
    """Like the end of the process."""


class Faulty:
    """A port that ends the process before or after its ``fatal``-th write."""

    def __init__(self, port: Any, calls: list[str], fatal: int) -> None:
        self._port, self._calls, self._fatal = port, calls, fatal

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in ("append", "put", "mark_retried"):
            return method

        def call(*args: Any) -> Any:
            self._pass(f"before {name}")
            result = method(*args)
            self._pass(f"after {name}")
            return result

        return call

    def _pass(self, moment: str) -> None:
        self._calls.append(moment)
        if len(self._calls) == self._fatal:
            raise Crash


def refuse_an_item(desk: Desk) -> None:
    desk.world.post("/v1/batch", {"batch": [untimed()]})
    desk.declare()


def untimed() -> dict[str, Any]:
    """Neither an id nor a time of its own: only the first receipt makes its key the same again."""
    return {name: value for name, value in CARD.items() if name not in ("messageId", "timestamp")}


def refuse_a_request(desk: Desk) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ariane.events.segment.MAX_EVENTS", 1)
        desk.world.post("/v1/batch", {"batch": [a_message(), a_message(anonymousId="other"), a_message(event=None)]})


@pytest.mark.parametrize("refuse", [refuse_an_item, refuse_a_request])
def test_a_crash_between_any_two_writes_is_completed_by_the_next_attempt(refuse: Callable[[Desk], None]) -> None:
    def tried(fatal: int) -> tuple[Desk, list[str]]:
        desk = Desk()
        calls: list[str] = []
        refuse(desk)
        desk.log, desk.rejects = Faulty(desk.world.log, calls, fatal), Faulty(desk.world.rejects, calls, fatal)
        stored = next(stored for stored in desk.open())
        try:
            retry(desk, stored)
        except Crash:
            is_open = any(each.id == stored.id for each in desk.open())
            assert is_open or calls[-1] == "after mark_retried"
            retry(desk, stored)
        return desk, calls

    sound, moments = tried(0)
    assert moments[-1] == "after mark_retried"
    for fatal in range(1, len(moments) + 1):
        desk, _ = tried(fatal)
        assert desk.logged() == sound.logged(), moments[fatal - 1]
        assert [each.id for each in desk.open()] == [each.id for each in sound.open()], moments[fatal - 1]


def test_what_cannot_be_written_is_not_marked(desk: Desk) -> None:
    class Away:
        def append(self, _: Any) -> bool:
            raise Retryable("away", "away")

    refuse_an_item(desk)
    desk.log = Away()
    retry(desk, desk.only())
    assert len(desk.world.overflow.items) == 1
    assert desk.open() == []


def test_a_refusal_that_comes_again_while_it_is_retried_stays_open(desk: Desk) -> None:
    """Its client repeats the request, and another instance still refuses it by the old rules."""
    refuse_an_item(desk)
    stored = desk.only()

    class Meanwhile(MemoryEventLog):
        def append(self, item: Any) -> bool:
            desk.world.rejects.put([Reject(**{**fields(stored.reject), "at": RECEIVED, "kept_at": LATER})])
            return desk.world.log.append(item)

    desk.log = Meanwhile()
    assert retry(desk, stored).outcome is Outcome.ACCEPTED
    assert len(desk.open()) == 1


def fields(reject: Reject) -> dict[str, Any]:
    return {name: getattr(reject, name) for name in reject.__dataclass_fields__}


def park(desk: Desk, *, is_logged: bool = True) -> StoredReject:
    item = a_log_item()
    if is_logged:
        desk.world.log.append(item)
    RejectParking(desk.world.rejects, clock=lambda: RECEIVED).park(item, code="stitch_failed", reason="KeyError at fold.py:1")
    return desk.only()


def test_a_parked_record_is_handed_to_stitch(desk: Desk) -> None:
    stored = park(desk)
    assert retry(desk, stored, is_dry_run=True).outcome is Outcome.QUEUED
    assert desk.queue.keys == []

    assert retry(desk, stored).outcome is Outcome.QUEUED
    assert desk.queue.keys == [LogKey(a_log_item().person_id, a_log_item().sort)]
    assert desk.open() == []


def test_a_parked_record_that_stitch_parks_again_before_it_is_marked_stays_open(desk: Desk) -> None:
    stored = park(desk)

    class Quick(MemoryReplayQueue):
        def put(self, keys: Any) -> None:
            again = RejectParking(desk.world.rejects, clock=lambda: LATER)
            again.park(a_log_item(), code="stitch_failed", reason="KeyError at fold.py:1")

    desk.queue = Quick()
    retry(desk, stored)
    assert len(desk.open()) == 1


def test_a_parked_record_that_the_log_no_longer_holds_is_told(desk: Desk) -> None:
    assert retry(desk, park(desk, is_logged=False)).code == "log_item_gone"
    assert len(desk.open()) == 1


def test_a_parked_image_without_a_key_is_told(desk: Desk) -> None:
    RejectParking(desk.world.rejects, clock=lambda: RECEIVED).park_unreadable(b'{"pk": {"N": "1"}}')

    assert desk.only().reject.shape is Shape.RECORD
    assert retry(desk, desk.only()).code == "log_item_gone"
