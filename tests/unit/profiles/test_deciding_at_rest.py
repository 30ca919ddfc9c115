"""What is decided on the brief reading of a person of many devices is what would be decided on the whole one."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from ariane.journeys.definition import Exit
from ariane.journeys.exits import ExitSearch
from ariane.journeys.unmerging import is_stray
from ariane.messaging.deciding import Decider
from ariane.messaging.model import Channel
from ariane.privacy.consents import ConsentQuestion
from ariane.profiles.model import Profile
from tests.builders.at_rest import EVENTS, USER, Household, own
from tests.builders.profiles import NOON, prs


@pytest.mark.parametrize("seed", range(6))
def test_whatever_rests_every_decision_is_the_same(seed: int) -> None:
    home = Household(Random(seed))
    home.grow(home.random.randrange(30, 70))
    home.seal()
    rested = 0
    for _ in range(12):
        something(home)
        whole, brief = home.whole, home.brief
        rested += brief.at_rest is not None
        for said, of_whole, of_brief in compared(home, whole, brief):
            assert of_brief == of_whole, said
    assert rested > 3


def something(home: Household) -> None:
    random = home.random
    match random.randrange(7):
        case 0:
            home.grow(random.randrange(1, 12))
        case 1 | 2:
            home.browse(random.choice(home.devices))
        case 3:
            home.say(random.choice(home.devices))
        case 4:
            home.start_run(random.choice([each for each in home.devices if not home.is_sealed(each)]))
        case _:
            home.seal()


def compared(home: Household, whole: Profile, brief: Profile) -> Iterator[tuple[str, object, object]]:
    runs, ledger = home.send.enrolments.runs, home.send.ledger
    yield "runs", sorted_runs(runs(whole.member_ids)), sorted_runs(runs(brief.holder_ids))
    yield "messages", ledger.entries_of(whole.member_ids), ledger.entries_of(brief.holder_ids)
    for message in ("msg_1", "msg_2"):
        yield message, ledger.find(message, whole.member_ids), ledger.find(message, brief.holder_ids)
    yield "said", home.send.stack.consents.states(whole.member_ids), home.send.stack.consents.states(brief.holder_ids)
    for channel in ("email", "sms"):
        yield f"consent by {channel}", answer(home, whole.member_ids, channel), answer(home, brief.holder_ids, channel)
    for event in EVENTS:
        for key in ("c1", "c2", "none"):
            yield f"exit by {event} {key}", *left(home, event, key, whole, brief)
    for each in [*map(own, home.devices), prs(USER), own("a stranger's")]:
        yield "home", is_stray(each, whole, home.reader.are_one), is_stray(each, brief, home.reader.are_one)
    for channel in (Channel.EMAIL, Channel.SMS):
        topic = home.random.choice(["offers", "orders"])
        yield f"{topic} by {channel}", decided(home, whole, channel, topic), decided(home, brief, channel, topic)


def sorted_runs(runs: object) -> list[str]:
    assert isinstance(runs, list)
    return sorted(f"{run.profile} {run.sort}" for run in runs)


def answer(home: Household, ids: tuple[str, ...], channel: str) -> object:
    question = ConsentQuestion(
        topic="offers", channel=channel, address_id=prs("email:ana@shop.example"), person_ids=frozenset({prs(USER), *ids})
    )
    return question.answered_by(home.send.stack.consents.concerning(question))


def left(home: Household, event: str, key: str, whole: Profile, brief: Profile) -> tuple[bool, bool]:
    leaving = Exit(event=event, match="cart_id")
    entered = NOON + timedelta(minutes=home.random.randrange(4_000))
    search = ExitSearch(home.send.stack.log, home.send.stack.homes, home.reader.snapshot)
    of_whole, of_brief = (search.has_left(leaving, each, key=key, entered=entered, now=NOON) for each in (whole, brief))
    return of_whole, of_brief


def decided(home: Household, profile: Profile, channel: Channel, topic: str) -> object:
    decision = Decider(home.send.ports()).decide(home.send.request(channel=channel, topic=topic), profile, None)
    return decision.entry, decision.heads, decision.hand_over is None
