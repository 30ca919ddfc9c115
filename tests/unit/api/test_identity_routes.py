"""Asking why, taking apart, putting together and taking back, through the API's function over ports in memory."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.errors import Retryable
from ariane.identity.jobs import ClusterJob, FollowJob, RefoldJob
from ariane.profiles.openapi import openapi_document
from tests.builders.identity_desk import DeskWorld
from tests.builders.identity_worlds import says
from tests.builders.profiles import NOON, prs

EMAIL, CARD, USER, PHONE = "email:jeanne@shop.example", "loyalty_card:4711", "user_id:u1", "phone:+33612345678"
UNMERGE = f"/v1/profiles/{USER}/unmerge"
TYPED = {"identifiers": [CARD], "why": "e-mail mistyped at the till"}


@pytest.fixture
def world() -> DeskWorld:
    """Jeanne has an account; at the till her address was typed for the holder of a card."""
    world = DeskWorld()
    world.learn(
        says(USER, EMAIL, "anonymous_id:a1", minute=1, message_id="login", order_by=world.rules),
        says(EMAIL, CARD, minute=2, source="till", message_id="receipt", order_by=world.rules),
    )
    return world


def parted(world: DeskWorld, **more: Any) -> dict[str, Any]:
    status, body = world.ask("POST", UNMERGE, TYPED | more)
    assert status in (200, 202), body
    return dict(body)


def test_explain_says_which_event_joined_each_identifier_and_through_which(world: DeskWorld) -> None:
    _, body = world.ask("GET", f"/v1/profiles/{CARD}/explain")

    assert body["id"] == prs(USER)
    by = {each["identifier"]["type"]: each for each in body["links"]}
    assert (by["loyalty_card"]["through"], by["loyalty_card"]["assertion"]["messageId"]) == (
        {"type": "email", "value": "jeanne@shop.example"},
        "receipt",
    )
    assert by["loyalty_card"]["message"] == (
        "On 2026-11-22 at 12:02 UTC the trusted source till said, in message receipt, that "
        "loyalty_card:4711 belongs with email:jeanne@shop.example"
    )
    assert by["email"]["assertion"] == {
        "identifiers": [
            {"type": "user_id", "value": "u1"},
            {"type": "email", "value": "jeanne@shop.example"},
            {"type": "anonymous_id", "value": "a1"},
        ],
        "at": "2026-11-22T12:01:00.000Z",
        "received_at": None,
        "clamped": False,
        "trusted": False,
        "signature": None,
        "source": "web",
        "messageId": "login",
        "by": None,
        "why": None,
    }
    assert (body["complete"], body["quarantine"], body["refused"], body["splits"]) == (True, None, [], [])


def test_explain_still_lists_assertions_and_merges_with_their_causes(world: DeskWorld) -> None:
    _, body = world.ask("GET", f"/v1/profiles/{USER}/explain")

    assert [each["messageId"] for each in body["assertions"]] == ["login", "receipt"]
    assert {(each["into"], each["cause"]) for each in body["merges"]} == {(USER, "log/login"), (USER, "log/receipt")}
    assert {each["person_id"] for each in body["identifiers"]} == {prs(each) for each in (USER, EMAIL, CARD, "anonymous_id:a1")}


def test_explain_names_shared_devices_and_who_was_kept_apart(world: DeskWorld) -> None:
    world.learn(says("user_id:u2", "anonymous_id:a1", minute=9, message_id="lent", order_by=world.rules))
    _, body = world.ask("GET", f"/v1/profiles/{USER}/explain")

    (shared,) = body["shared_devices"]
    assert (shared["value"], shared["since"]) == ("a1", "2026-11-22T12:09:00.000Z")
    assert shared["message"] == (
        "user_id:u1 and then user_id:u2 used it, so since 2026-11-22 at 12:09 UTC it no longer tells who somebody is: it links nobody, "
        "and what happens on it without an account is nobody's but its own [shared_device]"
    )
    _, other = world.ask("GET", "/v1/profiles/user_id:u2/explain")
    (refused,) = other["refused"]
    assert (refused["identifier"]["value"], refused["from"]["value"], refused["reason"]) == ("a1", "u2", "shared_device")
    assert refused["message"].endswith(
        "refused: more than one customer had signed in on this device by then, so it no longer tells who somebody is [shared_device]"
    )
    assert [each["value"] for each in other["shared_devices"][0]["accounts"]] == ["u1", "u2"]


def test_a_shared_device_that_has_no_profile_says_what_it_is(world: DeskWorld) -> None:
    world.learn(says("user_id:u2", "anonymous_id:a1", minute=9, message_id="lent", order_by=world.rules))
    status, refused = world.ask("GET", "/v1/profiles/anonymous_id:a1")
    assert (status, refused["code"]) == (404, "shared_device")
    assert "/explain says since when and by whom" in refused["message"]

    status, body = world.ask("GET", "/v1/profiles/anonymous_id:a1/explain")
    assert (status, body["links"], body["refused"], body["merges"], body["complete"]) == (200, [], [], [], True)
    assert [(each["type"], each["value"], each["epoch"]) for each in body["identifiers"]] == [("anonymous_id", "a1", 1)]
    (shared,) = body["shared_devices"]
    assert (shared["since"], [each["value"] for each in shared["accounts"]]) == ("2026-11-22T12:09:00.000Z", ["u1", "u2"])


def test_explain_says_where_a_clock_puts_a_word_before_it_was_heard(world: DeskWorld) -> None:
    """A visitor's page dates itself back, and has the device that somebody else logged in on meanwhile."""
    late = says("user_id:u2", "anonymous_id:a9", minute=0, message_id="back-dated", order_by=world.rules)
    world.learn(
        replace(late, received_at=NOON + timedelta(hours=23, minutes=10)),
        replace(says(PHONE, "anonymous_id:a8", message_id="far"), received_at=NOON + timedelta(hours=24)),
    )
    _, body = world.ask("GET", "/v1/profiles/user_id:u2/explain")
    (link,) = body["links"]
    assert link["message"].endswith("(it says it happened 23 h 10 min before it was received; it was received on 2026-11-23 at 11:10 UTC)")
    assert (link["assertion"]["received_at"], link["assertion"]["clamped"]) == ("2026-11-23T11:10:00.000Z", False)
    _, body = world.ask("GET", f"/v1/profiles/{PHONE}/explain")
    (link,) = body["links"]
    assert "its clock was set back further, and a public source's word reaches back 24 h at most" in link["message"]
    assert link["assertion"]["clamped"] is True


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("expired", "(signature refused: expired)"),
        ("forged", "(signature refused: forged, it is not what your backend signs for these ids)"),
        ("malformed", "(signature refused: malformed, it cannot be read)"),
    ],
)
def test_explain_says_why_a_signature_did_not_count(world: DeskWorld, word: str, said: str) -> None:
    world.learn(replace(says("user_id:u7", "anonymous_id:a7"), signature=word))
    _, body = world.ask("GET", "/v1/profiles/user_id:u7/explain")

    (link,) = body["links"]
    assert "the public source web said" in link["message"]
    assert link["message"].endswith(said)
    assert link["assertion"]["signature"] == {"verified": False, "reason": word}


