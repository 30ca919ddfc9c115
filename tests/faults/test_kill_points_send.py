"""One message, whatever happens to the sender between any two calls: marketing leaves at most once, transactional at least once, what is
not sent has one reason; and the journey hears of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.errors import Permanent, Retryable
from ariane.messaging.model import Channel, MessageClass
from ariane.messaging.ports import SendPorts
from tests.builders.messaging import ADDRESS, PHONE, FixedDefinitions, SendWorld, a_definition
from tests.builders.profiles import identify, prs
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

PORTS = ("profiles", "enrolments", "definitions", "history", "consents", "suppressions", "ledger", "emails", "texts", "outcomes")
REDELIVERY = timedelta(minutes=6)
DEFINITIONS = FixedDefinitions()
NARROWED = FixedDefinitions(definition=a_definition(match="cart_id"), template=DEFINITIONS.template)
REMINDER: Mapping[str, Any] = {}
BY_SMS: Mapping[str, Any] = {"channel": Channel.SMS}
CONFIRMATION: Mapping[str, Any] = {"channel": Channel.SMS, "topic": "orders"}


def wrapped(ports: SendPorts, shim: Shim) -> SendPorts:
    proxies: Any = {name: shim.wrap(name, getattr(ports, name)) for name in PORTS}
    return replace(ports, **proxies)


def customer(**fields: Any) -> SendWorld:
    return SendWorld(definitions=DEFINITIONS, **fields)


def throttled_twice() -> SendWorld:
    world = customer()
    world.emails.answers = [Retryable("provider_throttled", "slow down"), Retryable("provider_throttled", "slow down")]
    return world


def refused_for_good() -> SendWorld:
    world = customer()
    world.emails.answers = [Permanent("invalid_address", "no such mailbox")] * 9
    return world


def opted_out() -> SendWorld:
    world = customer()
    world.texts.answers = [Permanent("opted_out", "this number said stop")] * 9
    return world


def left_already() -> SendWorld:
    """The exit names the cart, which only the log knows."""
    world = SendWorld(definitions=NARROWED)
    world.happen("Order Completed", minute=5, properties={"cart_id": "c1"})
    return world


def address_of_another() -> SendWorld:
    """The traits state an address whose owner, another identity, wants nothing."""
    world = customer(consents=())
    world.tell(identify(message_id="i9", minute=3, userId="u9", traits={"email": "owner@shop.example"}))
    world.decide("Consent Withdrawn", channel="email", minute=4)
    return world


def end(world: SendWorld) -> Any:
    entry = world.entry()
    count = len(world.emails.sent) + len(world.texts.sent)
    return {
        "entry": [entry.id, entry.profile, entry.channel, entry.address_id, entry.segments],
        "status": [entry.status, entry.reason],
        "sent": min(count, 1) if entry.message_class is MessageClass.TRANSACTIONAL else count,
        "suppressed": [world.suppressions.reason(prs(each)) for each in (f"email:{ADDRESS}", f"phone:{PHONE}")],
        "outcomes": set(world.outcomes()),
    }


def unclear(sound: Any) -> Sequence[Any]:
    """As good for marketing: nobody knows whether it left, so it never leaves again. And for whatever may not leave any more."""
    return [
        {**sound, "status": ["unclear", None], "sent": sent, "suppressed": suppressed, "outcomes": {("unclear", None)}}
        for sent in (0, 1)
        for suppressed in (sound["suppressed"], [None, None])
    ]


def scenario(build: Callable[[], SendWorld], fields: Mapping[str, Any], **others: Any) -> Scenario[SendWorld]:
    def play(world: SendWorld, shim: Shim) -> None:
        def patience() -> None:
            world.now += REDELIVERY

        until_done(lambda: world.deliver(change=lambda ports: wrapped(ports, shim), **fields), pause=patience)

    return Scenario(build, play, end, **others)


SCENARIOS = {
    "marketing": scenario(customer, REMINDER, others=unclear),
    "marketing_throttled": scenario(throttled_twice, REMINDER, others=unclear),
    "marketing_refused": scenario(refused_for_good, REMINDER, others=unclear),
    "marketing_opted_out": scenario(opted_out, BY_SMS, others=unclear),
    "transactional": scenario(customer, CONFIRMATION),
    "transactional_refused": scenario(opted_out, CONFIRMATION, others=unclear),
    "no_consent": scenario(lambda: customer(consents=()), REMINDER),
    "left_already": scenario(left_already, REMINDER),
    "address_of_another": scenario(address_of_another, REMINDER),
}
ENDS = {
    "marketing": ("sent", None, 1),
    "marketing_throttled": ("sent", None, 1),
    "marketing_refused": ("failed", "invalid_address", 0),
    "marketing_opted_out": ("failed", "opted_out", 0),
    "transactional": ("sent", None, 1),
    "transactional_refused": ("failed", "opted_out", 0),
    "no_consent": ("skipped", "no_consent", 0),
    "left_already": ("skipped", "exited", 0),
    "address_of_another": ("skipped", "no_consent", 0),
}
EACH = pytest.mark.parametrize("name", SCENARIOS)


@EACH
def test_the_scenarios_are_what_they_say(name: str) -> None:
    sound = sound_run(SCENARIOS[name]).end
    status, reason, sent = ENDS[name]
    assert (sound["status"], sound["sent"]) == ([status, reason], sent)
    assert sound["outcomes"] == {(status, reason)}


@EACH
def test_a_kill_at_any_call_leaves_one_decision_and_the_journey_hears_of_it(name: str) -> None:
    assert assert_same_end(SCENARIOS[name], KILLS) >= 16


@EACH
def test_a_call_that_fails_in_any_way_leaves_one_decision_and_the_journey_hears_of_it(name: str) -> None:
    assert_same_end(SCENARIOS[name], PASSING)


@EACH
@given(plan=plans(calls=40))
@settings(max_examples=12, deadline=None)
def test_two_kills_leave_one_decision(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)


@EACH
@given(plan=plans(calls=40, kinds=tuple(Kind), size=4))
@settings(max_examples=12, deadline=None)
def test_four_faults_of_any_kind_leave_one_decision(name: str, plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIOS[name], plan)
