"""The entry rules of a brand's journeys as EventBridge patterns: coarse on purpose, the function looks at the whole condition."""

from collections.abc import Mapping
from typing import Any

from ariane.conditions.model import PropertyTest, Scalar
from ariane.definitions.bundle import Bundle
from ariane.journeys.graph import Journey, read_journey

_NOT_NUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def entry_patterns(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """Journey name -> the pattern of its rule. Whatever a journey would accept matches."""
    return {name: _pattern(read_journey(journey["definition"])) for name, journey in sorted(bundle.journeys.items())}


def _pattern(journey: Journey) -> dict[str, Any]:
    detail: dict[str, Any] = {"event": [_name(journey.entry.event)]}
    properties = _properties(journey.entry.where)
    if properties:
        detail["properties"] = properties
    return {"source": ["ariane"], "detail-type": ["Event"], "detail": detail}


def _name(event: str) -> str | Mapping[str, str]:
    return {"prefix": event[:-1]} if event.endswith("*") else event


def _properties(where: tuple[PropertyTest, ...]) -> dict[str, list[Scalar]]:
    """Flat properties that must equal one of some values. Of two tests of one property the first filters, the function looks at both."""
    filters: dict[str, list[Scalar]] = {}
    for test in where:
        values = _values(test)
        if values and "." not in test.property:
            filters.setdefault(test.property, values)
    return filters


def _values(test: PropertyTest) -> list[Scalar]:
    wanted = [test.equals] if test.equals is not None else list(test.in_ or ())
    return wanted if all(_is_compared_literally(value) for value in wanted) else []


def _is_compared_literally(value: Scalar) -> bool:
    """EventBridge compares by type and letter; to a condition, 5 and "5" are equal, and so are two spellings of an instant."""
    return isinstance(value, bool) or (isinstance(value, str) and not value[:1].isdigit() and bool(_NOT_NUMERIC & set(value)))
