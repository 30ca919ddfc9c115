"""What strangers wrote into events steers no terminal."""

import pytest

from cli.lake.results import Result, show
from cli.report import out, print_rows, print_table, printable

NASTY = "a\x1b[2Jb\x9bc\x07\x7f\u202ed"
TOLD = "a\\x1b[2Jb\\x9bc\\x07\\x7f\\u202ed"


def test_control_characters_are_told() -> None:
    assert printable(NASTY) == TOLD
    assert printable("a\tb\nc é 💐") == "a\tb\nc é 💐"


def test_no_table_holds_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", [{"x": NASTY}], ["x"])
    print_rows([{"x": NASTY}], ["x"])
    out.print(NASTY, markup=False)
    shown = capsys.readouterr().out
    assert shown.count(TOLD) == 3
    assert not {"\x1b", "\x9b", "\x07", "\x7f", "\u202e"} & set(shown)


@pytest.mark.parametrize("how", ["table", "csv"])
def test_no_answer_of_the_lake_holds_one(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(Result(["x", "\x1b"], [[NASTY, None]]), how=how)
    shown = capsys.readouterr().out
    assert TOLD in shown
    assert "\x1b" not in shown


def test_a_lakes_csv_runs_nothing_in_a_spreadsheet_and_its_numbers_stay(capsys: pytest.CaptureFixture[str]) -> None:
    show(Result(["=a", "n", "m", "c"], [['=HYPERLINK("x")', -5, -1.5, "\xa0+1"]]), how="csv")
    assert capsys.readouterr().out == '\'=a,n,m,c\n"\'=HYPERLINK(""x"")",-5,-1.5,\'\xa0+1\n'


def test_the_lakes_json_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    show(Result(["x"], [["=1\x1b"]]), how="json")
    assert capsys.readouterr().out == '{"x":"=1\\u001b"}\n'
