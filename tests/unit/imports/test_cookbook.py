"""The how-to's examples work as they stand there."""

import re
from pathlib import Path

import pytest

from tests.builders.imports import ImportWorld

GUIDE = Path(__file__).parents[3] / "docs/how-to/import-data.md"
EXAMPLES = {
    title: (data, mapping)
    for title, data, mapping in re.findall(
        r"^## ([^\n]+)\n(?:(?!^## ).)*?```csv\n(.*?)```\s+```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.M | re.S
    )
}


def test_there_is_an_example_of_each_kind() -> None:
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_line_of_an_example_comes_in(title: str) -> None:
    data, mapping = EXAMPLES[title]
    world = ImportWorld()
    done = world.imported(mapping, data.encode())

    assert world.refused(done.id) == []
    assert done.progress.accepted == done.progress.lines == len(data.splitlines()) - 1
    assert done.progress.events + done.progress.objects > 0


def test_the_tills_order_adds_up() -> None:
    data, mapping = EXAMPLES["A till's export: one line per item, orders by their number"]
    world = ImportWorld()
    world.imported(mapping, data.encode("cp1252"))

    totals = {message["properties"]["order_id"]: message["properties"]["total"] for message in world.messages()}
    assert totals == {"T1-0001": 1179.9, "T1-0002": 45, "R1-0003": 45}