def test_a_signed_word_of_a_browser_is_told_as_signed_and_not_as_a_trusted_sources(world: DeskWorld) -> None:
    world.learn(replace(says("user_id:u7", "anonymous_id:a7"), is_trusted=True, signature="verified"))
    _, body = world.ask("GET", "/v1/profiles/user_id:u7/explain")

    (link,) = body["links"]
    assert "the source web, signed, said, in message" in link["message"]
    assert (link["assertion"]["trusted"], link["assertion"]["signature"]) == (True, {"verified": True})


def test_explain_of_too_much_evidence_says_so_and_why_it_waits() -> None:
    world = DeskWorld(bound=3)
    rules = world.rules
    world.learn(*(says(USER, f"anonymous_id:a{number}", minute=number, order_by=rules) for number in range(3)))
    world.learn(says("user_id:u2", "anonymous_id:a1", minute=0.5, message_id="late", order_by=rules))
    status, body = world.ask("GET", f"/v1/profiles/{USER}/explain")

    assert status == 200
    assert body["quarantine"] == "over 3 assertions"


def test_what_was_taken_apart_is_two_people_and_everybody_is_told(world: DeskWorld) -> None:
    status, body = world.ask("POST", UNMERGE, TYPED)

    assert (status, body["pending"]) == (200, False)
    assert world.people(USER, CARD) == [["anonymous_id:a1", EMAIL, USER], [CARD]]
    assert {each["id"] for each in body["profiles"]} == {prs(USER), prs(CARD)}
    split = body["split"]
    assert (split["identifiers"], split["by"], split["why"], split["lifted"]) == (
        [{"type": "loyalty_card", "value": "4711"}],
        "lea",
        "e-mail mistyped at the till",
        None,
    )
    (told,) = world.told("Profile Split")
    assert (told["from"], told["into"]) == (prs(USER), [prs(CARD)])


