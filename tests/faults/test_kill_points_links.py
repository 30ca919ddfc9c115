"""Who says stop is heard once and for good, whatever happens between any two calls: the visitor, or the mailbox provider, tries again."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings

from ariane.messaging.links import UNSUBSCRIBE_LIFETIME, WayOut
from ariane.messaging.model import Channel
from ariane.messaging.unsubscribing import UnsubscribePorts, Unsubscriber
from tests.builders.messaging import ADDRESS, LINK_KEY, FixedDefinitions, SendWorld
from tests.builders.profiles import NOON, identify, prs
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

DEFINITIONS = FixedDefinitions()
TOKEN = WayOut(
    address_id=prs(f"email:{ADDRESS}"), topic="offers", channel=Channel.EMAIL, message_id="msg_1", locale="fr", label="Offres"
).token(LINK_KEY, expires_at=NOON + UNSUBSCRIBE_LIFETIME)


def build() -> SendWorld:
    return SendWorld(definitions=DEFINITIONS, now=NOON + timedelta(days=1))


def _ports(world: SendWorld, shim: Shim) -> UnsubscribePorts:
    stack = world.stack
    return UnsubscribePorts(
        consents=shim.wrap("consents", stack.consents),
        identities=shim.wrap("identities", stack.identities),
        log=shim.wrap("log", stack.log),
        clock=lambda: world.now,
        link_key=LINK_KEY,
    )


def leaves(world: SendWorld, shim: Shim) -> None:
    """Two clicks, a minute after each other; a third when the person was merged into another."""

    def a_minute_later() -> None:
        world.now += timedelta(minutes=1)

    for _ in range(2):
        until_done(lambda: Unsubscriber(_ports(world, shim)).unsubscribe(TOKEN, how="page"), pause=a_minute_later)
        a_minute_later()
    world.tell(identify(message_id="i5", minute=5, userId="u0", traits={"email": ADDRESS}))
    until_done(lambda: Unsubscriber(_ports(world, shim)).unsubscribe(TOKEN, how="one_click"), pause=a_minute_later)


def end(world: SendWorld) -> Any:
    """Without the instant of the withdrawal: it is that of the attempt that was committed."""
    states = world.stack.consents.states([prs(f"email:{ADDRESS}")])
    logged = [message for each in world.stack.log.items() for message in each.messages if message.get("event") == "Consent Withdrawn"]
    return {
        "consents": [[state.topic, state.channel, state.granted] for state in states],
        "logged": [[message["properties"]["topic"], message["properties"]["channel"]] for message in logged],
        "is the same": {state.message_id for state in states if not state.granted} == {message["messageId"] for message in logged},
        "asked to send": world.deliver().reason,
    }


SCENARIO = Scenario(build, leaves, end)


def test_the_scenario_is_what_it_says() -> None:
    sound = sound_run(SCENARIO).end
    assert sound == {
        "consents": [["offers", "email", False]],
        "logged": [["offers", "email"]],
        "is the same": True,
        "asked to send": "no_consent",
    }


def test_a_kill_at_any_call_leaves_one_withdrawal() -> None:
    assert assert_same_end(SCENARIO, KILLS) >= 16


def test_a_call_that_fails_in_any_way_leaves_one_withdrawal() -> None:
    assert_same_end(SCENARIO, PASSING)


@given(plan=plans(calls=20, kinds=tuple(Kind), size=3))
@settings(max_examples=60, deadline=None)
def test_three_faults_of_any_kind_leave_one_withdrawal(plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIO, plan)
