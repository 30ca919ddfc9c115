"""An address that somebody took out of a person by hand gets nothing of theirs, though an event of theirs still states it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier
from ariane.messaging.ledger import Claim, ClaimResult
from ariane.messaging.model import Status
from tests.builders.messaging import ADDRESS, SendWorld
from tests.builders.profiles import KEY, NOON, RULES, prs


def take_apart(world: SendWorld) -> str:
    """The split's id."""
    operator = Operator(world.stack.identities, KEY)
    address = Identifier("email", ADDRESS)
    split, _ = operator.split([address], rules=RULES, by="lea", why="mistyped", at=NOON + timedelta(hours=1))
    return split.id


@pytest.mark.parametrize("topic", ["offers", "orders"])
def test_nothing_is_sent_to_an_address_that_was_taken_apart(topic: str) -> None:
    world = SendWorld()
    assert prs(f"email:{ADDRESS}") in world.profile().member_ids
    take_apart(world)

    entry = world.deliver(topic=topic)

    assert world.profile().traits["email"] == ADDRESS
    assert (entry.status, entry.reason, world.emails.sent) == (Status.SKIPPED, "address_taken_apart", [])


@pytest.mark.parametrize("topic", ["offers", "orders"])
def test_a_run_that_another_persons_event_began_sends_nothing_though_it_has_not_heard_of_the_split(topic: str) -> None:
    world = SendWorld()
    run = world.run()
    begun_by_the_address = {**run.fact, "fragment": prs(f"email:{ADDRESS}")}
    world.enrolments.save(replace(run, fact=begun_by_the_address, lock=1))
    take_apart(world)

    entry = world.deliver(topic=topic)

    assert (entry.status, entry.reason, world.emails.sent) == (Status.SKIPPED, "exited", [])


def test_once_the_split_is_lifted_it_is_theirs_again() -> None:
    world = SendWorld()
    split = take_apart(world)
    Operator(world.stack.identities, KEY).lift(split, rules=RULES, by="lea", why="hers after all", at=NOON + timedelta(hours=2))

    assert world.deliver().status is Status.SENT


def test_a_split_between_look_and_claim_voids_the_claim() -> None:
    world = SendWorld()

    class Late:
        """The two are taken apart right before the message is claimed."""

        is_apart = False

        def __getattr__(self, name: str) -> Any:
            return getattr(world.ledger, name)

        def claim(self, claim: Claim) -> ClaimResult:
            if not self.is_apart:
                self.is_apart = True
                take_apart(world)
            return world.ledger.claim(claim)

    late: Any = Late()
    entry = world.deliver(change=lambda ports: replace(ports, ledger=late))

    assert (entry.status, entry.reason, world.emails.sent) == (Status.SKIPPED, "address_taken_apart", [])
