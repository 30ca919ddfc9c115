"""Which address of a person a message goes to, and when there is none."""

from collections.abc import Mapping
from typing import Any

import pytest

from ariane.identity.rules import Rules
from ariane.messaging.addresses import address_of
from ariane.messaging.model import Channel, Status
from ariane.profiles.model import Profile
from tests.builders.messaging import ADDRESS, PHONE, SendWorld
from tests.builders.profiles import KEY, identify, prs

NEW = "+33699999999"
FRENCH: Mapping[str, Any] = {"countries": {"backend": "FR", "till": "BE"}}


def a_person(*numbers: str, **fields: Any) -> Profile:
    values: dict[str, Any] = {
        "id": "prs_u",
        "identifiers": {prs(f"phone:{number}"): f"phone:{number}" for number in numbers},
        "traits": {},
        "occurrences": {},
        "first_seen": None,
        "last_seen": None,
        "version": 0,
    }
    return Profile(**(values | fields))


def number_of(person: Profile, rules: Mapping[str, Any] = FRENCH) -> str | None:
    address = address_of(person, Channel.SMS, rules=Rules.from_document(rules), key=KEY)
    return address.value if address else None


def test_a_national_number_is_read_as_its_source_read_it() -> None:
    assert number_of(a_person(PHONE, NEW, traits={"phone": "06 99 99 99 99"})) == NEW


def test_a_number_that_only_a_sources_country_reads_must_be_the_persons() -> None:
    assert number_of(a_person(PHONE, traits={"phone": "06 99 99 99 99"})) is None
    assert number_of(a_person(PHONE, traits={"phone": "06 99 99 99 99"}), {"default_country": "FR"}) == NEW
    assert number_of(a_person(PHONE, traits={"phone": "+33 6 99 99 99 99"})) == NEW


@pytest.mark.parametrize("phone", ["call me", "06 99 99 99 99", "", 7, "+33", ["+33612345678"]])
def test_a_stated_number_that_cannot_be_read_is_none_not_an_older_one(phone: Any) -> None:
    assert number_of(a_person(PHONE, traits={"phone": phone}), {}) is None


def test_a_removed_number_is_none() -> None:
    assert number_of(a_person(PHONE, removed_traits=frozenset({"phone"}))) is None


def test_a_number_that_no_trait_ever_stated_is_the_identifier() -> None:
    assert number_of(a_person(PHONE)) == PHONE
    assert number_of(a_person()) is None


def test_the_trait_is_the_one_that_the_rules_name() -> None:
    rules = {"namespaces": {"phone": {"normalise": "phone", "traits": ["mobile", "phone"]}}}
    assert number_of(a_person(PHONE, traits={"mobile": NEW, "phone": PHONE}), rules) == NEW
    assert number_of(a_person(traits={"phone": PHONE}, removed_traits=frozenset({"mobile"})), rules) == PHONE


@pytest.mark.parametrize(("phone", "status", "sent"), [("06 99 99 99 99", Status.SENT, [NEW]), (None, Status.SKIPPED, [])])
def test_an_sms_never_goes_to_a_number_that_the_customer_changed_or_took_back(phone: str | None, status: Status, sent: list[str]) -> None:
    world = SendWorld(traits={"email": ADDRESS, "phone": PHONE})
    world.definitions.identity = {"default_country": "FR"}
    world.tell(identify(message_id="i2", minute=5, userId="u1", traits={"phone": phone}))

    assert world.deliver(channel=Channel.SMS, topic="orders").status is status
    assert [text.to for text in world.texts.sent] == sent
