"""Orders by hand: what was said before, what is left to do, and what cannot be done, in words that name the people's own identifiers."""

from typing import Any

import pytest

from ariane.identity.jobs import ClusterJob, FollowJob, RefoldJob
from tests.builders.identity_desk import DeskWorld
from tests.builders.identity_worlds import says
from tests.builders.profiles import prs

EMAIL, CARD, USER, PHONE = "email:jeanne@shop.example", "loyalty_card:4711", "user_id:u1", "phone:+33612345678"
UNMERGE, LINK = f"/v1/profiles/{USER}/unmerge", f"/v1/profiles/{USER}/link"
TYPED = {"identifiers": [CARD], "why": "e-mail mistyped at the till"}


@pytest.fixture
def world() -> DeskWorld:
    world = DeskWorld()
    world.learn(
        says(USER, EMAIL, minute=1, message_id="login", order_by=world.rules),
        says(EMAIL, CARD, minute=2, source="till", message_id="receipt", order_by=world.rules),
    )
    return world


def order(world: DeskWorld, path: str, body: Any) -> dict[str, Any]:
    status, answer = world.ask("POST", path, body)
    assert status in (200, 202), answer
    return dict(answer)


def kinds(world: DeskWorld) -> list[str]:
    return [type(job).__name__ for job in world.queue.jobs]


# said before


def test_an_un_merge_that_stands_already_is_told_with_who_said_it_and_why(world: DeskWorld) -> None:
    first = order(world, UNMERGE, TYPED)
    world.token, world.now = "max", world.now.replace(hour=15)
    status, again = world.ask("POST", UNMERGE, TYPED | {"why": "another reason"})

    assert (status, first["already"], again["already"]) == (200, False, True)
    assert again["split"] == first["split"]
    assert (again["split"]["by"], again["split"]["why"]) == ("lea", "e-mail mistyped at the till")


def test_a_link_that_stands_already_is_told_with_who_said_it_and_why(world: DeskWorld) -> None:
    world.learn(says(PHONE, "device_id:d1", minute=5, order_by=world.rules))
    first = order(world, LINK, {"identifiers": [PHONE], "why": "she called"})
    world.token, world.now = "max", world.now.replace(hour=15)
    status, again = world.ask("POST", LINK, {"identifiers": [PHONE], "why": "she wrote"})

    assert (status, first["already"], again["already"]) == (200, False, True)
    assert again["link"] == first["link"]
    assert (again["link"]["by"], again["link"]["why"], again["link"]["at"]) == ("lea", "she called", "2026-11-22T12:00:00.000Z")
    assert {each["type"] for each in again["link"]["identifiers"]} == {"user_id", "phone"}


def test_a_link_that_a_trusted_source_said_first_is_told_with_its_source(world: DeskWorld) -> None:
    again = order(world, f"/v1/profiles/{EMAIL}/link", {"identifiers": [CARD], "why": "hers"})

    assert again["already"] is False  # said at noon, before the till did
    world.now = world.now.replace(hour=15)
    assert order(world, f"/v1/profiles/{EMAIL}/link", {"identifiers": [CARD], "why": "hers"})["link"]["by"] == "lea"


def test_a_link_later_than_the_tills_own_word_adds_nothing(world: DeskWorld) -> None:
    world.now = world.now.replace(hour=15)
    again = order(world, f"/v1/profiles/{EMAIL}/link", {"identifiers": [CARD], "why": "hers"})

    assert (again["already"], again["link"]["by"], again["link"]["source"], again["link"]["messageId"]) == (True, None, "till", "receipt")


# what is left to do


def test_what_the_background_has_not_done_is_pending_on_repeats_and_done_once_it_has(world: DeskWorld) -> None:
    split = order(world, UNMERGE, TYPED | {"events_to": "these"})["split"]
    look = f"/v1/splits/{split['id']}"
    assert [world.ask("GET", look)[1]["pending"], order(world, UNMERGE, TYPED)["pending"]] == [True, True]

    world.work()

    assert [world.ask("GET", look)[1]["pending"], order(world, UNMERGE, TYPED)["pending"]] == [False, False]
    assert {*world.refolded} == {prs(EMAIL)}


def test_whoever_asks_again_asks_for_nothing_that_was_done(world: DeskWorld) -> None:
    split = order(world, UNMERGE, TYPED | {"events_to": "these"})["split"]
    world.work()
    count = len(world.refolded)
    order(world, UNMERGE, TYPED)
    order(world, f"/v1/splits/{split['id']}/lift", {"why": "no"})

    assert kinds(world) == ["FollowJob", "RefoldJob"]  # of the lift alone
    world.work()
    assert len(world.refolded) == count + 1
    assert world.ask("GET", f"/v1/splits/{split['id']}")[1]["pending"] is False


