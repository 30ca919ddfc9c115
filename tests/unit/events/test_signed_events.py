"""Signed events through the collector: judged once, stored without the credential, trusted where it holds."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from ariane.events.model import Event
from ariane.identity.signatures import signature
from tests.builders.events import KEYS, RECEIVED, CollectWorld, a_message
from tests.builders.reject_desk import CARD, Desk

EXPIRY = RECEIVED + timedelta(hours=1)
SIGNED = signature(KEYS.signing, user_id="u42", anonymous_id="visitor-1", expires_at=EXPIRY)


def signed(given: object = SIGNED, **fields: Any) -> dict[str, Any]:
    return a_message(**{"userId": "u42", "context": {"locale": "fr", "signature": given}, **fields})


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


def sent(world: CollectWorld, *messages: dict[str, Any], source: str = "site", **batch: Any) -> list[Event]:
    assert world.post("/v1/batch", {"batch": messages, **batch}, source=source).status == 200
    return world.events()


def mark(event: Event) -> object:
    return event.message.get("context", {}).get("signature")


@pytest.mark.parametrize("source", ["site", "app"])
def test_a_signature_makes_a_public_sources_event_trusted(world: CollectWorld, source: str) -> None:
    (event,) = sent(world, signed(), source=source)

    assert event.is_trusted
    assert mark(event) == {"verified": True}
    assert event.message["context"]["locale"] == "fr"


def test_the_credential_lies_nowhere_in_the_log(world: CollectWorld) -> None:
    for number, given in enumerate((SIGNED, SIGNED[:-1], {"nested": [SIGNED]})):
        sent(world, signed(given, messageId=f"m-{number}"))
    sent(world, signed(), source="backend")

    assert len(world.events()) == 4
    assert SIGNED[:40] not in repr(world.log.items())


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (signed(SIGNED[:-1] + ("0" if SIGNED[-1] != "0" else "1")), "forged"),
        (signed(userId="u43"), "forged"),
        (signed(anonymousId="visitor-2"), "forged"),
        (signed(anonymousId=...), "forged"),
        (signed(signature(KEYS.link, user_id="u42", anonymous_id="visitor-1", expires_at=EXPIRY)), "forged"),
        (signed(signature(KEYS.signing, user_id="u42", anonymous_id="visitor-1", expires_at=RECEIVED)), "expired"),
        (signed(SIGNED[:40]), "malformed"),
        (signed(7), "malformed"),
        (signed(False), "malformed"),
        (signed(""), "malformed"),
        (signed({"verified": True}), "malformed"),
        (signed([SIGNED]), "malformed"),
    ],
)
def test_what_does_not_hold_is_kept_untrusted_with_the_reason(world: CollectWorld, message: dict[str, Any], reason: str) -> None:
    (event,) = sent(world, message)

    assert mark(event) == {"verified": False, "reason": reason}
    assert not event.is_trusted


def test_an_event_without_a_signature_is_as_it_always_was(world: CollectWorld) -> None:
    (event,) = sent(world, signed(None))

    assert "signature" not in event.message["context"]
    assert not event.is_trusted


@pytest.mark.parametrize("given", [SIGNED, "junk", {"verified": False}, {"verified": True}])
def test_a_trusted_source_needs_none_and_keeps_none(world: CollectWorld, given: object) -> None:
    (event,) = sent(world, signed(given), source="backend")

    assert event.is_trusted
    assert mark(event) is None


def test_a_batch_may_say_it_once_and_each_event_is_judged_by_itself(world: CollectWorld) -> None:
    events = sent(world, a_message(userId="u42"), a_message(userId="u43", messageId="m-2"), context={"signature": SIGNED, "locale": "fr"})

    assert {event.message["userId"]: event.is_trusted for event in events} == {"u42": True, "u43": False}


def test_a_number_for_an_id_is_signed_as_its_text(world: CollectWorld) -> None:
    given = signature(KEYS.signing, user_id="42", anonymous_id="visitor-1", expires_at=EXPIRY)
    (event,) = sent(world, signed(given, userId=42))

    assert event.is_trusted


def test_the_time_of_receipt_decides_not_the_one_that_the_client_states(world: CollectWorld) -> None:
    world.now = EXPIRY
    (event,) = sent(world, signed(timestamp="2026-11-22T05:29:00.000Z"))

    assert mark(event) == {"verified": False, "reason": "expired"}


def test_a_repeat_lands_on_itself_also_under_a_new_signature(world: CollectWorld) -> None:
    sent(world, signed())
    world.now += timedelta(minutes=5)
    renewed = signature(KEYS.signing, user_id="u42", anonymous_id="visitor-1", expires_at=EXPIRY + timedelta(hours=1))
    events = sent(world, signed(), source="site")
    assert len(events) == 1
    assert len(sent(world, signed(renewed))) == 1


@pytest.mark.parametrize("unsigned", [None, "junk", SIGNED.replace("v1.1", "v1.2")])
def test_an_unsigned_copy_that_comes_first_does_not_stand_in_for_the_signed_one(world: CollectWorld, unsigned: object) -> None:
    sent(world, signed(unsigned, messageId=...))
    first, second = sorted(sent(world, signed(messageId=...)), key=lambda event: event.is_trusted)

    assert (first.is_trusted, second.is_trusted) == (False, True)
    assert first.message_id == second.message_id  # so stitch applies one of them


def test_a_signature_does_not_change_the_key_of_what_it_does_not_hold_for(world: CollectWorld) -> None:
    sent(world, signed(None))
    assert len(sent(world, signed("junk"))) == 1


def test_a_refusal_keeps_no_signature(world: CollectWorld) -> None:
    world.post("/v1/batch", {"batch": [signed(type="nothing")], "context": {"signature": SIGNED}})
    world.post("/v1/batch", b'{"batch": [' + orjson.dumps(signed()) + b", oops")

    kept = world.refused()
    assert len(kept) == 2
    for stored in kept:
        assert SIGNED[-20:] not in repr(stored)
    assert b"<signature>" in kept[0].reject.body + kept[1].reject.body


def test_a_refusal_that_is_tried_again_counts_as_unsigned() -> None:
    desk = Desk()
    desk.world.post("/v1/batch", {"batch": [{**CARD, "context": {**CARD["context"], "signature": SIGNED}}]})
    desk.declare()
    desk.retries().retry(desk.only().id, by="support")

    (event,) = desk.world.events()
    assert mark(event) == {"verified": False, "reason": "malformed"}
    assert not event.is_trusted
