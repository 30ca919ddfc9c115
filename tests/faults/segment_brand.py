"""What the simulated brand asks of its people: sets of segments that look at everything that is recorded, each set a change of another."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.computed import BUILT_IN, LIFECYCLE
from ariane.conditions.model import Condition
from ariane.conditions.observing import Asked, Observing
from ariane.definitions.customer_view_epochs import following

type Json = Any
BUYERS = {"performed": "Order Completed"}
LATELY = {"performed": "Product *", "within": "10 minutes"}
SETS: tuple[Mapping[str, Json], ...] = (
    {
        "buyers": BUYERS,
        "lately": LATELY,
        "busy": {"performed": "Product Added", "times": {"gte": 2}, "within": "30 minutes"},
        "spenders": {"performed": "Order Completed", "sum": {"property": "total", "gte": 30}},
        "gold": {"trait": "plan", "equals": "gold"},
        "long-gold": {"has_been": {"trait": "plan", "equals": "gold", "for": "5 minutes"}},
        "shoppers": {"sequence": {"events": ["Product Added", "Order Completed"], "within": "20 minutes"}},
        "loyal": {"trait": "lifecycle", "equals": "retention"},
        "known": {"not": {"trait": "lifecycle", "equals": "reach"}},
        "hesitant": {"all": [{"segment": "lately", "for": "2 minutes"}, {"not": {"segment": "buyers"}}]},
        "curious": {"performed": "Product *", "distinct": {"property": "product_id", "gte": 2}},
        "first-web": {"first": "Product *", "where": [{"property": "product_id", "equals": "p1"}]},
    },
    {
        "buyers": BUYERS | {"times": {"gte": 2}},
        "lately": LATELY | {"within": "25 minutes"},
        "spenders": {"trait": "lifetime_value", "gt": 20},
        "gold": {"trait": "plan", "in": ["gold", "free"]},
        "long-gold": {"has_been": {"trait": "plan", "not_equals": "gold", "for": "8 minutes"}},
        "loyal": {"trait": "order_count", "gte": 2},
        "hesitant": {"segment": "lately", "for": "4 minutes"},
        "cart": {"trait": "open_basket", "contains": "p1"},
        "last-p1": {"last": "Product *", "where": [{"property": "product_id", "equals": "p1"}]},
    },
)
_CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)


@cache
def _read(text: bytes) -> Any:
    return _CONDITION.validate_json(text)


def model_of(condition: Json) -> Any:
    return _read(orjson.dumps(condition, option=orjson.OPT_SORT_KEYS))


def document(number: int, known: Mapping[str, Json] | None, now: datetime) -> Mapping[str, Json]:
    """As it is published over ``known``."""
    return following(wanted(number), known or {}, now)


def wanted(number: int) -> dict[str, Json]:
    """As the bundle has it."""
    segments = SETS[number]
    catalogue = Catalogue(BUILT_IN, {name: model_of(each) for name, each in segments.items()})
    asked = needs(catalogue.segments.values(), catalogue, traits=[*catalogue.computed, LIFECYCLE])
    observing = Observing(0, tuple(Asked(series, keep, 0) for series, keep in asked.series.items()), dict.fromkeys(asked.traits, 0))
    computed = {name: trait.model_dump(mode="json", by_alias=True, exclude_none=True) for name, trait in BUILT_IN.items()}
    return {
        "traits": {"precedence": {}, "computed": computed},
        "segments": {name: {"condition": each, "version": _version(name, segments)} for name, each in segments.items()},
        "observing": observing.to_document(),
    }


def _version(name: str, segments: Mapping[str, Json]) -> str:
    """With what it names."""
    condition = segments[name]
    named = [other for other in segments if f'"segment":"{other}"' in orjson.dumps(condition).decode()]
    return hashlib.sha256(orjson.dumps([condition, [_version(each, segments) for each in named]])).hexdigest()[:12]