@pytest.mark.parametrize("written", [{"type": "loyalty_card", "value": " 4711 "}, "loyalty_card:4711"])
def test_identifiers_are_taken_as_pairs_and_as_text_and_normalised(world: DeskWorld, written: object) -> None:
    assert parted(world, identifiers=[written, "loyalty_card:4711"])["split"]["identifiers"] == [{"type": "loyalty_card", "value": "4711"}]


def test_a_dry_run_says_whom_it_is_about_and_changes_nothing(world: DeskWorld) -> None:
    status, body = world.ask("POST", UNMERGE, TYPED, {"dry_run": "true"})

    assert (status, len(body["profiles"]), "split" in body) == (200, 1, False)
    assert body["would_part"]["identifiers"] == [{"type": "loyalty_card", "value": "4711"}]
    assert len(body["would_part"]["others"]) == 3
    assert len(world.people(CARD)[0]) == 4
    assert world.announcer.facts == []


def test_the_same_un_merge_again_is_the_same_split_and_is_told_again(world: DeskWorld) -> None:
    first = parted(world)
    status, again = world.ask("POST", UNMERGE, TYPED)

    assert (status, again) == (200, first | {"already": True})
    assert first["already"] is False
    assert len(world.told("Profile Split")) == 2


def test_the_same_un_merge_with_the_events_to_the_other_side_is_refused_and_names_the_split(world: DeskWorld) -> None:
    first = parted(world)
    for query in ({}, {"dry_run": "true"}):
        status, body = world.ask("POST", UNMERGE, TYPED | {"events_to": "these"}, query)
        assert (status, body["code"]) == (409, "already_split")
        assert first["split"]["id"] in body["message"]


def test_the_same_un_merge_again_takes_nothing_else_from_who_was_taken_out(world: DeskWorld) -> None:
    """The card has an app of its own by then: said again, it does not part the two."""
    first = parted(world)
    world.learn(says(CARD, "device_id:d9", minute=30, source="backend", order_by=world.rules))
    for path in (UNMERGE, f"/v1/profiles/{CARD}/unmerge"):
        assert world.ask("POST", path, TYPED)[1]["split"] == first["split"]
    assert world.people(CARD) == [["device_id:d9", CARD]]


def test_an_answer_that_was_lost_on_the_way_to_the_bus_is_made_good_by_asking_again(world: DeskWorld) -> None:
    class Deaf:
        def publish(self, _facts: object) -> None:
            raise Retryable("bus_unavailable", "the bus did not take the facts")

    heard, world.announcer = world.announcer, Deaf()
    assert world.ask("POST", UNMERGE, TYPED)[0] == 503
    world.announcer = heard
    assert world.ask("POST", UNMERGE, TYPED)[0] == 200
    assert len(world.told("Profile Split")) == 1


def test_events_that_go_to_the_other_side_are_left_to_the_background(world: DeskWorld) -> None:
    status, body = world.ask("POST", UNMERGE, TYPED | {"events_to": "these"})

    assert (status, body["pending"], body["split"]["events_to"]) == (202, True, "these")
    assert [job for job in world.queue.jobs if not isinstance(job, FollowJob)] == [
        RefoldJob(partition=prs(EMAIL), cause=f"operator/{body['split']['id']}")
    ]
    assert [fact["rehomed"] for fact in world.told("Profile Split") if fact.get("rehomed")] == [[prs(EMAIL)]]


