"""The usual names: valid as a plan of their own, and documented with every field."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from ariane.definitions.standard_events import STANDARD_EVENTS
from ariane.definitions.tracking_plan_document import plan_document
from ariane.definitions.tracking_plan_file import TrackingPlanFile

PAGE = (Path(__file__).parents[3] / "docs/reference/events.md").read_text("utf-8")


def named(event: str) -> str:
    """The row of the event; with what a product or an order has, where it says so."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{event}`" in line.split("|")[1]]
    return row


def properties_of(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from properties_of(inner.get("items", {}))


@pytest.mark.parametrize("event", STANDARD_EVENTS)
def test_every_usual_name_is_documented_with_what_it_requires(event: str) -> None:
    row = named(event)
    required = set(re.findall(r"\*\*`(\w+)`\*\*", row))

    assert set(STANDARD_EVENTS[event].get("required", ())) <= required


def test_every_field_is_documented() -> None:
    documented = set(re.findall(r"`(\w+)`", PAGE))

    assert {name for schema in STANDARD_EVENTS.values() for name in properties_of(schema)} <= documented


@pytest.mark.parametrize("event", STANDARD_EVENTS)
def test_the_usual_schemas_are_such_as_a_brand_may_write_itself(event: str) -> None:
    file = orjson.dumps({"standard": "off", "events": {event: STANDARD_EVENTS[event]}})

    assert plan_document(TrackingPlanFile.model_validate_json(file))["events"][event]["schema"] == STANDARD_EVENTS[event]
    assert jsonschema_rs.Draft202012Validator(dict(STANDARD_EVENTS[event])).is_valid(
        dict.fromkeys(STANDARD_EVENTS[event].get("required", ()), "1")
    )
