"""`ariane profile explain|unmerge|link|lift`, through the API's own function."""

import sys
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from ariane.events.model import SourceKind
from cli import identity_operations as commands
from cli import lookups
from cli.identity_operations import explained
from cli.main import main
from cli.profile_api import ProfileApi
from tests.builders.identity_desk import DeskWorld
from tests.builders.identity_worlds import says
from tests.builders.profiles import item, track

type Shell = Callable[..., tuple[int, str, str]]
CARD, USER, EMAIL = "loyalty_card:4711", "user_id:u1", "email:jeanne@shop.example"
WHY = ("--why", "mistyped at the till")


@pytest.fixture
def world() -> DeskWorld:
    world = DeskWorld()
    world.learn(
        says(USER, EMAIL, minute=1, message_id="login", order_by=world.rules),
        says(EMAIL, CARD, minute=2, source="till", message_id="receipt", order_by=world.rules),
    )
    return world


@pytest.fixture
def shell(world: DeskWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """(exit code, output, errors) of ``ariane profile …``; the output is no terminal."""
    for module in (commands, lookups):
        monkeypatch.setattr(module, "find", lambda _: None)
        monkeypatch.setattr(module, "connect", lambda _: world.client())
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", "profile", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_explain_says_in_sentences_what_made_them_one(shell: Shell) -> None:
    code, out, _ = shell("explain", CARD)

    assert code == 0
    assert "is one person with 3 identifiers." in out
    assert (
        "On 2026-11-22 at 12:02 UTC the trusted source till said, in message receipt, that "
        "loyalty_card:4711 belongs with email:jeanne@shop.example\n"
    ) in out
    assert "Kept apart" not in out


def test_explain_by_person_id_and_as_json(shell: Shell) -> None:
    found = orjson.loads(shell("explain", CARD, "--json")[1])

    assert orjson.loads(shell("explain", found["id"], "--json")[1]) == found


def test_a_dry_run_says_what_would_be_parted_and_parts_nothing(shell: Shell, world: DeskWorld) -> None:
    code, out, _ = shell("unmerge", "loyalty_card: 4711 ", *WHY, "--dry-run")

    assert code == 0
    assert "nothing was done" in out
    assert "would be taken: loyalty_card:4711\n" in out
    assert "would be left:  email:jeanne@shop.example, user_id:u1\n" in out
    assert len(world.people(USER)[0]) == 3


def test_a_dry_run_shows_the_people_that_would_be_and_the_events_that_name_both(shell: Shell, world: DeskWorld) -> None:
    traits = {"email": "jeanne@shop.example", "loyalty_card": "4711"}
    message = track("Order Completed", message_id="receipt", minute=2, context={"traits": traits})
    message.pop("anonymousId", None)
    world.log.append(item(message, source="till", kind=SourceKind.STORE))
    _, out, _ = shell("unmerge", CARD, *WHY, "--dry-run", "--events-to", "these")

    assert "They would be 2 people:\n  1. email:jeanne@shop.example, user_id:u1\n  2. loyalty_card:4711\n" in out
    assert "1 event names identifiers of both sides" in out
    assert "2026-11-22 at 12:02 UTC  Order Completed (message receipt, from till): of person 2\n" in out
    assert "No running journey would end because of it." in out


def test_an_unmerge_that_stands_is_said_to_stand_with_who_and_why(shell: Shell) -> None:
    shell("unmerge", CARD, *WHY)
    code, out, _ = shell("unmerge", CARD, "--why", "another reason")

    assert code == 0
    assert out.startswith("Already said by lea on 2026-11-22 at 12:00 UTC (mistyped at the till). Nothing was changed now.\n")
    assert "They are 2 people now:" in out


def test_a_link_that_stands_is_said_to_stand_with_who_and_why(shell: Shell, world: DeskWorld) -> None:
    world.learn(says("phone:+33612345678", "device_id:d1", minute=3, order_by=world.rules))
    shell("link", USER, "phone:+33612345678", "--why", "she called")
    _, out, _ = shell("link", USER, "phone:+33612345678", "--why", "she wrote")

    assert "Already said by lea on 2026-11-22 at 12:00 UTC (she called). Nothing was changed now." in out


def test_waiting_ends_when_the_background_is_done(shell: Shell, world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "POLL", 0.0)
    looked: list[str] = []

    def look(split_id: str) -> Any:
        looked.append(split_id)
        if len(looked) == 2:
            world.work()
        status, body = world.ask("GET", f"/v1/splits/{split_id}")
        assert status == (202 if body["pending"] else 200)
        return body

    monkeypatch.setattr(ProfileApi, "split", lambda _, split_id: look(split_id))
    _, pending, _ = shell("unmerge", CARD, *WHY, "--events-to", "these")
    assert "The background still brings their events over" in pending
    code, out, _ = shell("unmerge", CARD, *WHY, "--events-to", "these", "--wait")

    assert (code, len(looked)) == (0, 2)
    assert "The background still" not in out
    assert "They are 2 people now:" in out


def test_unmerge_shows_the_split_and_both_people_and_lift_takes_it_back(shell: Shell, world: DeskWorld) -> None:
    code, out, _ = shell("unmerge", CARD, *WHY)

    assert code == 0
    assert "loyalty_card:4711 apart from email:jeanne@shop.example, user_id:u1\n" in out
    assert "by lea on 2026-11-22 at 12:00 UTC: mistyped at the till\n" in out
    assert "They are 2 people now:" in out
    split = out.split(":")[0]

    code, out, _ = shell("lift", split, "--why", "the same after all")
    assert code == 0
    assert "lifted by lea on 2026-11-22 at 12:00 UTC: the same after all" in out
    assert "They are one person now:" in out
    assert len(world.people(USER)[0]) == 3


def test_after_an_unmerge_explain_says_who_took_them_apart_and_why(shell: Shell) -> None:
    shell("unmerge", CARD, *WHY)
    _, out, _ = shell("explain", CARD)

    assert "Taken apart by hand:" in out
    assert "refused: lea took the two apart on 2026-11-22 (mistyped at the till)" in out


def test_link_joins_and_shows_the_one(shell: Shell, world: DeskWorld) -> None:
    world.learn(says("phone:+33612345678", "device_id:d1", minute=3, order_by=world.rules))
    code, out, _ = shell("link", USER, "phone:+33612345678", "--why", "she called")

    assert code == 0
    assert "They are one person now:" in out
    assert "phone:+33612345678" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("unmerge", CARD, EMAIL, USER, *WHY), "these are all that the person has"),
        (("unmerge", CARD, "shoe_size:42", *WHY), "ariane: shoe_size:42: there is no namespace shoe_size"),
        (("unmerge", CARD, "email:no@body.fr", *WHY), "ariane: email:no@body.fr: nobody has this identifier"),
        (("unmerge", CARD, "user_id:guest", *WHY), "ariane: user_id:guest: nobody can have it"),
        (("link", USER, CARD, "email:no@body.fr", *WHY), "ariane: email:no@body.fr: nobody has this identifier"),
        (("link", "user_id:nobody", CARD, *WHY), "ariane: user_id:nobody: no profile has this identifier"),
        (("link", USER, *WHY), "ariane: user_id:u1 alone is one person already: name two identifiers at least"),
        (("link", USER, USER, *WHY), "ariane: user_id:u1 is named twice"),
        (("unmerge", CARD, "--why", "x" * 10_240), "ariane: --why: 500 characters at most, these are 10,240"),
        (("unmerge", "email:nobody@shop.example", *WHY), "ariane: email:nobody@shop.example: no profile has this identifier"),
        (("unmerge", "4711", *WHY), "write namespace:value"),
        (("unmerge", CARD, "--why", " "), "say the reason"),
        (("lift", "spl_none", *WHY), "there is no split spl_none"),
        (("explain", "email:nobody@shop.example"), "no profile has this identifier"),
    ],
)
def test_what_cannot_be_done_ends_with_one_and_says_why(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = shell(*arguments)

    assert (code, out) == (1, "")
    assert said in err


@pytest.mark.parametrize("command", [("unmerge", CARD), ("link", CARD, USER), ("lift", "spl_1")])
def test_a_reason_has_to_be_given(shell: Shell, command: tuple[str, ...]) -> None:
    code, _, err = shell(*command)

    assert code == 2
    assert "--why" in err


def test_json_is_the_apis_answer(shell: Shell) -> None:
    answer = orjson.loads(shell("unmerge", CARD, *WHY, "--events-to", "others", "--json")[1])

    assert answer["split"]["events_to"] == "others"
    assert answer["pending"] is True


def test_what_the_background_has_not_done_is_said() -> None:
    found = {"id": "prs_a", "identifiers": [], "complete": False, "quarantine": "over 500 assertions"}
    found |= {name: [] for name in ("links", "refused", "shared_devices", "hubs", "splits")}

    assert "There is too much evidence about it to go through here (over 500 assertions)." in explained(found)


def test_shared_devices_and_hubs_are_told_with_their_reasons(shell: Shell, world: DeskWorld) -> None:
    world.learn(says(USER, "anonymous_id:a1", minute=4, order_by=world.rules), says("user_id:u2", "anonymous_id:a1", minute=5))
    _, out, _ = shell("explain", USER)

    assert "Shared devices:" in out
    assert "anonymous_id:a1: user_id:u1 and then user_id:u2 used it, so since 2026-11-22 at 12:05 UTC it no longer tells" in out


def test_a_shared_device_is_explained_though_nothing_has_happened_on_it_since(shell: Shell, world: DeskWorld) -> None:
    world.learn(says(USER, "anonymous_id:a1", minute=4, order_by=world.rules), says("user_id:u2", "anonymous_id:a1", minute=5))
    code, out, _ = shell("explain", "anonymous_id:a1")

    assert code == 0
    assert out.splitlines()[0].endswith("is a shared device: it is nobody's, and joins nobody to anybody.")
    assert "user_id:u1 and then user_id:u2 used it" in out
    assert shell("show", "anonymous_id:a1") == (0, out, "")
    code, _, err = shell("show", "anonymous_id:a1", "--json")
    assert (code, "this device is shared" in err) == (1, True)
