"""What a bot did is in the log and nowhere else: no profile, counter, link, consent, announcement or parking; whatever crashes."""

from dataclasses import replace
from functools import partial
from itertools import batched
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.events.model import LogItem, Message, events_of
from ariane.profiles import once
from ariane.profiles.model import LogPart
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import Stack, identify, item, prs, track
from tests.faults.killing import KILLS, Scenario, assert_same_end, played, until_done
from tests.faults.shim import Shim
from tests.unit.stitch.test_crashes import announced, state, worker
from tests.unit.stitch.test_once_only import is_now

BOT: dict[str, Any] = {"context": {"bot": True}}
EVERYBODY = ["anonymous_id:a1", "user_id:u1", "email:a@b.fr"]


def by_bot(message: Message) -> Message:
    return {**message, "context": {**message.get("context", {}), "bot": True}}


def logged(stack: Stack) -> list[Message]:
    return [message for each in stack.log.items() for message in each.messages]


def shown(stack: Stack) -> list[str]:
    """Over all of them, whoever knows them to be one."""
    everybody = replace(stack.profile(EVERYBODY[0]), logs=tuple(LogPart(prs(text)) for text in EVERYBODY))
    return stack.shown(everybody)


def test_a_bots_event_leaves_nothing_but_its_place_in_the_log() -> None:
    stack = Stack()
    report = stack.deliver(item(track(message_id="m1", **BOT)))

    assert stack.fragments.load([prs("anonymous_id:a1")]) == {}
    assert stack.announcer.facts == []
    assert report.parked == []
    assert [message["messageId"] for message in logged(stack)] == ["m1"]
    assert shown(stack) == []


def test_a_bots_login_joins_nobody_and_sets_no_trait() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="m1")))
    login = identify(message_id="m2", minute=1, userId="u1", anonymousId="a1", traits={"email": "a@b.fr", "plan": "gold"})
    stack.deliver(item(by_bot(login)))

    assert set(stack.profile("anonymous_id:a1").identifiers.values()) == {"anonymous_id:a1"}
    assert stack.profile("anonymous_id:a1").traits == {}
    assert stack.announced("Profile Merged") == []


def test_a_bots_consent_is_no_decision() -> None:
    stack = Stack()
    consent = {"topic": "offers", "channel": "email", "email": "a@b.fr"}
    stack.deliver(item(track("Consent Granted", message_id="m1", properties=consent, **BOT)))

    assert stack.consents.states([prs(text) for text in EVERYBODY]) == []


def test_what_a_bot_did_beside_a_person_is_left_out_alone() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="m1"), track(message_id="m2", minute=1, **BOT), track(message_id="m3", minute=2)))

    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 2
    assert shown(stack) == ["m3", "m1"]
    assert [fact["messageId"] for fact in stack.announced("Event")] == ["m1", "m3"]
    assert [fact["cause"].rpartition("/")[2] for fact in stack.announced("Event")] == ["0", "2"]


def test_what_looks_back_at_the_log_does_not_see_bots() -> None:
    """Exits of journeys read it so."""
    assert [event.message_id for event in events_of(item(track(message_id="m1", **BOT), track(message_id="m2")))] == ["m2"]


def test_a_bots_record_that_cannot_be_read_is_not_parked() -> None:
    stack = Stack()
    broken = item({name: value for name, value in track(message_id="m1", **BOT).items() if name != "messageId"})

    assert stack.deliver(broken).parked == []
    assert stack.rejects.of_day("2026-11-25")[0] == []


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("between", [0, 100])
def test_a_persons_copy_of_a_bots_event_counts_once_soon_or_late(is_first: bool, between: int) -> None:
    """Late: when the ring has forgotten, the log is asked, and holds the bot's copy."""
    stack = Stack()
    copies = [item(track(message_id="m1", **BOT), salt="bot"), item(track(message_id="m1"), salt="person")]
    earlier, later = copies if is_first else reversed(copies)
    stack.deliver(earlier)
    stack.deliver(
        item(*[track("Page Seen", message_id=f"o{number}", minute=10 + number) for number in range(between)], track(message_id="x"))
    )
    stack.deliver(later)
    stack.deliver(item(track(message_id="m1"), salt="person again"))

    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 2
    assert sorted(name for name in shown(stack) if not name.startswith("o")) == ["m1", "x"]


