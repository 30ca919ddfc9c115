"""A person of very many devices: what is decided on the sum is what would be decided on every fragment."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from ariane.errors import Rejected, Retryable
from ariane.identity.namespaces import DEFAULT_NAMESPACES
from ariane.identity.rules import Rules
from ariane.profiles.bundles import Bundle
from ariane.profiles.model import Profile
from ariane.profiles.sealing import BUSY
from tests.builders.crowds import Crowd
from tests.builders.profiles import identify, item, prs, track
from tests.faults.world_bounds import crowded


def test_a_person_of_many_devices_is_read_from_few_rows() -> None:
    crowd = Crowd(Random(1))
    for _ in range(120):
        crowd.meet("user_id:u1")
    crowd.sealer().seal(prs("user_id:u1"))
    brief = crowd.expect_same("user_id:u1")
    crowd.expect_sums()
    assert brief.at_rest is not None
    assert brief.at_rest.devices > 100
    assert len(brief.identifiers) < 20


@pytest.mark.parametrize(("sizes", "rounds", "is_small"), [((3, 30), 50, False), ((1, 4), 60, True)])
def test_whatever_happens_the_sum_is_what_the_fragments_say(sizes: Sequence[int], rounds: int, is_small: bool) -> None:
    """Where a handful is very many, people are merged and parted more than they grow: trees of trees."""
    resting = 0
    with crowded() if is_small else nullcontext():
        for seed in range(14):
            crowd = Crowd(Random(seed))
            for user in PEOPLE:
                for _ in range(crowd.random.choice(sizes)):
                    crowd.meet(user)
            for _ in range(rounds):
                _something(crowd)
                resting += sum(_same(crowd, user, seed).at_rest is not None for user in PEOPLE)
            crowd.expect_sums()
    assert resting > 500


@pytest.mark.parametrize("seed", [5018, 5030, 5087])
def test_what_was_found_stays_mended(seed: int) -> None:
    """Somebody was taken out from below a bundle whose holder was no root any more."""
    with crowded():
        crowd = Crowd(Random(seed))
        for user in PEOPLE:
            for _ in range(crowd.random.choice([1, 4])):
                crowd.meet(user)
        for _ in range(40):
            _something(crowd)
            for user in PEOPLE:
                _same(crowd, user, seed)


ANNA = "user_id:u1"
PEOPLE = ("user_id:u1", "email:e1@b.fr", "email:e2@b.fr", "user_id:u2")


def _same(crowd: Crowd, user: str, seed: int) -> Profile:
    try:
        return crowd.expect_same(user)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}") from error


def _something(crowd: Crowd) -> None:
    random = crowd.random
    user = random.choice(PEOPLE)
    known = [each for theirs in crowd.devices.values() for each in theirs]
    match random.randrange(12):
        case 0 | 1:
            for _ in range(random.randrange(1, 12)):
                crowd.meet(user)
        case 2 | 3 | 4:
            crowd.browse(random.choice(known))
        case 5 | 6 | 7:
            crowd.sealer().seal(prs(user))
        case 8 | 9:  # may merge, be refused, or make the device a shared one
            crowd.meet(user, random.choice(known))
        case 10:
            person = crowd.reader.snapshot(prs(user))
            texts = [text for text in person.identifiers.values() if "\x1f" not in text]
            if len(texts) > 3:
                crowd.part(random.sample(texts, random.randrange(1, len(texts) // 2 + 1)))
        case _:
            if crowd.splits:
                crowd.lift(random.choice(crowd.splits))


def test_a_bundle_that_was_given_up_rests() -> None:
    crowd = Crowd(Random(2))
    for _ in range(60):
        crowd.meet("user_id:u1")
    crowd.sealer().seal(prs("user_id:u1"))
    (bundle,) = crowd.stack.fragments.bundles([prs("user_id:u1")]).values()
    crowd.stack.fragments.dissolve(bundle, generation=7, rest_until=crowd.now + BUSY)
    with pytest.raises(Retryable):
        crowd.sealer().seal(prs("user_id:u1"))
    crowd.expect_same("user_id:u1")
    crowd.now += BUSY
    assert crowd.sealer().seal(prs("user_id:u1")) > 20
    crowd.expect_same("user_id:u1")


def test_a_refold_takes_out_of_the_sum_what_a_woken_device_left_there() -> None:
    """Its traits and last visits stay in the sum when it is woken, which is right as long as they stay its own."""
    crowd = Crowd(Random(3))
    stack = crowd.stack
    for _ in range(40):
        crowd.meet(ANNA)
    stack.deliver(item(identify(message_id="first", minute=1, anonymousId="kiosk", userId="u1")))
    said = {"anonymousId": "kiosk", "context": {"traits": {"only": "here"}}}
    stack.deliver(item(track("Once", message_id="once", minute=10, **said)))
    crowd.sealer().seal(prs(ANNA))
    assert stack.fragments.is_sealed(prs("anonymous_id:kiosk"))
    stack.deliver(item(track("Product Viewed", message_id="woken", minute=9, anonymousId="kiosk")))
    assert not stack.fragments.is_sealed(prs("anonymous_id:kiosk"))
    assert crowd.expect_same(ANNA).traits["only"] == "here"
    stack.deliver(item(identify(message_id="second", minute=5, anonymousId="kiosk", userId="u9")))
    brief = crowd.expect_same(ANNA)
    assert "only" not in brief.traits
    assert "Once" not in brief.occurrences


def test_addresses_are_never_at_rest_whatever_the_rules_call_a_device() -> None:
    rules = Rules.from_document(
        {"namespaces": {**DEFAULT_NAMESPACES, "phone": {**DEFAULT_NAMESPACES["phone"], "device": True, "limit": "none"}}}
    )
    crowd = Crowd(Random(4), rules=rules)
    for number in range(40):
        message = identify(message_id=f"p{number}", minute=number, userId="u1", traits={"phone": f"+336123456{number:02}"})
        crowd.stack.deliver(item(message))
    crowd.sealer().seal(prs(ANNA))
    assert crowd.expect_same(ANNA).at_rest is None


def test_what_no_row_holds_is_read_whole_for_a_day() -> None:
    crowd = Crowd(Random(5))
    for _ in range(40):
        crowd.meet(ANNA)
    sealer = crowd.sealer()
    put = crowd.stack.fragments.put

    def full(bundle: Bundle, **options: Any) -> None:
        if options.get("sealed"):
            raise Rejected("bundle_too_large", "does not fit one row")
        put(bundle, **options)

    with patch.object(crowd.stack.fragments, "put", full):
        assert sealer.seal(prs(ANNA)) == 0
    assert crowd.expect_same(ANNA).at_rest is None
    assert sealer.seal(prs(ANNA)) == 0, "and nobody asks again and again"
    crowd.now += timedelta(days=2)
    assert sealer.seal(prs(ANNA)) > 20
    assert crowd.expect_same(ANNA).at_rest is not None
