"""What a consent event decides, for whom, and which decision wins."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.events.model import OWN_SOURCE, Event, SourceKind
from ariane.privacy.consents import Consent, ConsentDecision, ConsentQuestion, ConsentState, decide, decisions_of, moves_forward
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
        original=NOON,
    )


def decided(event: Event) -> set[tuple[str, str, str, bool]]:
    """Whose, topic, channel, granted; the whole person is ``every prs_…``."""
    return {
        (f"every {each.person_id}" if each.is_person_wide else each.person_id, each.topic, each.channel, each.granted)
        for each in decisions_of(event, id_of=id_of)
    }


def id_of(namespace: str, value: str) -> str | None:
    return f"prs_{namespace}_{value.strip().lower()}" if value != "n/a" else None


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"topic": "offers", "channel": "email"}, {("every prs_fragment", "offers", "email")}),
        ({"topic": "offers", "channel": "email", "email": "A@b.fr"}, {("prs_email_a@b.fr", "offers", "email")}),
        ({"topic": "offers", "channel": "sms", "email": "a@b.fr", "phone": "06"}, {("prs_phone_06", "offers", "sms")}),
        (
            {"topic": "offers", "email": "a@b.fr", "phone": "06"},
            {("prs_email_a@b.fr", "offers", "email"), ("prs_phone_06", "offers", "sms")},
        ),
        ({"topics": ["a", "b", "a"], "channels": ["push"]}, {("every prs_fragment", "a", "push"), ("every prs_fragment", "b", "push")}),
        ({"topic": "offers", "channel": "email", "email": "n/a"}, set()),
        ({"topic": "offers"}, set()),
        ({"channel": "email"}, set()),
        ({"topic": "a#b", "channel": "email"}, set()),
        ({"topic": 7, "channel": "email"}, set()),
        ({"topic": "offers", "channel": "email", "email": 7}, set()),
        ({"topic": "offers", "channel": "email", "email": " "}, {("every prs_fragment", "offers", "email")}),
        ({"topic": "offers", "channel": " Email "}, {("every prs_fragment", "offers", "email")}),
        ({"topic": "*", "channel": "email"}, set()),
        ({"topic": "offers", "channel": "*"}, set()),
        ({"topic": "é" * 101, "channel": "email"}, set()),
        ({"topic": "offers", "channel": "é" * 101}, set()),
        (
            {"topic": "offers", "topics": ["loyalty"], "channel": "push"},
            {("every prs_fragment", each, "push") for each in ("offers", "loyalty")},
        ),
    ],
)
def test_a_grant_names_its_topic_channel_and_address(properties: dict[str, Any], expected: set[tuple[str, str, str]]) -> None:
    assert decided(an_event(**properties)) == {(*each, True) for each in expected}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"topic": "offers", "channel": "email", "email": "a@b.fr"}, ("prs_email_a@b.fr", "offers", "email")),
        ({"topic": "offers", "channel": "email", "email": "n/a"}, ("every prs_fragment", "offers", "email")),
        ({"channel": "email"}, ("every prs_fragment", "*", "email")),
        ({}, ("every prs_fragment", "*", "*")),
        ({"email": "a@b.fr"}, ("prs_email_a@b.fr", "*", "email")),
        ({"email": "a@b.fr", "channel": "*", "topic": "*"}, ("prs_email_a@b.fr", "*", "email")),
        ({"email": 7}, ("every prs_fragment", "*", "email")),
        ({"email": "a@b.fr", "channel": "push", "topic": "a"}, ("every prs_fragment", "a", "push")),
        ({"topics": ["a", "é" * 101], "channel": "email"}, ("every prs_fragment", "*", "email")),
        ({"topics": ["a", None, ""], "channel": "email"}, ("every prs_fragment", "a", "email")),
        ({"topic": "a", "channel": "é" * 101}, ("every prs_fragment", "a", "*")),
    ],
)
def test_a_withdrawal_is_never_lost_for_want_of_detail(properties: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert decided(an_event("Consent Withdrawn", **properties)) == {(*expected, False)}


def test_only_a_track_event_of_that_name_decides() -> None:
    assert decided(an_event("Order Completed", topic="offers", channel="email")) == set()
    assert decided(an_event(kind="page", topic="offers", channel="email")) == set()


@pytest.mark.parametrize(
    ("topics", "channels", "expected"),
    [
        (10, 1, {(f"t{place}", "c0") for place in range(10)}),
        (11, 1, {("*", "c0")}),
        (6, 2, {("*", "c0"), ("*", "c1")}),
        (1, 11, {("t0", "*")}),
        (1_000, 1_000, {("*", "*")}),
    ],
)
def test_a_withdrawal_of_too_much_at_once_is_one_of_everything(topics: int, channels: int, expected: set[tuple[str, str]]) -> None:
    listed: dict[str, Any] = {"topics": [f"t{place}" for place in range(topics)], "channels": [f"c{place}" for place in range(channels)]}

    assert decided(an_event("Consent Withdrawn", **listed)) == {("every prs_fragment", *each, False) for each in expected}


def test_what_one_event_grants_beyond_a_bound_is_ignored() -> None:
    event = an_event(topics=[f"t{place}" for place in range(1000)], channels=["email", "sms"])

    expected = {("every prs_fragment", f"t{place}", channel, True) for place in range(5) for channel in ("email", "sms")}
    assert decided(event) == expected


def test_the_event_of_an_unsubscribe_link_is_about_the_address_that_it_lies_under() -> None:
    event = replace(an_event("Consent Withdrawn", topic="offers", channel="email"), source=OWN_SOURCE)

    assert decided(event) == {("prs_fragment", "offers", "email", False)}


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


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"person_id": "address"}, True),
        ({"person_id": "other mailbox"}, False),
        ({"person_id": "other mailbox", "is_person_wide": True}, True),
        ({"person_id": "stranger", "is_person_wide": True}, False),
        ({"person_id": "owner", "is_person_wide": True}, False),
        ({"person_id": "owner", "is_person_wide": True, "granted": False}, True),
        ({"person_id": "address", "topic": "loyalty"}, False),
        ({"person_id": "address", "channel": "sms"}, False),
        ({"person_id": "address", "topic": "*", "granted": False}, True),
        ({"person_id": "other mailbox", "is_person_wide": True, "channel": "*", "granted": False}, True),
    ],
)
def test_whose_word_counts_for_an_address(fields: dict[str, Any], counts: bool) -> None:
    values: dict[str, Any] = {"topic": "offers", "channel": "email", "granted": True, "at": NOON, "source": "s", "message_id": "m"}
    state = ConsentState(**(values | fields))
    question = ConsentQuestion(
        topic="offers",
        channel="email",
        address_id="address",
        person_ids=frozenset({"address", "other mailbox"}),
        owner_ids=frozenset({"owner"}),
    )

    said = Consent.GRANTED if state.granted else Consent.WITHDRAWN
    assert question.answered_by([state]) is (said if counts else Consent.NONE)


def test_a_withdrawal_of_everything_concerns_each_topic_and_channel() -> None:
    everything = decisions_of(an_event("Consent Withdrawn"), id_of=id_of)[0].state
    offers = decisions_of(an_event(topic="offers", channel="email"), id_of=id_of)[0].state

    assert everything.concerns("offers", "email")
    assert offers.concerns("offers", "email")
    assert not offers.concerns("offers", "sms")
    assert not offers.concerns("loyalty", "email")
