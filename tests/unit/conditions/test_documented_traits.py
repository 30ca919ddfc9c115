"""The page on computed traits: what it says of kinds and of the built-in ones is what there is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from ariane.conditions.catalogue import Catalogue
from ariane.conditions.computed import BUILT_IN, KINDS, STAGES, ComputedTrait
from ariane.conditions.evaluate import computed_values
from ariane.definitions.traits_file import TraitsFile
from ariane.definitions.yaml_source import read_yaml
from tests.builders.views import NOON, Person

PAGE = (Path(__file__).parents[3] / "docs/reference/traits.md").read_text("utf-8")
ASKED: dict[str, Any] = {"basket": {"added": "A", "removed": "R", "cleared": "C", "property": "p"}}


def rows(header: str) -> Iterator[list[str]]:
    for line in PAGE.split(header)[1].splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_each_built_in_trait_is_documented_as_it_is_defined() -> None:
    documented = {name.strip("`"): read_yaml("", text.strip("`")).data for name, text in rows("| trait | definition |")}

    assert {name: ComputedTrait.model_validate_json(orjson.dumps(data)) for name, data in documented.items()} == BUILT_IN


def kinds() -> Iterator[tuple[str, str, str]]:
    for cell, _, property_, within in rows("| kind | value | `property` | `within` |"):
        for kind in cell.replace("`", "").split():
            yield kind, property_, within


def test_each_kind_is_documented() -> None:
    assert {kind for kind, _, _ in kinds()} == set(KINDS)


@pytest.mark.parametrize(("kind", "property_", "within"), [*kinds()])
def test_what_a_kind_takes_is_what_is_documented(kind: str, property_: str, within: str) -> None:
    alone = {kind: ASKED.get(kind, "A")}

    assert takes(alone) == (property_ != "required")
    assert takes({**alone, "property": "p"}) == (property_ in ("required", "may"))
    assert takes({**alone, **({"property": "p"} if property_ == "required" else {}), "within": "7 days"}) == within.startswith("may")


def takes(fields: dict[str, Any]) -> bool:
    try:
        ComputedTrait.model_validate_json(orjson.dumps(fields))
    except ValidationError:
        return False
    return True


def test_without_an_event_the_values_are_those_documented() -> None:
    asked = {kind: {kind: ASKED.get(kind, "A")} | ({"property": "p"} if property_ == "required" else {}) for kind, property_, _ in kinds()}
    catalogue = Catalogue({name: ComputedTrait.model_validate_json(orjson.dumps(each)) for name, each in asked.items()})

    found = computed_values(Person([]).log([], catalogue, traits=[*asked, "lifecycle"]), catalogue, NOON)

    assert found == {"count": 0, "sum": 0, "distinct": 0, "lifecycle": "reach"}


def test_the_example_and_the_stages_are_right() -> None:
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    TraitsFile.model_validate_json(orjson.dumps(read_yaml("", example).data))

    assert [cells[0].strip("`") for cells in rows("| stage | from when |")] == [*STAGES]
