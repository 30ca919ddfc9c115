"""The function dies between any two calls; the queue delivers the message again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.errors import Retryable
from ariane.messaging.model import Channel, Status
from ariane.messaging.ports import SendPorts
from ariane.messaging.settle import sweep
from tests.builders.messaging import SendWorld

PORTS = ("profiles", "enrolments", "definitions", "history", "consents", "suppressions", "ledger", "emails", "texts", "outcomes")
REDELIVERY = timedelta(minutes=6)
MOST_CALLS = 60


class Killed(BaseException):
    pass


class Fuse:
    """Burns with every call of every port; at nought the function dies, before the call or after it took effect."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self.left = calls
        self.after = after

    def wrap(self, ports: SendPorts) -> SendPorts:
        fused: Any = {name: _Fused(getattr(ports, name), self) for name in PORTS}
        return replace(ports, **fused)


class _Fused:
    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._fuse.left -= 1
            if self._fuse.left == 0 and not self._fuse.after:
                raise Killed
            result = method(*args, **kwargs)
            if self._fuse.left == 0:
                raise Killed
            return result

        return call


def run_until_done(world: SendWorld, fuse: Fuse, **fields: Any) -> bool:
    """Whether the fuse burnt down. The queue delivers again after its patience, until the function returns."""
    was_killed = False
    for _ in range(10):
        try:
            world.deliver(change=fuse.wrap, **fields)
        except Killed:
            was_killed = True
        except Retryable:
            pass
        else:
            return was_killed
        world.now += REDELIVERY
    raise AssertionError("the message never came to an end")


@pytest.mark.parametrize("after", [False, True])
def test_a_marketing_message_leaves_at_most_once_wherever_the_function_dies(after: bool) -> None:
    unclear = 0
    for calls in range(1, MOST_CALLS):
        world = SendWorld()
        if not run_until_done(world, Fuse(calls, after=after)):
            assert calls > 8, "the fuse was never in the way"
            assert unclear, "no crash fell between claim and result"
            return
        assert len(world.emails.sent) <= 1
        assert world.entry().status in (Status.SENT, Status.UNCLEAR)
        assert len(world.emails.sent) == 1 or world.entry().status is Status.UNCLEAR
        assert world.outcomes()[-1][0] == str(world.entry().status)
        unclear += world.entry().status is Status.UNCLEAR
    raise AssertionError("there are more calls than this test goes through")


@pytest.mark.parametrize("after", [False, True])
def test_a_transactional_message_leaves_at_least_once_wherever_the_function_dies(after: bool) -> None:
    for calls in range(1, MOST_CALLS):
        world = SendWorld()
        if not run_until_done(world, Fuse(calls, after=after), channel=Channel.SMS, topic="orders"):
            assert calls > 8, "the fuse was never in the way"
            return
        assert 1 <= len(world.texts.sent) <= 2
        assert world.entry().status is Status.SENT
        assert world.outcomes()[-1] == ("sent", None)
    raise AssertionError("there are more calls than this test goes through")


@pytest.mark.parametrize("after", [False, True])
def test_a_skipped_message_has_one_reason_and_is_reported_wherever_the_function_dies(after: bool) -> None:
    for calls in range(1, MOST_CALLS):
        world = SendWorld(consents=())
        was_killed = run_until_done(world, Fuse(calls, after=after))
        assert (world.entry().reason, world.outcomes()[-1]) == ("no_consent", ("skipped", "no_consent"))
        if not was_killed:
            return
    raise AssertionError("there are more calls than this test goes through")


def test_a_message_whose_function_died_is_unclear_for_good_after_a_day_without_any_redelivery() -> None:
    world = SendWorld()
    with pytest.raises(Killed):
        world.deliver(change=lambda ports: replace(ports, emails=_Fused(ports.emails, Fuse(1, after=True))))

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
