"""EventBridge's rules as the platform and its brand set them up: which queue message an entry of PutEvents becomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: Json
    message: Json
    """Sent with the event's detail as ``fact``."""


def fixed_rules() -> Sequence[Rule]:
    """Those of infra/journeys.py."""
    return [
        Rule({"source": ["ariane"], "detail-type": ["Event"], "detail": {"awaited": [True]}}, {"kind": "awaited"}),
        Rule({"source": ["ariane"], "detail-type": ["Profile Merged"]}, {"kind": "merged"}),
        Rule({"source": ["ariane"], "detail-type": ["Profile Split"]}, {"kind": "split"}),
    ]


LAKE_RULES = (
    Rule({"source": ["ariane"], "detail-type": ["Profile Merged"]}, {"kind": "merged"}),
    Rule({"source": ["ariane"], "detail-type": ["Profile Split"]}, {"kind": "split"}),
)
"""Those of infra/lake.py. They lead to another queue."""
SEGMENTS_RULES = LAKE_RULES
"""Those of infra/segments.py, to the evaluate queue. What the bus puts there is billed where it is evaluated."""


def matching(rules: Sequence[Rule], entry: Json) -> Iterator[str]:
    detail = orjson.loads(entry["Detail"])
    event = {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail}
    for rule in rules:
        if _matches(rule.pattern, event):
            yield orjson.dumps({**rule.message, "fact": detail}).decode()


def _matches(pattern: Json, value: Any) -> bool:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html, as far as entry rules use it."""
    return isinstance(value, Mapping) and all(name in value and _allows(wanted, value[name]) for name, wanted in pattern.items())


def _allows(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return _matches(wanted, value)
    return any(_is(each, value) for each in wanted)


def _is(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, str) and value.startswith(wanted["prefix"])
    return type(wanted) is type(value) and bool(wanted == value)