def test_what_was_taken_apart_stands_against_the_same_evidence_again(world: DeskWorld) -> None:
    parted(world)
    world.learn(says(EMAIL, CARD, minute=40, source="till", message_id="again", order_by=world.rules))
    world.learn(says(CARD, EMAIL, PHONE, minute=41, source="till", message_id="more", order_by=world.rules))

    assert CARD not in world.people(USER)[0]
    _, body = world.ask("GET", f"/v1/profiles/{CARD}/explain")
    assert any("lea took the two apart on 2026-11-22 (e-mail mistyped at the till)" in each["message"] for each in body["refused"])
    assert [each["why"] for each in body["splits"]] == ["e-mail mistyped at the till"]


def test_a_split_can_be_looked_at_and_lifted_and_both_stay_in_the_record(world: DeskWorld) -> None:
    split = parted(world)["split"]
    assert world.ask("GET", f"/v1/splits/{split['id']}")[1]["split"] == split
    world.token = "max"
    status, body = world.ask("POST", f"/v1/splits/{split['id']}/lift", {"why": "one person after all"})

    assert (status, len(body["profiles"])) == (200, 1)
    assert body["split"]["lifted"] == {"at": "2026-11-22T12:00:00.000Z", "by": "max", "why": "one person after all"}
    assert len(world.people(CARD)[0]) == 4
    _, why = world.ask("GET", f"/v1/profiles/{USER}/explain")
    assert [(each["by"], each["lifted"]["by"]) for each in why["splits"]] == [("lea", "max")]
    assert len(world.told("Profile Merged")) == 1


def test_a_split_that_was_lifted_may_be_laid_down_again(world: DeskWorld) -> None:
    first = parted(world)["split"]
    world.ask("POST", f"/v1/splits/{first['id']}/lift", {"why": "no"})
    world.now = world.now.replace(hour=13)

    assert parted(world)["split"]["id"] != first["id"]
    assert world.people(CARD) == [[CARD]]


def test_a_link_by_hand_is_a_trusted_word_with_a_name_and_a_reason(world: DeskWorld) -> None:
    world.learn(says(PHONE, "device_id:d1", minute=5, order_by=world.rules))
    status, body = world.ask("POST", f"/v1/profiles/{USER}/link", {"identifiers": [PHONE], "why": "she called"})

    assert (status, body["pending"]) == (200, False)
    (profile,) = body["profiles"]
    assert {"type": "phone", "value": "+33612345678"} in profile["identifiers"]
    _, why = world.ask("GET", f"/v1/profiles/{PHONE}/explain")
    (link,) = [each for each in why["links"] if each["identifier"]["type"] == "phone"]
    assert link["message"].startswith("On 2026-11-22 at 12:00 UTC lea said by hand (she called) that")
    assert (link["assertion"]["by"], link["assertion"]["source"]) == ("lea", "operator")
    told = len(world.told("Profile Merged"))
    assert world.ask("POST", f"/v1/profiles/{USER}/link", {"identifiers": [PHONE], "why": "she called"})[0] == 200
    assert len(world.told("Profile Merged")) == 2 * told == 2


def test_a_link_across_a_standing_split_is_refused_and_names_it(world: DeskWorld) -> None:
    split = parted(world)["split"]
    status, body = world.ask("POST", f"/v1/profiles/{USER}/link", {"identifiers": [CARD], "why": "really"})

    assert (status, body["code"]) == (409, "split_stands")
    assert split["id"] in body["message"]
    assert "lift it first" in body["message"]


def test_a_link_of_two_accounts_is_refused_and_names_the_rule(world: DeskWorld) -> None:
    world.learn(says("user_id:u2", PHONE, minute=5, order_by=world.rules))
    status, body = world.ask("POST", f"/v1/profiles/{USER}/link", {"identifiers": ["user_id:u2"], "why": "same woman"})

    assert (status, body["code"]) == (409, "illegal_link")
    assert "unique" in body["message"]


def test_a_link_with_a_shared_device_is_refused(world: DeskWorld) -> None:
    world.learn(says(PHONE, "device_id:d1", minute=4, order_by=world.rules))
    world.learn(says("user_id:u2", "device_id:d1", minute=5, order_by=world.rules))
    world.learn(says("user_id:u3", "device_id:d1", minute=6, order_by=world.rules))
    status, body = world.ask("POST", f"/v1/profiles/{PHONE}/link", {"identifiers": [USER, "device_id:d1"], "why": "hers"})

    assert (status, body["code"]) == (409, "illegal_link")
    assert "shared_device" in body["message"]
    assert world.people(PHONE)[0] != world.people(USER)[0]


