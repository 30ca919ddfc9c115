"""The function's own part: what it says in the log, and what it raises."""

from base64 import b64encode
from types import SimpleNamespace
from typing import Any

import pytest

from ariane.adapters.aws.event_items import attributes_of, log_item_of
from ariane.errors import Permanent, Retryable
from ariane.events.model import LogItem
from ariane.profiles.parking import RejectParking
from ariane.profiles.replaying import Replay
from ariane.profiles.stream import StreamReader
from ariane.wiring.stitch import StitchService
from handlers import stitch
from tests.builders.profiles import NOON, Stack, identify, item, track

SECRETS = ("jeanne", "Jeanne", "Durand", "0612345678", "blue sofa")
BUSY = Retryable("table_busy", "the table asks for patience: ThrottlingException")


def an_order() -> LogItem:
    traits = {"email": "jeanne@example.fr", "phone": "0612345678", "lastName": "Durand"}
    view = track(message_id="m2", userId="jeanne-1", properties={"name": "blue sofa"})
    return item(identify(message_id="m1", userId="jeanne-1", anonymousId="a1", traits=traits), view)


def batch(*items: LogItem) -> dict[str, Any]:
    changes = [{"SequenceNumber": str(place), "NewImage": attributes_of(each, retention=NOON - NOON)} for place, each in enumerate(items)]
    return {"Records": [{"eventName": "INSERT", "dynamodb": change} for change in changes]}


def leaks(events: dict[str, Any], text: str) -> list[str]:
    """What stands in ``text`` of the batch's contents, packed or not."""
    packed = [record["dynamodb"]["NewImage"]["b"]["B"] for record in events["Records"]]
    return [secret for secret in (*SECRETS, *packed) if secret in text]


def deliver(events: dict[str, Any]) -> None:
    stitch.handler(events, SimpleNamespace())  # type: ignore[arg-type]


def make_fail(stack: Stack, port: str, method: str, error: Exception) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    setattr(getattr(stack, port), method, fail)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    stack = Stack()
    service: Any = SimpleNamespace(stitch=lambda records: stack.stitch(list(records)))
    parking = RejectParking(stack.rejects, clock=lambda: NOON)
    built = StitchService(StreamReader(log_item_of, parking), service, Replay(service, stack.log, parking, stack.late_links))
    monkeypatch.setattr(stitch, "_service", lambda: built)
    return stack


def told(caplog: pytest.LogCaptureFixture) -> str:
    """Every field of every entry."""
    return "\n".join(f"{entry.getMessage()} {vars(entry)}" for entry in caplog.records)


@pytest.mark.parametrize(
    ("port", "method"), [("announcer", "publish"), ("fragments", "load"), ("fragments", "save"), ("identities", "commit")]
)
def test_a_batch_that_has_to_come_again_says_nothing_of_its_events(
    stack: Stack, caplog: pytest.LogCaptureFixture, port: str, method: str
) -> None:
    make_fail(stack, port, method, BUSY)
    events = batch(an_order())
    with pytest.raises(Retryable) as caught:
        deliver(events)
    assert leaks(events, told(caplog) + str(caught.value)) == []


@pytest.mark.parametrize("error", [Permanent("table_refused", "the table refuses the request"), KeyError("Jeanne Durand, 0612345678")])
def test_a_parked_record_is_told_by_its_place_and_code_alone(stack: Stack, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    make_fail(stack, "fragments", "save", error)
    order = an_order()
    events = batch(order)
    deliver(events)
    logged = told(caplog)
    assert "record parked" in logged
    assert order.person_id in logged
    assert leaks(events, logged) == []


def test_a_record_that_is_no_item_is_not_quoted(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    events = batch(an_order())
    events["Records"][0]["dynamodb"]["NewImage"]["b"] = {"B": b64encode(b"Jeanne Durand").decode()}
    deliver(events)
    assert len(stack.rejects.of_day("2026-11-22")[0]) == 1
    assert leaks(events, told(caplog)) == []
