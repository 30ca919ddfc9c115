"""The tracking plan as the collectors read it: the brand's own events over the standard ones."""

from collections.abc import Mapping
from typing import Any

from ariane.definitions.standard_events import STANDARD_EVENTS, Schema
from ariane.definitions.tracking_plan_file import ObjectSchema, PlannedEvent, TrackingPlanFile

_FOR_PEOPLE = frozenset({"title", "description", "examples"})


def plan_document(file: TrackingPlanFile) -> dict[str, Any]:
    """``{"unplanned", "events": {name: {"mode", "schema"}}, "identify"?: {"mode", "schema"}}``."""
    identify = file.identify
    own = {
        name: _planned(event, file, STANDARD_EVENTS.get(name) if file.standard != "off" else None) for name, event in file.events.items()
    }
    return {
        "unplanned": file.unplanned,
        "events": {**_standard(file), **own},
        **({"identify": {"mode": identify.mode or file.mode, "schema": _schema(identify)}} if identify else {}),
    }


def _standard(file: TrackingPlanFile) -> dict[str, Any]:
    """A known name is no unplanned one, even where its properties are not looked at."""
    mode = "flag" if file.standard == "off" else file.standard
    return {name: {"mode": mode, "schema": {} if file.standard == "off" else schema} for name, schema in STANDARD_EVENTS.items()}


def _planned(event: PlannedEvent, file: TrackingPlanFile, known: Schema | None) -> dict[str, Any]:
    return {"mode": event.mode or file.mode, "schema": _over(known or {}, event)}


def _over(known: Schema, event: PlannedEvent) -> Mapping[str, Any]:
    own = _schema(event)
    properties = {**known.get("properties", {}), **own.get("properties", {})}
    return {**known, **own, **({"properties": properties} if properties else {})}


def _schema(schema: ObjectSchema) -> dict[str, Any]:
    """Without what only people read."""
    plain = schema.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"mode"})
    return _bare(plain)


def _bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in schema.items() if name not in _FOR_PEOPLE and (value is not None or name == "const")}
    if len(kept.get("type", ())) == 1:
        (kept["type"],) = kept["type"]
    if "properties" in kept:
        kept["properties"] = {name: _bare(each) for name, each in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = _bare(kept["items"])
    if "anyOf" in kept:
        kept["anyOf"] = [_bare(each) for each in kept["anyOf"]]
    return kept
