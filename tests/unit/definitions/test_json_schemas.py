"""The published JSON Schemas: current, true of the files that are right, and helpful with those that are not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from ariane.definitions.json_schemas import FILES, json_schema
from ariane.definitions.yaml_source import read_yaml
from cli.schemas import document

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "docs/reference/schemas"
BRAND = ROOT / "brand"
SAMPLES = {
    **dict.fromkeys((BRAND / "segments").glob("*.yaml"), "segment"),
    **dict.fromkeys((BRAND / "journeys").glob("*.yaml"), "journey"),
    BRAND / "traits.yaml": "traits",
    BRAND / "tracking-plan.yaml": "tracking-plan",
}


@pytest.mark.parametrize("name", FILES)
def test_the_published_schemas_are_current(name: str) -> None:
    assert (SCHEMAS / f"{name}.json").read_bytes() == document(name), "run: ariane schema --into docs/reference/schemas"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_sample_files_are_what_the_schemas_say(path: Path) -> None:
    data = read_yaml(path.name, path.read_text("utf-8")).data

    jsonschema_rs.Draft202012Validator(json_schema(SAMPLES[path])).validate(data)


@pytest.mark.parametrize("path", [path for path, name in SAMPLES.items() if name != "journey"], ids=lambda path: path.stem)
def test_the_sample_files_lead_an_editor_to_their_schema(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]

    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == SCHEMAS / f"{SAMPLES[path]}.json"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("segment", {"name": "a", "condition": {"trait": "x", "equals": 1}, "persoa": "y"}),
        ("segment", {"name": "Not a name", "condition": {"trait": "x", "equals": 1}}),
        ("segment", {"name": "a", "condition": {"trait": "x", "like": 1}}),
        ("segment", {"name": "a", "condition": {"preformed": "X"}}),
        ("segment", {"name": "a", "condition": {"all": []}}),
        ("traits", {"computed": {"spent": {"summ": "Order Completed"}}}),
        ("tracking-plan", {"mode": "loud"}),
        ("tracking-plan", {"events": {"A": {"properties": {"p": {"typ": "string"}}}}}),
        ("journey", {"name": "a", "entry": {"event": "A"}, "steps": [{"wait": "1 hour", "exit": {}}]}),
    ],
)
def test_a_mistake_is_seen_in_the_editor(name: str, data: Mapping[str, Any]) -> None:
    assert not jsonschema_rs.Draft202012Validator(json_schema(name)).is_valid(data)


def test_what_the_models_say_of_their_fields_is_told_in_the_editor() -> None:
    segment = json_schema("segment")
    assert segment["properties"]["persona"]["description"].startswith("Who these people are")
    assert "``" not in orjson.dumps([json_schema(name) for name in FILES]).decode()