def test_what_waits_for_the_background_to_resolve_it_is_pending_until_its_refolds_are_done() -> None:
    world = DeskWorld()
    world.learn(*(says(USER, f"anonymous_id:a{number}", minute=number / 100, order_by=world.rules) for number in range(501)))
    asked = {"identifiers": ["anonymous_id:a7"], "why": "not hers", "events_to": "these"}
    split = order(world, UNMERGE, asked)["split"]
    look = f"/v1/splits/{split['id']}"
    jobs, world.queue.messages = world.queue.messages, []
    resolving = [each for each in jobs if isinstance(each.job, ClusterJob)]
    steps = []
    for waiting in (resolving, [each for each in jobs if isinstance(each.job, RefoldJob)]):
        steps.append(world.ask("GET", look)[1]["pending"])
        asked_for, world.queue.messages = world.queue.messages, [*waiting]
        world.work()
        world.queue.messages += asked_for
    steps.append(world.ask("GET", look)[1]["pending"])

    assert steps == [True, True, False]
    assert world.people("anonymous_id:a7") == [["anonymous_id:a7"]]


def test_a_change_that_nobody_followed_is_followed_by_the_job_that_was_put_before_it(world: DeskWorld) -> None:
    order(world, UNMERGE, TYPED | {"events_to": "these"})
    world.announcer.facts.clear()
    world.queue.messages = [each for each in world.queue.messages if isinstance(each.job, FollowJob)]
    (waiting,) = world.queue.messages
    assert waiting.delay == 60
    world.work()

    assert {*world.refolded} == {prs(EMAIL)}
    assert world.told("Profile Split")


def test_a_lift_that_somebody_else_made_and_did_not_live_to_tell_is_told_before_it_is_refused(world: DeskWorld) -> None:
    split = order(world, UNMERGE, TYPED | {"events_to": "these"})["split"]
    world.work()
    order(world, f"/v1/splits/{split['id']}/lift", {"why": "wrong"})
    world.announcer.facts.clear()
    world.queue.messages = []
    status, body = world.ask("POST", f"/v1/splits/{split['id']}/lift", {"why": "other"})

    assert (status, body["code"]) == (409, "split_lifted")
    assert body["message"].endswith("was lifted before, by lea on 2026-11-22 (wrong)")
    assert world.told("Profile Merged")
    assert kinds(world) == ["RefoldJob"]


# what cannot be done


def refused(world: DeskWorld, path: str, body: Any) -> tuple[int, str, str]:
    status, answer = world.ask("POST", path, body)
    return status, answer["code"], answer["message"]


def test_an_identifier_that_is_alone_is_named(world: DeskWorld) -> None:
    world.learn(says("user_id:u9", "email:nine@shop.example", order_by=world.rules))
    order(world, "/v1/profiles/user_id:u9/unmerge", {"identifiers": ["email:nine@shop.example"], "why": "w"})
    known = refused(world, "/v1/profiles/user_id:u9/unmerge", {"identifiers": ["user_id:u9"], "why": "w"})

    assert known[:2] == (409, "already_split")
    assert "by lea on 2026-11-22 (w), keeps them apart from others" in known[2]
    world.learn(says("phone:+33611111111", minute=3, source="backend", order_by=world.rules))
    alone = refused(world, "/v1/profiles/phone:+33611111111/unmerge", {"identifiers": ["phone:+33611111111"], "why": "w"})
    assert alone[:2] == (400, "identifier_alone")
    assert alone[2] == "identifiers: phone:+33611111111 is all that the person has; there is nobody to part them from"
    whole = refused(world, UNMERGE, {"identifiers": [USER, EMAIL, CARD], "why": "w"})
    assert whole == (400, "identifier_alone", "identifiers: these are all that the person has; there is nobody to part them from")


def test_an_identifier_of_another_person_is_told_with_the_split_that_made_it_so(world: DeskWorld) -> None:
    world.learn(says(PHONE, EMAIL, minute=4, order_by=world.rules))
    split = order(world, UNMERGE, TYPED)["split"]
    status, code, message = refused(world, UNMERGE, {"identifiers": [PHONE, CARD], "why": "w"})

    assert (status, code) == (409, "identifier_elsewhere")
    assert message.startswith(f"identifiers[1]: it is not of this profile, but of another, {prs(CARD)}: the split {split['id']}, by lea")


