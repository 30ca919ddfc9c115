"""Where the lines that an import refused are put: never over what somebody is correcting."""

from pathlib import Path

from cli.imports import put_beside


def fetched(folder: Path, content: str) -> Path:
    made = folder / ".fetched"
    made.write_text(content)
    return made


def test_a_report_lies_where_it_was_asked_for(tmp_path: Path) -> None:
    into = tmp_path / "a.csv.rejected"

    assert put_beside(into, fetched(tmp_path, "one")) == into
    assert put_beside(into, fetched(tmp_path, "one")) == into
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv.rejected"]


def test_what_was_corrected_stays(tmp_path: Path) -> None:
    into = tmp_path / "a.csv.rejected"
    into.write_text("corrected")

    second = put_beside(into, fetched(tmp_path, "one"))
    third = put_beside(into, fetched(tmp_path, "another"))

    assert [each.name for each in (second, third)] == ["a.csv.rejected.2", "a.csv.rejected.3"]
    assert (into.read_text(), second.read_text(), third.read_text()) == ("corrected", "one", "another")
    assert put_beside(into, fetched(tmp_path, "one")) == second
