"""The page of guarantees names tests and files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "concepts" / "guarantees.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


def test_every_guarantee_names_its_tests() -> None:
    statements = re.findall(r"^\*\*(\d+)\. .*?(?=^\*\*|^## )", PAGE, re.MULTILINE | re.DOTALL)
    parts = re.split(r"^\*\*\d+\. ", PAGE.partition("## The twelve")[2].partition("\n## Not proven")[0], flags=re.MULTILINE)[1:]
    assert statements == [str(number) for number in range(1, 18)]
    assert all("`tests/" in part for part in parts)


def test_what_it_names_exists() -> None:
    assert len(NAMED) > 25
    for path, test in NAMED:
        assert (ROOT / path).is_file(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), f"{path}::{test}"
    for link in re.findall(r"\]\((\.\./[^)#]+)", PAGE):
        assert (ROOT / "docs" / "concepts" / link).exists(), link