def test_a_link_across_a_standing_split_names_it_and_who_and_why(world: DeskWorld) -> None:
    split = order(world, UNMERGE, TYPED)["split"]
    status, code, message = refused(world, LINK, {"identifiers": [CARD], "why": "really"})

    assert (status, code) == (409, "split_stands")
    assert message == (
        f"identifiers: the split {split['id']}, by lea on 2026-11-22 (e-mail mistyped at the till), keeps them apart; lift it first"
    )


@pytest.mark.parametrize("minute", [5, 900])
def test_two_accounts_are_named(world: DeskWorld, minute: float) -> None:
    """By whichever of their identifiers they were asked for."""
    world.now = world.now.replace(day=24)
    world.learn(says("user_id:u2", PHONE, minute=minute, source="backend", order_by=world.rules))
    for named in ("user_id:u2", PHONE):
        status, code, message = refused(world, LINK, {"identifiers": [named], "why": "same woman"})
        assert (status, code) == (409, "illegal_link")
        assert message == "identifiers: user_id:u1 and user_id:u2 are two accounts, and one person never has two (user_id is unique)"


def test_too_many_of_a_kind_are_counted(world: DeskWorld) -> None:
    world.now = world.now.replace(hour=23)
    world.learn(*(says(USER, f"loyalty_card:c{number}", source="till", minute=9 + number, order_by=world.rules) for number in range(30)))
    limit = world.rules.namespaces["loyalty_card"].limit
    assert limit is not None
    kept = [each for each in world.people(USER)[0] if each.startswith("loyalty_card:")]
    assert len(kept) == limit.count
    status, code, message = refused(world, LINK, {"identifiers": ["loyalty_card:c29"], "why": "hers too"})

    assert (status, code) == (409, "illegal_link")
    assert message == (
        "identifiers: the source till said so on 2026-11-22, and it was refused: "
        f"loyalty_card:c29 cannot join: one person would have more loyalty_card than the limit, {limit.count:,}"
    )
    world.learn(says("loyalty_card:new", PHONE, source="till", minute=100, order_by=world.rules))
    _, _, message = refused(world, LINK, {"identifiers": ["loyalty_card:new"], "why": "hers too"})
    assert message == f"identifiers: loyalty_card:new cannot join: one person would have more loyalty_card than the limit, {limit.count:,}"


def test_a_shared_device_is_named_and_said_to_be_one(world: DeskWorld) -> None:
    world.learn(says("user_id:u2", "device_id:d1", minute=5, order_by=world.rules))
    world.learn(says("user_id:u3", "device_id:d1", minute=6, order_by=world.rules))
    _, code, message = refused(world, LINK, {"identifiers": ["device_id:d1"], "why": "hers"})

    assert code == "illegal_link"
    assert message.startswith("identifiers: device_id:d1 is a device that two accounts have used")


def test_the_later_self_of_a_shared_device_is_never_linked_by_its_mark(world: DeskWorld) -> None:
    """Asked for by the shared device itself, whose person is the later self."""
    world.learn(says("user_id:u2", "device_id:d1", minute=5, order_by=world.rules))
    world.learn(says("user_id:u3", "device_id:d1", minute=6, order_by=world.rules))
    world.learn(says("device_id:d1", minute=8, source="app", order_by=world.rules))
    answers = [world.ask("POST", f"/v1/profiles/{asked}/link", {"identifiers": [CARD], "why": "w"}) for asked in ("device_id:d1",)]

    for status, body in answers:
        assert status in (404, 409), body
        assert "\x1f" not in str(body)
    assert not any("\x1f" in str(each) for each in world.identities.everything() if "S#" in str(each))


@pytest.mark.parametrize("path", [UNMERGE, LINK])
def test_a_reason_of_ten_kilobytes_is_refused_with_its_length(world: DeskWorld, path: str) -> None:
    status, code, message = refused(world, path, {"identifiers": [CARD], "why": "x" * 10_240})

    assert (status, code, message) == (400, "why_too_long", "why: 500 characters at most, these are 10,240")


def test_an_identifier_twice_in_an_un_merge_is_said_once(world: DeskWorld) -> None:
    assert len(order(world, UNMERGE, {"identifiers": [CARD, CARD], "why": "w"})["split"]["identifiers"]) == 1


def test_a_link_of_one_identifier_with_itself_is_refused(world: DeskWorld) -> None:
    found = refused(world, LINK, {"identifiers": [USER], "why": "w"})

    assert found == (400, "identifier_missing", "identifiers: user_id:u1 is named twice; a link takes two different identifiers")
