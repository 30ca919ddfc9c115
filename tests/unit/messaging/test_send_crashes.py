"""The function dies between any two calls; the queue delivers the message again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ariane.errors import Retryable
from ariane.messaging.model import Channel, Status
from ariane.messaging.ports import SendPorts
from ariane.messaging.settle import sweep
from tests.builders.messaging import SendWorld
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, Planned, Scenario, each_fault, until_done
from tests.faults.shim import Killed, Shim

PORTS = ("profiles", "enrolments", "definitions", "history", "consents", "suppressions", "ledger", "emails", "texts", "outcomes")
REDELIVERY = timedelta(minutes=6)
WITHOUT_CONSENT = partial(SendWorld, consents=())
EACH = pytest.mark.parametrize("kind", KILLS)


@dataclass(frozen=True)
class End:
    sent: int
    status: Status
    reason: str | None
    last_outcome: tuple[str, str | None]


def scenario(build: Callable[[], SendWorld] = SendWorld, **fields: Any) -> Scenario[SendWorld]:
    """The queue delivers again after its patience, until the function returns."""

    def play(world: SendWorld, shim: Shim) -> None:
        def patience() -> None:
            world.now += REDELIVERY

        until_done(lambda: world.deliver(change=partial(wrapped, shim=shim), **fields), pause=patience)

    def end(world: SendWorld) -> End:
        entry = world.entry()
        return End(len(world.emails.sent) + len(world.texts.sent), entry.status, entry.reason, world.outcomes()[-1])

    return Scenario(build, play, end)


def wrapped(ports: SendPorts, shim: Shim, *names: str) -> SendPorts:
    proxies: Any = {name: shim.wrap(name, getattr(ports, name)) for name in names or PORTS}
    return replace(ports, **proxies)


def ends_of(scenario: Scenario[SendWorld], kind: Kind) -> list[End]:
    """With the function killed at each of its calls."""
    ends = [after.end for _, after in each_fault(scenario, [kind])]
    assert len(ends) > 7
    return ends


@EACH
def test_a_marketing_message_leaves_at_most_once_wherever_the_function_dies(kind: Kind) -> None:
    ends = ends_of(scenario(), kind)
    for end in ends:
        assert end.sent <= 1
        assert end.status in (Status.SENT, Status.UNCLEAR)
        assert end.sent == 1 or end.status is Status.UNCLEAR
        assert end.last_outcome[0] == str(end.status)
    assert any(end.status is Status.UNCLEAR for end in ends), "no crash fell between claim and result"


@EACH
def test_a_transactional_message_leaves_at_least_once_wherever_the_function_dies(kind: Kind) -> None:
    for end in ends_of(scenario(channel=Channel.SMS, topic="orders"), kind):
        assert 1 <= end.sent <= 2
        assert end.status is Status.SENT
        assert end.last_outcome == ("sent", None)


@EACH
def test_a_skipped_message_has_one_reason_and_is_reported_wherever_the_function_dies(kind: Kind) -> None:
    for end in ends_of(scenario(WITHOUT_CONSENT), kind):
        assert (end.reason, end.last_outcome) == ("no_consent", ("skipped", "no_consent"))


def test_a_message_whose_function_died_is_unclear_for_good_after_a_day_without_any_redelivery() -> None:
    world = SendWorld()
    with pytest.raises(Killed):
        world.deliver(change=lambda ports: wrapped(ports, Shim(Planned({0: Kind.KILL_AFTER})), "emails"))

    assert sweep(world.ledger, world.now + timedelta(minutes=14)).unclear == 0
    assert sweep(world.ledger, world.now + timedelta(minutes=16)).unclear == 1
    assert world.entry().status is Status.UNCLEAR
    assert sweep(world.ledger, world.now + timedelta(hours=25)).closed == 1
    assert (world.entry().status, world.entry().is_undecided) == (Status.UNCLEAR, False)
    assert sweep(world.ledger, world.now + timedelta(days=9)).closed == 0


def test_a_message_that_was_claimed_again_is_closed_a_day_after_its_first_claim() -> None:
    world = SendWorld()
    begun = world.now
    for later in (timedelta(0), timedelta(hours=12), timedelta(hours=23)):
        world.now = begun + later
        world.emails.answers = [Retryable("provider_throttled", "slow down")]
        with pytest.raises(Retryable):
            world.deliver()

    assert sweep(world.ledger, begun + timedelta(hours=24)).closed == 1