def test_a_bots_record_before_a_persons_hides_no_redelivery() -> None:
    stack = Stack()
    records = stack.write(
        item(track(message_id="m1", **BOT)), item(track(message_id="m2", minute=1)), item(track(message_id="m3", minute=2, **BOT))
    )
    for batch in (records[:1], records[:2], records[2:], records):
        stack.stitch(batch)

    stored = stack.fragments.load([prs("anonymous_id:a1")])[prs("anonymous_id:a1")]
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 1
    assert (stored.version, stored.sequence) == (1, "2")


REQUESTS = st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=5), min_size=1, max_size=14)
"""Each request names the events that it carries, and whether a bot sent them."""


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_copies_bots_and_people_send_in_whatever_order_a_persons_event_counts_once(data: st.DataObject) -> None:
    requests = data.draw(REQUESTS)
    stack = Stack()
    records: list[StreamRecord] = []
    with patch.object(once, "RING", 2), patch.object(once, "LATE_RING", 1):
        for place, sent in enumerate(requests):
            messages = [track(message_id=f"m{number}", minute=number * 7, **(BOT if is_bot else {})) for number, is_bot in sent]
            records += stack.write(item(*messages, salt=str(place)))
            while records and is_now(data):
                size: int = data.draw(st.integers(1, len(records)))
                for _ in range(data.draw(st.integers(1, 2))):
                    stack.stitch(records[:size])
                del records[:size]
        stack.stitch(records)
    people = {f"m{number}" for sent in requests for number, is_bot in sent if not is_bot}
    assert sorted(shown(stack)) == sorted(people)
    assert {fact["messageId"] for fact in stack.announced("Event")} == people
    tally = stack.profile("anonymous_id:a1").occurrences.get("Product Viewed")
    assert (tally.count if tally else 0) == len(people)


def a_visit() -> list[LogItem]:
    consent = {"topic": "offers", "channel": "email", "email": "a@b.fr"}
    return [
        item(track(message_id="m1")),
        item(track("Product Added", message_id="m2", minute=1), track("Product Added", message_id="m3", minute=2)),
        item(identify(message_id="m4", minute=3, userId="u1", anonymousId="a1", traits={"email": "a@b.fr"})),
        item(track("Consent Granted", message_id="m5", minute=4, userId="u1", anonymousId=None, properties=consent)),
        item(track(message_id="m1"), salt="copy"),
    ]


def a_visit_among_bots() -> list[LogItem]:
    """Each item is preceded by the same of a bot, under another key, and another one's login comes last."""
    visit = a_visit()
    bots = [item(*map(by_bot, each.messages), salt=f"bot {place}") for place, each in enumerate(visit)]
    login = identify(message_id="b1", minute=9, userId="u2", anonymousId="a1", traits={"email": "c@b.fr"})
    return [*(each for pair in zip(bots, visit, strict=True) for each in pair), item(by_bot(login))]


def deliver(stack: Stack, shim: Shim, *, items: list[LogItem], size: int) -> None:
    for batch in batched(stack.write(*items), size, strict=False):
        until_done(partial(worker(stack, shim).stitch, batch))


def end(stack: Stack) -> object:
    profiles, consents, rejects, _ = state(stack)
    return profiles, consents, rejects, shown(stack), announced(stack)


@pytest.mark.parametrize("size", [1, 3, 20])
def test_with_bots_about_and_a_crash_at_any_call_the_end_is_that_of_the_people_alone(size: int) -> None:
    alone = Scenario(Stack, partial(deliver, items=a_visit(), size=size), end)
    among_bots = Scenario(Stack, partial(deliver, items=a_visit_among_bots(), size=size), end)

    assert played(among_bots).end == played(alone).end
    assert assert_same_end(among_bots, KILLS) > 20
