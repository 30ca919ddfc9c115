"""What the resolver's benchmark makes up is what it says that it measures."""

import pytest
from rich.console import Console

from ariane.identity.rules import Rules
from cli.bench.resolver import in_conflict, measure
from cli.report import Progress


def test_the_reference_finds_the_people_that_a_union_find_finds() -> None:
    found = measure(Progress(Console(quiet=True)), assertions=2_000)

    assert found["is_equal"]
    assert (found["assertions"], found["components"], found["refused"]) == (2_000, 500, 0)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.10])
def test_so_many_closures_are_in_conflict(share: float) -> None:
    found = in_conflict(Rules.from_document({}), share, people=2_000)

    assert found["in_conflict"] / found["clusters"] == pytest.approx(share, abs=0.002)
