"""A dry run of an un-merge says what the un-merge does: the people, whose the shared events are, and which runs end."""

from typing import Any

import pytest

from ariane.events.model import LogItem, SourceKind
from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from ariane.profiles.unmerge_preview import MOST_READ
from tests.builders.identity_desk import DeskWorld
from tests.builders.identity_worlds import says
from tests.builders.journeys import enrolment
from tests.builders.profiles import item, prs, track

EMAIL, CARD, USER, PHONE = "email:jeanne@shop.example", "loyalty_card:4711", "user_id:u1", "phone:+33612345678"
UNMERGE = f"/v1/profiles/{USER}/unmerge"
TYPED = {"identifiers": [CARD], "why": "e-mail mistyped at the till"}


@pytest.fixture
def world() -> DeskWorld:
    world = DeskWorld()
    world.learn(
        says(USER, EMAIL, minute=1, message_id="login", order_by=world.rules),
        says(CARD, PHONE, minute=2, source="till", message_id="card", order_by=world.rules),
        says(EMAIL, CARD, minute=3, source="till", message_id="receipt", order_by=world.rules),
    )
    return world


def receipt(number: int, *, minute: float = 3) -> LogItem:
    """With the mistyped address."""
    traits = {"email": "jeanne@shop.example", "loyalty_card": "4711"}
    message = track("Order Completed", message_id=f"receipt-{number}", minute=minute, context={"traits": traits})
    message.pop("anonymousId", None)
    return item(message, source="till", kind=SourceKind.STORE)


def foresees(world: DeskWorld, **more: Any) -> dict[str, Any]:
    status, body = world.ask("POST", UNMERGE, TYPED | more, {"dry_run": "true"})
    assert status == 200, body
    return dict(body)


def texts(person: Any) -> list[str]:
    return sorted(f"{each['type']}:{each['value']}" for each in person["identifiers"])


def running(world: DeskWorld, placed: LogItem, **fields: Any) -> None:
    fact = {
        "profile": prs(USER),
        "fragment": placed.person_id,
        "timestamp": format_instant(placed.received_at),
        "cause": f"{placed.person_id}/{placed.sort}/0",
    }
    world.runs.create(enrolment(**({"profile": prs(USER), "fact": fact} | fields)))


def test_the_people_are_those_that_the_un_merge_makes(world: DeskWorld) -> None:
    """The telephone was the card's alone: on neither side's word is it anybody's, so it would be left alone."""
    found = [texts(each) for each in foresees(world)["would_be"]["profiles"]]
    assert len(world.people(USER)[0]) == 4
    _, done = world.ask("POST", UNMERGE, TYPED)

    assert found == [[EMAIL, USER], [PHONE], [CARD]] == sorted(map(texts, done["profiles"]), key=lambda each: found.index(each))


def test_nothing_is_changed_put_or_announced(world: DeskWorld) -> None:
    before = [*world.identities.everything()]
    foresees(world, events_to="these")

    assert [*world.identities.everything()] == before
    assert (world.queue.messages, world.announcer.facts) == ([], [])


@pytest.mark.parametrize(("events_to", "whose"), [("these", 2), ("others", 0), (None, 0)])
def test_the_events_that_name_both_sides_are_counted_and_the_first_are_shown_with_whose_they_would_be(
    world: DeskWorld, events_to: str | None, whose: int
) -> None:
    for number in range(7):
        world.log.append(receipt(number, minute=10 - number))
    world.log.append(item(track(message_id="own", context={"traits": {"email": "jeanne@shop.example"}}), kind=SourceKind.SERVER))
    would = foresees(world, events_to=events_to)["would_be"]

    shared = would["shared_events"]
    assert (shared["count"], shared["counted_all"], len(shared["first"])) == (7, True, 5)
    assert [each["shared_events"] for each in would["profiles"]] == [7 * (whose == place) for place in range(3)]
    assert [each["messageId"] for each in shared["first"]] == [f"receipt-{number}" for number in (6, 5, 4, 3, 2)]
    assert {each["person"] for each in shared["first"]} == {whose}
    assert shared["first"][0]["identifier"] == ({"type": "loyalty_card", "value": "4711"} if whose else _pair(EMAIL))


def test_runs_that_the_other_ones_event_began_are_those_that_would_end(world: DeskWorld) -> None:
    placed, own = receipt(1), item(track(message_id="own", userId="u1"), kind=SourceKind.SERVER)
    world.log.append(placed)
    world.log.append(own)
    running(world, placed, journey="after_purchase", key="R-1")
    running(world, own, journey="welcome", key="")

    assert foresees(world, events_to="these")["would_be"]["ending"] == [{"journey": "after_purchase", "key": "R-1", "reason": "unmerged"}]
    assert foresees(world, events_to="others")["would_be"]["ending"] == []


def test_of_more_events_than_are_gone_through_it_says_so(world: DeskWorld) -> None:
    for number in range(MOST_READ + 1):
        world.log.append(receipt(number, minute=number / 100))
    shared = foresees(world)["would_be"]["shared_events"]

    assert (shared["count"], shared["counted_all"]) == (MOST_READ, False)


def test_what_is_too_much_at_once_is_said_to_be_so() -> None:
    world = DeskWorld()
    world.learn(*(says(USER, f"anonymous_id:a{number}", minute=number / 100, order_by=world.rules) for number in range(501)))
    status, body = world.ask("POST", UNMERGE, {"identifiers": ["anonymous_id:a7"], "why": "w"}, {"dry_run": "true"})

    assert (status, body["would_be"]) == (200, None)
    assert body["would_part"]["identifiers"] == [{"type": "anonymous_id", "value": "a7"}]


@pytest.mark.parametrize("identifiers", [[CARD, "user_id:u9"], ["email:no@body.fr"], [USER, EMAIL, CARD, PHONE]])
def test_what_cannot_be_done_is_refused_with_the_same_words(world: DeskWorld, identifiers: list[str]) -> None:
    world.learn(says("user_id:u9", "anonymous_id:a9", order_by=world.rules))
    asked = TYPED | {"identifiers": identifiers}

    assert world.ask("POST", UNMERGE, asked, {"dry_run": "true"}) == world.ask("POST", UNMERGE, asked)


def test_of_what_stands_already_the_dry_run_tells(world: DeskWorld) -> None:
    _, first = world.ask("POST", UNMERGE, TYPED)
    again = foresees(world, why="another reason")

    assert (again["already"], again["split"]) == (True, first["split"])


def _pair(text: str) -> dict[str, str]:
    identifier = Identifier.parse(text)
    return {"type": identifier.namespace, "value": identifier.value}
