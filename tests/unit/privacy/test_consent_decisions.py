"""What a consent event decides, for whom, and which decision wins."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.events.model import Event, SourceKind
from ariane.privacy.consents import Consent, ConsentDecision, ConsentState, decide, decisions_of, ids_that_decide, moves_forward
from tests.builders.profiles import NOON


def an_event(name: str = "Consent Granted", *, kind: str = "track", **properties: Any) -> Event:
    return Event(
        type=kind,
        message_id="m-1",
        timestamp=NOON,
        received_at=NOON,
        source="web",
        kind=SourceKind.BROWSER,
        person_id="prs_fragment",
        name=name,
        message={"properties": properties},
    )


def decided(event: Event) -> set[tuple[str, str, str, bool]]:
    return {(each.person_id, each.topic, each.channel, each.granted) for each in decisions_of(event, id_of=id_of)}


def id_of(namespace: str, value: str) -> str | None:
    return f"prs_{namespace}_{value.strip().lower()}" if value != "n/a" else None


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"topic": "offers", "channel": "email"}, {("prs_fragment", "offers", "email")}),
        ({"topic": "offers", "channel": "email", "email": "A@b.fr"}, {("prs_email_a@b.fr", "offers", "email")}),
        ({"topic": "offers", "channel": "sms", "email": "a@b.fr", "phone": "06"}, {("prs_phone_06", "offers", "sms")}),
        (
            {"topic": "offers", "email": "a@b.fr", "phone": "06"},
            {("prs_email_a@b.fr", "offers", "email"), ("prs_phone_06", "offers", "sms")},
        ),
        ({"topics": ["a", "b", "a"], "channels": ["push"]}, {("prs_fragment", "a", "push"), ("prs_fragment", "b", "push")}),
        ({"topic": "offers", "channel": "email", "email": "n/a"}, set()),
        ({"topic": "offers"}, set()),
        ({"channel": "email"}, set()),
        ({"topic": "a#b", "channel": "email"}, set()),
        ({"topic": 7, "channel": "email"}, set()),
        ({"topic": "offers", "channel": "email", "email": 7}, {("prs_fragment", "offers", "email")}),
    ],
)
def test_a_grant_names_its_topic_channel_and_address(properties: dict[str, Any], expected: set[tuple[str, str, str]]) -> None:
    assert decided(an_event(**properties)) == {(*each, True) for each in expected}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"topic": "offers", "channel": "email", "email": "a@b.fr"}, ("prs_email_a@b.fr", "offers", "email")),
        ({"topic": "offers", "channel": "email", "email": "n/a"}, ("prs_fragment", "offers", "email")),
        ({"channel": "email"}, ("prs_fragment", "*", "email")),
        ({}, ("prs_fragment", "*", "*")),
    ],
)
def test_a_withdrawal_is_never_lost_for_want_of_detail(properties: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert decided(an_event("Consent Withdrawn", **properties)) == {(*expected, False)}


def test_only_a_track_event_of_that_name_decides() -> None:
    assert decided(an_event("Order Completed", topic="offers", channel="email")) == set()
    assert decided(an_event(kind="page", topic="offers", channel="email")) == set()


def test_one_event_decides_a_bounded_number_of_things() -> None:
    event = an_event(topics=[f"t{place}" for place in range(1000)], channels=["email", "sms"])

    assert len(decided(event)) == 50


def test_wording_and_way_are_kept() -> None:
    (decision,) = decisions_of(an_event(topic="offers", channel="email", wording="v3", how="checkout"), id_of=id_of)

    assert (decision.wording, decision.how, decision.at, decision.source, decision.message_id) == ("v3", "checkout", NOON, "web", "m-1")


def a_decision(hour: int, granted: bool) -> ConsentDecision:
    at = NOON + timedelta(hours=hour)
    return ConsentDecision(person_id="p", topic="t", channel="email", granted=granted, at=at, source="s", message_id=f"{hour}{granted}")


decisions = st.lists(st.builds(a_decision, st.integers(0, 3), st.booleans()), max_size=8)


def folded(given_decisions: list[ConsentDecision]) -> ConsentState | None:
    state: ConsentState | None = None
    for each in given_decisions:
        state = each.state if moves_forward(state, each) else state
    return state


@given(decisions)
def test_the_state_is_the_latest_decision_and_on_ties_the_withdrawal(given_decisions: list[ConsentDecision]) -> None:
    state = folded(given_decisions)

    assert state == folded(given_decisions[::-1])
    assert decide([each.state for each in given_decisions]) is decide([state] if state else [])
    if state is not None:
        last = [each for each in given_decisions if each.at == max(other.at for other in given_decisions)]
        assert state.granted is all(each.granted for each in last)


def test_nothing_said_is_no_consent() -> None:
    assert decide([]) is Consent.NONE


def test_a_decision_on_another_address_of_the_channel_does_not_count() -> None:
    identifiers = {"prs_u": "user_id:u1", "prs_a": "email:a@b.fr", "prs_c": "email:c@d.fr", "prs_p": "phone:+33612345678"}

    assert ids_that_decide(identifiers, channel="email", address_id="prs_a") == {"prs_u", "prs_a", "prs_p"}
    assert ids_that_decide(identifiers, channel="sms", address_id="prs_p") == {"prs_u", "prs_a", "prs_c", "prs_p"}
    assert ids_that_decide(identifiers, channel="push", address_id="prs_x") == {*identifiers, "prs_x"}


def test_a_withdrawal_of_everything_concerns_each_topic_and_channel() -> None:
    everything = decisions_of(an_event("Consent Withdrawn"), id_of=id_of)[0].state
    offers = decisions_of(an_event(topic="offers", channel="email"), id_of=id_of)[0].state

    assert everything.concerns("offers", "email")
    assert offers.concerns("offers", "email")
    assert not offers.concerns("offers", "sms")
    assert not offers.concerns("loyalty", "email")
