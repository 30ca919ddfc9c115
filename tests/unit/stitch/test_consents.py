"""Consents on the way from the log: a copy decides nothing, and many decisions cost few calls."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.events.model import LogItem, Message, SourceKind
from ariane.instants import format_instant
from ariane.privacy.consents import ConsentDecision
from ariane.profiles.consent_keeping import MOST_PUBLIC_DECISIONS
from tests.builders.profiles import NOON, Stack, identify, item, prs, track

ADDRESS = "email:a@b.fr"


class Counting:
    """A port whose calls are counted by name."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            return method(*args, **kwargs)

        return call


def decision(name: str, *, message_id: str, minute: float = 0, **properties: Any) -> Message:
    said = {"topic": "offers", "channel": "email", "email": "a@b.fr"} | properties
    return track(name, message_id=message_id, minute=minute, userId="u1", anonymousId=None, properties=said)


def untimed_grant(minute: float, salt: str) -> LogItem:
    """A grant whose sender says no time: each copy gets that of its receipt."""
    message = decision("Consent Granted", message_id="g1", minute=minute)
    del message["originalTimestamp"]
    return item(message, source="backend", kind=SourceKind.SERVER, received_minute=minute, salt=salt)


def test_a_repeated_grant_does_not_reopen_what_was_withdrawn_meanwhile() -> None:
    stack = Stack()
    stack.deliver(untimed_grant(0, "first"))
    withdrawal = ConsentDecision(
        person_id=prs(ADDRESS),
        topic="offers",
        channel="email",
        granted=False,
        at=NOON + timedelta(minutes=5),
        source="ariane",
        message_id="unsubscribed",
    )
    stack.consents.record(withdrawal, root_id=stack.profile(ADDRESS).id)
    stack.deliver(untimed_grant(10, "retry"))

    (state,) = stack.consents.states([prs(ADDRESS)])
    assert not state.granted
    assert [kept.message_id for kept in stack.consents.records] == ["g1", "unsubscribed"]
    assert stack.timeline() == ["g1"]


def test_a_copy_in_the_same_batch_decides_nothing_either() -> None:
    stack = Stack()
    stack.deliver(untimed_grant(0, "first"), untimed_grant(10, "retry"))
    (state,) = stack.consents.states([prs(ADDRESS)])
    assert format_instant(state.at) == format_instant(NOON)


def test_of_many_decisions_on_one_thing_the_deciding_one_is_kept_whatever_their_order() -> None:
    named = [
        decision("Consent Granted" if number % 2 else "Consent Withdrawn", message_id=f"c{number}", minute=number) for number in range(80)
    ]
    for messages in (named, named[::-1]):
        stack = Stack()
        stack.deliver(item(*messages, source="backend", kind=SourceKind.SERVER))
        (state,) = stack.consents.states([prs(ADDRESS)])
        assert (state.message_id, state.granted) == ("c79", True)
        assert [kept.message_id for kept in stack.consents.records] == ["c79"]


def test_of_two_decisions_at_one_instant_the_withdrawal_is_kept() -> None:
    stack = Stack()
    both = [decision("Consent Withdrawn", message_id="no"), decision("Consent Granted", message_id="yes")]
    stack.deliver(item(*both, source="backend", kind=SourceKind.SERVER))
    (state,) = stack.consents.states([prs(ADDRESS)])
    assert (state.message_id, state.granted) == ("no", False)


def test_a_request_of_thousands_of_decisions_costs_a_few_calls() -> None:
    identities = MemoryIdentities()
    stack = Stack(identities=Counting(identities), consents=Counting(MemoryConsents(identities)))
    repeated = {
        "topics": [f"t{number}" for number in range(5)],
        "channels": ["email", "sms"],
        "topic": None,
        "channel": None,
        "email": None,
    }
    stack.deliver(
        item(*(decision("Consent Withdrawn", message_id=f"w{number}", minute=number / 60, **repeated) for number in range(2_400)))
    )
    assert stack.consents.calls["record"] == len(stack.consents.states([prs("user_id:u1")])) == 10
    assert stack.consents.calls.total() + stack.identities.calls.total() < 20


def many_addresses(count: int) -> list[Message]:
    return [decision("Consent Withdrawn", message_id=f"w{number}", minute=number / 60, email=f"p{number}@b.fr") for number in range(count)]


def test_a_public_request_that_decides_for_too_many_is_parked_before_anything_is_written() -> None:
    stack = Stack()
    report = stack.deliver(item(*many_addresses(MOST_PUBLIC_DECISIONS + 1)), item(track(message_id="m1", userId="u1", anonymousId=None)))
    assert [parked.code for parked in report.parked] == ["too_many_consents"]
    assert stack.consents.records == []
    assert stack.profile("user_id:u1").occurrences["Product Viewed"].count == 1


def test_public_requests_of_one_batch_are_bounded_one_by_one() -> None:
    stack = Stack()
    decisions = many_addresses(MOST_PUBLIC_DECISIONS + 10)
    report = stack.deliver(item(*decisions[:60]), item(*decisions[60:]))
    assert not report.parked
    assert len(stack.consents.records) == MOST_PUBLIC_DECISIONS + 10


def test_a_trusted_source_may_decide_for_many_and_what_was_kept_is_not_kept_again() -> None:
    identities = MemoryIdentities()
    consents = MemoryConsents(identities)
    stack = Stack(identities=identities, consents=consents)
    records = stack.write(item(*many_addresses(300), source="backend", kind=SourceKind.SERVER))

    class Interrupted(Counting):
        def record(self, decision: ConsentDecision, *, root_id: str) -> None:
            if len(consents.records) == 200:
                raise KeyboardInterrupt
            consents.record(decision, root_id=root_id)

    stack.consents = Interrupted(consents)
    with pytest.raises(KeyboardInterrupt):
        stack.stitch(records)
    stack.consents = Counting(consents)
    stack.stitch(records)

    assert stack.consents.calls["record"] == 100
    assert len(consents.records) == 300


def test_a_root_that_is_merged_just_before_the_decision_is_climbed_again() -> None:
    stack = Stack()
    login = identify(message_id="i1", userId="u1", traits={"email": "a@b.fr"})
    meanwhile = stack.write(item(login, source="shop", kind=SourceKind.SERVER))
    quiet, consents, roots = Stack(identities=stack.identities), stack.consents, list[str]()

    class MergedMeanwhile(Counting):
        def record(self, decision: ConsentDecision, *, root_id: str) -> None:
            roots.append(root_id)
            if len(roots) == 1:
                quiet.stitch(meanwhile)
            consents.record(decision, root_id=root_id)

    stack.consents = MergedMeanwhile(consents)
    said = {"topic": "offers", "channel": "email", "email": "a@b.fr"}
    stack.deliver(item(track("Consent Withdrawn", message_id="c1", anonymousId="a1", properties=said)))

    assert roots == [prs(ADDRESS), prs("user_id:u1")]
    assert [kept.message_id for kept in consents.records] == ["c1"]
