"""What happens between look, claim and hand-over of one message, with nothing failing: another request, a merge, a withdrawal, an exit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.errors import Retryable
from ariane.messaging.ledger import Claim, ClaimResult
from ariane.messaging.model import Channel, LedgerEntry, Status
from ariane.profiles.model import Profile
from tests.builders.messaging import SendWorld
from tests.builders.profiles import identify, item, prs

ORDER: dict[str, Any] = {"channel": Channel.SMS, "topic": "orders"}


def test_a_request_that_looked_before_another_claimed_does_not_send_too() -> None:
    world = SendWorld()
    ledger = _ChangesUnderClaim(world, lambda: world.deliver(**ORDER))

    entry = world.deliver(change=lambda ports: replace(ports, ledger=ledger), **ORDER)

    assert (ledger.results, len(world.texts.sent), entry.status) == ([ClaimResult.TAKEN], 1, Status.SENT)


def test_a_request_that_looked_before_anothers_claim_waits_for_it() -> None:
    """As the review found it: the second claims while the first hands over."""
    world = SendWorld()
    texts = _WhileHandingOver(world)

    assert world.deliver(change=lambda ports: replace(ports, texts=texts), **ORDER).status is Status.SENT
    assert (texts.others, len(world.texts.sent)) == (["claim_in_flight"], 1)


def test_of_two_that_saw_the_same_reopened_claim_one_sends() -> None:
    world = SendWorld()
    world.texts.answers = [Retryable("provider_throttled", "slow down")]
    with pytest.raises(Retryable):
        world.deliver(**ORDER)
    world.now += timedelta(minutes=6)
    ledger = _ChangesUnderClaim(world, lambda: world.deliver(**ORDER))

    world.deliver(change=lambda ports: replace(ports, ledger=ledger), **ORDER)

    assert (ledger.results, len(world.texts.sent)) == ([ClaimResult.TAKEN], 1)


def test_a_claim_that_the_providers_word_settled_meanwhile_is_reported_as_settled() -> None:
    world = SendWorld()
    with pytest.raises(_Killed):
        world.deliver(change=lambda ports: replace(ports, emails=_Dies()))
    world.now += timedelta(minutes=6)
    standing = world.entry()

    entry = world.deliver(change=lambda ports: replace(ports, ledger=_Settles(world, standing)))

    assert (entry.status, world.outcomes()) == (Status.DELIVERED, [("delivered", None)])


def test_a_merge_between_look_and_claim_is_looked_at_again() -> None:
    world = SendWorld()
    ledger = _ChangesUnderClaim(
        world, lambda: world.happen("Page Left", minute=20, context={"externalIds": [{"type": "loyalty_card", "id": "L7"}]})
    )

    entry = world.deliver(change=lambda ports: replace(ports, ledger=ledger))

    assert (entry.status, ledger.results) == (Status.SENT, [ClaimResult.PROFILE_CHANGED, ClaimResult.CLAIMED])
    assert len(world.emails.sent) == 1


def test_a_withdrawal_between_look_and_claim_voids_the_claim() -> None:
    world = SendWorld()
    ledger = _ChangesUnderClaim(world, lambda: world.decide("Consent Withdrawn", channel="email", minute=20))

    entry = world.deliver(change=lambda ports: replace(ports, ledger=ledger))

    assert (entry.reason, world.emails.sent) == ("no_consent", [])


def test_a_withdrawal_by_an_address_of_another_identity_voids_the_claim() -> None:
    """A trait may state an address whose identifier belongs to somebody else: the withdrawal raises that one's head."""
    world = SendWorld()
    theirs = "x@shop.example"
    world.stack.deliver(item(identify(message_id="i5", minute=4, userId="u5", traits={"email": theirs}), source="backend"))
    world.decide("Consent Granted", channel="email", minute=6, email=theirs)
    profiles = _States(world.ports().profiles, {world.profile().id: {"email": theirs}})
    ledger = _ChangesUnderClaim(world, lambda: world.decide("Consent Withdrawn", channel="email", minute=20, email=theirs))

    entry = world.deliver(change=lambda ports: replace(ports, ledger=ledger, profiles=profiles))

    assert prs(f"email:{theirs}") not in world.profile().member_ids
    assert (entry.reason, entry.address_id) == ("no_consent", prs(f"email:{theirs}"))
    assert ledger.results == [ClaimResult.PROFILE_CHANGED]


def test_an_exit_between_look_and_claim_voids_the_claim() -> None:
    world = SendWorld()
    ledger = _ChangesUnderClaim(world, world.end_run)

    entry = world.deliver(change=lambda ports: replace(ports, ledger=ledger))

    assert (entry.reason, world.emails.sent) == ("exited", [])


def test_a_profile_that_never_rests_comes_again_later() -> None:
    world = SendWorld()
    minutes = iter(range(30, 60))
    changes = lambda: world.decide("Consent Granted", channel="email", minute=next(minutes))  # noqa: E731
    ledger = _ChangesUnderClaim(world, changes, always=True)

    with pytest.raises(Retryable):
        world.deliver(change=lambda ports: replace(ports, ledger=ledger))
    assert world.emails.sent == []


class _ChangesUnderClaim:
    """A ledger under whose first claim, or under each, the world moves."""

    def __init__(self, world: SendWorld, change: Callable[[], object], *, always: bool = False) -> None:
        self._world = world
        self._change = change
        self._always = always
        self.results: list[ClaimResult] = []

    def claim(self, claim: Claim) -> ClaimResult:
        if self._always or not self.results:
            self._change()
        self.results.append(self._world.ledger.claim(claim))
        return self.results[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.ledger, name)


class _States:
    """Profiles some of which state other traits."""

    def __init__(self, profiles: Any, traits: dict[str, dict[str, Any]]) -> None:
        self._profiles = profiles
        self._traits = traits

    def snapshot(self, person_id: str) -> Profile:
        profile: Profile = self._profiles.snapshot(person_id)
        return replace(profile, traits=self._traits.get(profile.id, profile.traits))

    brief = snapshot


class _WhileHandingOver:
    """While the first request hands over, one that looked before the claim claims too."""

    def __init__(self, world: SendWorld) -> None:
        self._world = world
        self.others: list[str] = []

    def send(self, sms: Any) -> str:
        self._world.now += timedelta(milliseconds=50)
        try:
            self._world.deliver(change=lambda ports: replace(ports, ledger=_LookedEarly(ports.ledger)), **ORDER)
        except Retryable as error:
            self.others.append(error.code)
        return self._world.texts.send(sms)


class _LookedEarly:
    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self._looks = 0

    def find(self, *asked: Any) -> Sequence[LedgerEntry]:
        self._looks += 1
        found: Sequence[LedgerEntry] = self._ledger.find(*asked)
        return found if self._looks > 1 else []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class _Killed(BaseException):
    pass


class _Dies:
    def send(self, *_: object) -> str:
        raise _Killed


class _Settles:
    """A ledger in which the provider's word arrives just before the first move."""

    def __init__(self, world: SendWorld, entry: LedgerEntry) -> None:
        self._ledger = world.ledger
        self._entry = entry
        self._is_settled = False

    def move(self, *asked: Any, **fields: Any) -> bool:
        if not self._is_settled:
            self._is_settled = self._ledger.move(self._entry, Status.DELIVERED)
        return self._ledger.move(*asked, **fields)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)