WHY = {"why": "w"}
WRONG: list[tuple[str, object, int, str, str]] = [
    (UNMERGE, None, 400, "invalid_body", "JSON"),
    (UNMERGE, "{", 400, "invalid_body", "JSON"),
    (UNMERGE, [], 400, "invalid_body", "object"),
    (UNMERGE, " " * 70_000, 400, "body_too_large", "65,536"),
    (UNMERGE, TYPED | {"reason": "x"}, 400, "unknown_field", "reason"),
    (UNMERGE, {"identifiers": [CARD]}, 400, "why_missing", "why"),
    (UNMERGE, TYPED | {"why": " \n"}, 400, "why_missing", "why"),
    (UNMERGE, TYPED | {"why": "x" * 501}, 400, "why_too_long", "500"),
    (UNMERGE, TYPED | {"events_to": "me"}, 400, "invalid_events_to", "events_to"),
    (UNMERGE, TYPED | {"events_to": []}, 400, "invalid_events_to", "events_to"),
    (UNMERGE, WHY, 400, "identifier_missing", "identifiers"),
    (UNMERGE, TYPED | {"identifiers": []}, 400, "identifier_missing", "identifiers"),
    (UNMERGE, TYPED | {"identifiers": "x"}, 400, "identifier_missing", "identifiers"),
    (UNMERGE, TYPED | {"identifiers": [CARD] * 101}, 400, "too_many_identifiers", "100"),
    (UNMERGE, TYPED | {"identifiers": [CARD, 7]}, 400, "invalid_identifier", "identifiers[1]"),
    (UNMERGE, TYPED | {"identifiers": ["4711"]}, 400, "invalid_identifier", "identifiers[0]"),
    (UNMERGE, TYPED | {"identifiers": [{"type": "email"}]}, 400, "invalid_identifier", "identifiers[0]"),
    (UNMERGE, TYPED | {"identifiers": ["shoe_size:42"]}, 400, "unknown_namespace", "identifiers[0]: there is no namespace shoe_size"),
    (UNMERGE, TYPED | {"identifiers": ["user_id:guest"]}, 404, "identifier_unknown", "identifiers[0]"),
    (UNMERGE, TYPED | {"identifiers": [CARD, "email:no@body.fr"]}, 404, "identifier_unknown", "identifiers[1]"),
    (UNMERGE, TYPED | {"identifiers": [CARD, "user_id:u9"]}, 409, "identifier_elsewhere", "identifiers[1]"),
    (UNMERGE, TYPED | {"identifiers": [USER, EMAIL, CARD, "anonymous_id:a1"]}, 400, "identifier_alone", "identifiers"),
    ("/v1/profiles/user_id:nobody/unmerge", TYPED, 404, "profile_not_found", "profile"),
    ("/v1/profiles/nobody/unmerge", TYPED, 400, "invalid_identifier", "namespace:value"),
    (f"/v1/profiles/{USER}/link", {"identifiers": [CARD]}, 400, "why_missing", "why"),
    (f"/v1/profiles/{USER}/link", TYPED | {"events_to": "these"}, 400, "unknown_field", "events_to"),
    (f"/v1/profiles/{USER}/link", WHY | {"identifiers": ["email:no@body.fr"]}, 404, "identifier_unknown", "identifiers[0]"),
    ("/v1/splits/spl_none/lift", WHY, 404, "split_unknown", "spl_none"),
    ("/v1/splits/spl_none/lift", {}, 400, "why_missing", "why"),
]


@pytest.mark.parametrize(("path", "body", "status", "code", "said"), WRONG)
def test_what_is_wrong_is_answered_with_its_code_and_its_field(
    world: DeskWorld, path: str, body: object, status: int, code: str, said: str
) -> None:
    world.learn(says("user_id:u9", "anonymous_id:a9", order_by=world.rules))
    before = world.people(USER)
    answered, answer = world.ask("POST", path, body)

    assert (answered, answer["code"]) == (status, code)
    assert said in answer["message"]
    assert world.people(USER) == before
    assert world.announcer.facts == []


