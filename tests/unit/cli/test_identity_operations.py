"""`ariane profile explain|unmerge|link|lift`, through the API's own function."""

import sys
from collections.abc import Callable

import orjson
import pytest

from cli import identity_operations as commands
from cli.identity_operations import explained
from cli.main import main
from tests.builders.identity_desk import DeskWorld
from tests.builders.identity_worlds import says

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
    monkeypatch.setattr(commands, "find", lambda _: None)
    monkeypatch.setattr(commands, "connect", lambda _: world.client())
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
        (("unmerge", CARD, "shoe_size:42", *WHY), "there is no namespace shoe_size"),
        (("unmerge", "email:nobody@shop.example", *WHY), "no profile has this identifier"),
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
    assert "anonymous_id:a1: used by " in out
    assert "since 2026-11-22 at 12:05 UTC it tells nobody apart" in out
