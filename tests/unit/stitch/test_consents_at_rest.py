"""A word for the whole person from a device at rest: it wakes the device, so that whoever decides next hears it."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from ariane.errors import Conflict, Retryable
from ariane.privacy.consents import FRAGMENT_SEALED, ConsentDecision
from ariane.profiles.consent_keeping import Rehomed, adopt, keep, release
from ariane.profiles.stitching import Stores
from tests.builders.at_rest import Household, own
from tests.builders.profiles import NOON


@pytest.fixture
def home() -> Household:
    home = Household(Random(4))
    for _ in range(30):
        home.join(home.visit_quietly())
    home.seal()
    return home


def stores_of(home: Household, **replaced: Any) -> Stores:
    stack = home.send.stack
    stores = Stores(identities=stack.identities, fragments=stack.fragments, log=stack.log, consents=stack.consents)
    return replace(stores, **replaced)


def said_on(device: str, **fields: Any) -> ConsentDecision:
    values: dict[str, Any] = {"topic": "*", "channel": "*", "granted": False, "at": NOON, "source": "web", "message_id": "m"}
    return ConsentDecision(person_id=own(device), is_person_wide=True, **(values | fields))


def heard(home: Household) -> set[str]:
    return {state.person_id for state in home.send.stack.consents.states(home.brief.holder_ids) if state.is_person_wide}


@pytest.mark.parametrize("write", [keep, adopt])
def test_a_word_of_a_device_at_rest_is_heard(home: Household, write: Any) -> None:
    device = home.resting[0]
    write([said_on(device)], stores_of(home))
    assert heard(home) == {own(device)}
    assert not home.is_sealed(device)


def test_it_is_heard_still_when_the_device_is_at_rest_again(home: Household) -> None:
    device = home.resting[0]
    keep([said_on(device)], stores_of(home))
    home.put_to_rest(device)
    assert heard(home) == {own(device)}


def test_what_comes_after_the_first_word_wakes_the_device_only_to_move_the_state(home: Household) -> None:
    device = home.resting[0]
    keep([said_on(device)], stores_of(home))
    home.put_to_rest(device)

    keep([said_on(device, at=NOON - timedelta(hours=1), message_id="late")], stores_of(home))
    assert home.is_sealed(device)
    keep([said_on(device, at=NOON + timedelta(hours=1), granted=True, message_id="later")], stores_of(home))
    assert not home.is_sealed(device)
    assert heard(home) == {own(device)}


def test_a_word_that_was_another_persons_is_taken_back_at_rest(home: Household) -> None:
    device = home.resting[0]
    keep([said_on(device)], stores_of(home))
    home.put_to_rest(device)

    release([Rehomed(said_on("another"), {own(device), own("another")})], stores_of(home))
    assert (heard(home), home.is_sealed(device)) == (set(), True)


def test_a_device_that_is_put_to_rest_again_and_again_leaves_the_event_to_come_again(home: Household) -> None:
    class _Sealing:
        def record(self, decision: ConsentDecision, *, root_id: str) -> None:
            raise Conflict(FRAGMENT_SEALED, root_id)

        def states(self, _: object) -> list[object]:
            return []

    with pytest.raises(Retryable):
        keep([said_on(home.resting[0])], stores_of(home, consents=_Sealing()))
