"""Whose word counts for one address when a message is claimed."""

from dataclasses import replace
from typing import Any

import pytest

from ariane.messaging.model import Channel, Status
from ariane.profiles.model import Profile
from tests.builders.messaging import ADDRESS, SendWorld
from tests.builders.profiles import identify, prs, track

OLD = "old@shop.example"


def said(world: SendWorld, event: str, *, minute: float, properties: dict[str, Any], anchor: str = OLD) -> None:
    """By the person who is known under ``anchor``, too."""
    externals = {"externalIds": [{"type": "email", "id": anchor}]}
    world.tell(track(event, message_id=f"said-{event}-{minute}", minute=minute, anonymousId="a7", context=externals, properties=properties))


def with_another_mailbox(**fields: Any) -> SendWorld:
    world = SendWorld(**fields)
    externals = {"externalIds": [{"type": "email", "id": OLD}]}
    world.tell(track("Signed Up", message_id="x", minute=2, userId="u1", anonymousId=None, context=externals))
    world.tell(identify(message_id="i2", minute=2, userId="u1", traits={"email": ADDRESS}))
    return world


@pytest.mark.parametrize("properties", [{}, {"topic": "offers"}, {"channels": ["email", "sms"]}, {"topic": "offers", "channel": "email"}])
def test_a_withdrawal_without_an_address_counts_for_every_address_of_the_person(properties: dict[str, Any]) -> None:
    world = with_another_mailbox()
    said(world, "Consent Withdrawn", minute=3, properties=properties)

    assert world.deliver().reason == "no_consent"


@pytest.mark.parametrize(("properties", "status"), [({}, Status.SKIPPED), ({"channel": "email"}, Status.SENT)])
def test_a_withdrawal_without_a_channel_counts_for_all_of_them(properties: dict[str, Any], status: Status) -> None:
    world = with_another_mailbox()
    said(world, "Consent Withdrawn", minute=3, properties=properties)

    assert world.deliver(channel=Channel.SMS).status is status


def test_a_withdrawal_for_one_mailbox_leaves_the_others() -> None:
    world = with_another_mailbox()
    said(world, "Consent Withdrawn", minute=3, properties={"email": OLD})

    assert world.deliver().status is Status.SENT


def test_a_grant_for_one_mailbox_is_none_for_another() -> None:
    world = with_another_mailbox(consents=())
    said(world, "Consent Granted", minute=3, properties={"topic": "offers", "email": OLD})

    assert world.deliver().reason == "no_consent"


def test_a_grant_without_an_address_counts_for_the_persons_addresses_until_a_newer_withdrawal() -> None:
    world = with_another_mailbox(consents=())
    said(world, "Consent Granted", minute=3, properties={"topic": "offers", "channel": "email"})
    assert world.deliver().status is Status.SENT

    said(world, "Consent Withdrawn", minute=4, properties={"topic": "offers", "email": ADDRESS})
    assert world.deliver(attempt=1).reason == "no_consent"

    said(world, "Consent Granted", minute=5, properties={"topic": "offers", "channel": "email"})
    assert world.deliver(attempt=2).status is Status.SENT


def test_of_a_grant_for_the_address_and_a_withdrawal_of_the_person_at_one_instant_the_withdrawal_wins() -> None:
    world = with_another_mailbox()
    said(world, "Consent Withdrawn", minute=1, properties={})

    assert world.deliver().reason == "no_consent"


@pytest.mark.parametrize(("event", "status"), [("Consent Withdrawn", Status.SKIPPED), ("Consent Granted", Status.SENT)])
def test_the_withdrawal_of_whom_the_address_belongs_to_counts_too(event: str, status: Status) -> None:
    """A trait may state an address whose identifier belongs to somebody else."""
    world, theirs = SendWorld(), "x@shop.example"
    world.tell(identify(message_id="i5", minute=4, userId="u5", traits={"email": theirs}))
    world.decide("Consent Granted", channel="email", minute=5, email=theirs)
    word = track(event, message_id="w", minute=6, userId="u5", anonymousId=None, properties={"topic": "offers", "channel": "email"})
    world.tell(word)

    assert world.deliver(change=lambda ports: replace(ports, profiles=_States(ports.profiles, "u1", theirs))).status is status


def test_a_grant_of_whom_the_address_belongs_to_is_none_of_the_profile() -> None:
    world, theirs = SendWorld(consents=()), "x@shop.example"
    world.tell(identify(message_id="i5", minute=4, userId="u5", traits={"email": theirs}))
    granted = {"topic": "offers", "channel": "email"}
    world.tell(track("Consent Granted", message_id="w", minute=6, userId="u5", anonymousId=None, properties=granted))

    assert world.deliver(change=lambda ports: replace(ports, profiles=_States(ports.profiles, "u1", theirs))).reason == "no_consent"


def test_marketing_to_an_identity_of_thousands_is_not_decided_on_a_part_of_it() -> None:
    world = SendWorld()

    skipped = world.deliver(change=lambda ports: replace(ports, profiles=_Crowd(ports.profiles)))

    assert (skipped.reason, world.emails.sent) == ("too_many_identifiers", [])
    orders: dict[str, Any] = {"channel": Channel.SMS, "topic": "orders", "attempt": 1}
    assert world.deliver(change=lambda ports: replace(ports, profiles=_Crowd(ports.profiles)), **orders).status is Status.SENT


class _States:
    """Profiles of which one states another address."""

    def __init__(self, profiles: Any, user: str, address: str) -> None:
        self._profiles = profiles
        self._id = prs(f"user_id:{user}")
        self._address = address

    def snapshot(self, person_id: str) -> Profile:
        profile: Profile = self._profiles.snapshot(person_id)
        return replace(profile, traits={"email": self._address}) if self._id in profile.member_ids else profile

    brief = snapshot


class _Crowd:
    """Everybody is known under a thousand more devices."""

    def __init__(self, profiles: Any) -> None:
        self._profiles = profiles

    def snapshot(self, person_id: str) -> Profile:
        profile: Profile = self._profiles.snapshot(person_id)
        devices = {f"prs_{place}": f"anonymous_id:{place}" for place in range(1_000)}
        return replace(profile, identifiers={**profile.identifiers, **devices})

    brief = snapshot