def test_an_identifier_that_is_alone_cannot_be_taken_from_anybody(world: DeskWorld) -> None:
    parted(world)
    status, body = world.ask("POST", f"/v1/profiles/{EMAIL}/unmerge", {"identifiers": [EMAIL, USER, "anonymous_id:a1"], "why": "w"})

    assert (status, body["code"]) == (409, "already_split")


def test_lifting_twice_with_other_words_is_refused_and_with_the_same_is_the_same(world: DeskWorld) -> None:
    path = f"/v1/splits/{parted(world)['split']['id']}/lift"
    first = world.ask("POST", path, {"why": "wrong"})

    assert world.ask("POST", path, {"why": "wrong"}) == first
    status, body = world.ask("POST", path, {"why": "other"})
    assert (status, body["code"]) == (409, "split_lifted")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", UNMERGE), ("POST", f"/v1/profiles/{USER}/link"), ("POST", "/v1/splits/spl_1/lift"), ("GET", "/v1/splits/s")],
)
def test_nothing_is_done_without_the_scope(world: DeskWorld, method: str, path: str) -> None:
    world.scopes = "messages:read rejects:retry"
    assert world.ask(method, path, TYPED)[1]["code"] == "scope_missing"
    world.scopes = "profiles:read"
    assert (world.ask(method, path, TYPED)[0] == 403) is (method == "POST")


@pytest.mark.parametrize("value", ["org/42", "u/link", "u/unmerge", "a%41b", "50% off"])
def test_an_identifier_in_the_path_of_an_order_may_hold_anything(world: DeskWorld, value: str) -> None:
    world.learn(says(f"user_id:{value}", PHONE, order_by=world.rules))
    status, body = world.ask("POST", f"/v1/profiles/user_id:{value}/unmerge", {"identifiers": [PHONE], "why": "w"})

    assert (status, len(body["profiles"])) == (200, 2)
    assert world.ask("GET", f"/v1/profiles/user_id:{value}/explain")[0] == 200


def test_every_order_has_its_body_in_the_description(world: DeskWorld) -> None:
    paths = openapi_document()["paths"]
    for path in ("/v1/profiles/{identifier}/unmerge", "/v1/profiles/{identifier}/link", "/v1/splits/{split_id}/lift"):
        assert "why" in paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]["required"]
    assert world.ask("GET", "/openapi.json")[1]["paths"].keys() == paths.keys()


def test_a_person_whom_the_background_still_works_on_is_answered_as_pending() -> None:
    world = DeskWorld()
    everything = [says(USER, f"anonymous_id:a{number}", minute=number / 100, order_by=world.rules) for number in range(501)]
    world.learn(*everything)
    status, body = world.ask("POST", UNMERGE, {"identifiers": ["anonymous_id:a7"], "why": "not hers"})

    assert (status, body["pending"]) == (202, True)
    assert [type(job).__name__ for job in world.queue.jobs] == ["FollowJob", "ClusterJob"]


def test_of_more_evidence_than_can_be_gone_through_explain_says_so() -> None:
    world = DeskWorld()
    world.learn(*(says(USER, f"anonymous_id:a{number}", minute=number / 100, order_by=world.rules) for number in range(501)))
    status, body = world.ask("GET", f"/v1/profiles/{USER}/explain")

    assert (status, body["complete"], body["links"]) == (200, False, [])
    assert len(body["identifiers"]) == 502


def test_whoever_explains_a_person_that_waits_asks_the_background_again() -> None:
    """The job that was to resolve them lies among the dead letters, and nothing happens on them any more."""
    world = DeskWorld(bound=3)
    told = [says(EMAIL, f"anonymous_id:a{number}", minute=number, order_by=world.rules) for number in range(6)]
    transitions = world.learn(
        says(USER, EMAIL, minute=20, order_by=world.rules), *told, says("user_id:u2", EMAIL, minute=-5, order_by=world.rules)
    )
    waiting = next(each.quarantined for each in transitions if each.quarantined)
    world.queue.messages = []

    status, body = world.ask("GET", f"/v1/profiles/{USER}/explain")
    assert (status, body["quarantine"]) == (200, "over 3 assertions")
    assert world.queue.jobs == [ClusterJob(cluster=waiting, cause=f"explain/{waiting}")]
    world.work()
    _, body = world.ask("GET", f"/v1/profiles/{USER}/explain")
    assert (body["quarantine"], world.queue.jobs) == (None, [])
