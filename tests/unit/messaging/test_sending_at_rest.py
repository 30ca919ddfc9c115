"""Messages to a customer whose devices are at rest: what lies under these counts, and a skip is not lost with one that is put to rest."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ariane.messaging.ledger import Claim, ClaimResult
from ariane.messaging.model import LedgerEntry, SendRequest, Status
from ariane.messaging.send import Sender
from tests.builders.at_rest import USER, Household, own, skipped
from tests.builders.messaging import SendWorld
from tests.builders.profiles import identify, item, prs


@pytest.fixture
def home() -> Household:
    home = Household(Random(3))
    home.send = SendWorld()
    for _ in range(30):
        home.join(home.visit_quietly())
    home.seal()
    return home


@pytest.fixture
def visitor(home: Household) -> str:
    home.browse("v1", "Product Viewed", minute=0)
    return "v1"


def request_of(home: Household, device: str) -> SendRequest:
    run = home.send.run(profile=own(device), key="k", fact={**home.send.run().fact, "profile": own(device), "fragment": own(device)})
    home.send.enrolments.create(run)
    return replace(home.send.request(), profile=run.profile, enrolment=run.sort, key=run.key)


def found(home: Household, request: SendRequest) -> list[tuple[str, Status, str | None]]:
    """What everybody who decides on this message finds."""
    ids = {prs(USER), *home.brief.holder_ids}
    return [(entry.profile, entry.status, entry.reason) for entry in home.send.ledger.find(request.message_id, ids)]


PHONE = prs("device_id:p0")


@pytest.fixture
def owner(home: Household) -> str:
    """Of a phone, and of a browser on it that a run is under: the phone is the root, so the person's messages lie under it."""
    device = next(f"v{place}" for place in range(99) if own(f"v{place}") > PHONE)
    home.browse(device, "Product Viewed", minute=0)
    home.send.stack.deliver(item(identify(message_id="p", anonymousId=device, context={"device": {"id": "p0"}})))
    assert home.reader.snapshot(own(device)).id == PHONE
    return device


def test_a_skip_under_one_who_is_absorbed_and_put_to_rest_meanwhile_is_found(home: Household, owner: str) -> None:
    request = request_of(home, owner)
    absorb = absorbing(home, owner)

    entry = Sender(replace(home.send.ports(), ledger=_Under(home.send.ledger, "skip", absorb))).deliver(request)

    assert (entry.profile, entry.reason) == (PHONE, "no_address")
    assert found(home, request) == [(PHONE, Status.SKIPPED, "no_address")]


def test_nobody_is_woken_for_a_skip_under_a_root(home: Household, owner: str) -> None:
    woken: list[str] = []
    Sender(replace(home.send.ports(), awaken=woken.append)).deliver(request_of(home, owner))
    assert woken == []


def absorbing(home: Household, device: str) -> Callable[[], None]:
    def change() -> None:
        home.join(device)
        home.put_to_rest(device)
        assert PHONE not in home.brief.holder_ids

    return change


def test_what_was_sent_to_a_device_at_rest_is_not_sent_again(home: Household, visitor: str) -> None:
    request = home.send.request()
    home.send.ledger.skip(skipped(own(visitor), request.message_id))
    home.join(visitor)
    home.put_to_rest(visitor)

    assert home.send.deliver().reason == "no_consent"
    assert home.send.emails.sent == []


def test_a_word_under_a_device_at_rest_stops_what_is_about_to_be_claimed(home: Household) -> None:
    """It wakes the device, and raises the person's head under the claim."""
    device = home.resting[0]
    ledger = _Under(home.send.ledger, "claim", lambda: home.say(device, "Consent Withdrawn", minute=4_000, topic="offers", channel="email"))

    entry = home.send.deliver(change=lambda ports: replace(ports, ledger=ledger))

    assert ledger.results == [ClaimResult.PROFILE_CHANGED]
    assert (entry.status, entry.reason, home.send.emails.sent) == (Status.SKIPPED, "no_consent", [])
    assert not home.is_sealed(device)


def test_thousands_of_devices_at_rest_are_no_reason_not_to_write(home: Household) -> None:
    assert home.brief.at_rest is not None
    crowded = replace(home.brief, at_rest=replace(home.brief.at_rest, devices=5_000))

    assert home.send.deliver(change=lambda ports: replace(ports, profiles=_Fixed(crowded))).status is Status.SENT


class _Fixed:
    def __init__(self, profile: Any) -> None:
        self._profile = profile

    def brief(self, person_id: str) -> Any:
        return self._profile

    snapshot = brief


class _Under:
    """A ledger under whose first call of one method the world moves."""

    def __init__(self, ledger: Any, method: str, change: Callable[[], None]) -> None:
        self._ledger = ledger
        self._method = method
        self._change: Callable[[], None] | None = change
        self.results: list[ClaimResult] = []

    def skip(self, entry: LedgerEntry) -> bool:
        self._move("skip")
        return bool(self._ledger.skip(entry))

    def claim(self, claim: Claim) -> ClaimResult:
        self._move("claim")
        self.results.append(self._ledger.claim(claim))
        return self.results[-1]

    def _move(self, method: str) -> None:
        if method == self._method and self._change is not None:
            change, self._change = self._change, None
            change()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)
