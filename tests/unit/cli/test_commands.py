"""Commands as a shell sees them: what they print, how they end."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from cli.local.home import PROJECT
from cli.main import main

type Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """(exit code, output, errors) of a command, where no local run is up."""
    monkeypatch.setenv("ARIANE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return run


@pytest.fixture
def broken_brand(tmp_path: Path) -> Path:
    brand = tmp_path / "brand"
    shutil.copytree(PROJECT / "brand", brand)
    journey = brand / "journeys" / "cart-abandonment.yaml"
    journey.write_text(journey.read_text().replace("template: cart-reminder", "template: nothing-here"))
    return brand


def test_the_sample_brand_has_no_problem(shell: Shell) -> None:
    code, out, _ = shell("check")

    assert code == 0
    assert out == "No problem in brand/ (3 journeys, 7 segments, 4 templates, 5 sources, 4 topics).\n"


def test_the_brand_that_one_stands_in_is_meant(shell: Shell, broken_brand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(broken_brand.parent)

    assert shell("check")[0] == 1
    assert shell("check", "--brand", str(PROJECT / "brand"))[0] == 0
    monkeypatch.chdir(broken_brand)
    assert shell("check")[0] == 0


def test_a_problem_is_told_with_file_line_and_field_and_fails_the_command(shell: Shell, broken_brand: Path) -> None:
    code, out, _ = shell("check", "--brand", str(broken_brand))

    assert code == 1
    assert "journeys/cart-abandonment.yaml:12:" in out
    assert "steps[1].send.template" in out


def test_problems_are_told_as_json_to_programs(shell: Shell, broken_brand: Path) -> None:
    code, out, _ = shell("check", "--brand", str(broken_brand), "--json")

    (problem,) = orjson.loads(out)
    assert code == 1
    assert (problem["line"], problem["field"]) == (12, "steps[1].send.template")


@pytest.mark.parametrize(
    "command",
    [
        ("profile", "show", "user_id:u1"),
        ("messages", "user_id:u1"),
        ("rejects", "list"),
        ("rejects", "show", "2026-11-22/0"),
        ("rejects", "stats"),
        ("rejects", "retry", "--day", "2026-11-22"),
        ("stream-failures", "list"),
        ("stream-failures", "replay"),
        ("keys", "list"),
        ("mailbox",),
        ("bench", "latency"),
    ],
)
def test_without_a_local_run_a_command_says_how_to_start_one(shell: Shell, command: tuple[str, ...]) -> None:
    code, out, err = shell(*command)

    assert (code, out) == (1, "")
    assert err.startswith("ariane: no local run is up")
    assert "ariane up" in err


def test_ending_what_is_not_up_is_no_error(shell: Shell) -> None:
    code, _, err = shell("down")

    assert (code, err) == (0, "Nothing was up.\n")


@pytest.mark.parametrize(
    "command",
    ["up", "down", "demo", "keys", "tokens", "profile", "messages", "mailbox", "links", "publish", "check", "rejects", "stream-failures"],
)
def test_every_command_explains_itself(shell: Shell, command: str) -> None:
    code, out, _ = shell(command, "--help")

    assert code == 0
    assert "Usage: ariane" in out
