"""The brand's identity rules (``brand/identity.yaml``): which namespaces identify, in which order, within which limits."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import orjson

from ariane.errors import Rejected
from ariane.identity.namespaces import DEFAULT_LIMIT, DEFAULT_NAMESPACES, LAST_PRIORITY, Limit, Namespace, Normaliser, seconds_of
from ariane.identity.patterns import Cost, cost_of
from ariane.identity.rule_faults import faults_of, traits_of

__all__ = ["Identifier", "Limit", "Namespace", "Normaliser", "Rules"]

DEFAULT_COMPONENT_LIMIT = 50
DEFAULT_SPREAD = 20
_STEPS_PER_CHARACTER = 1_000
"""What a pattern may do in the time that reading a character of a telephone number takes (``effort_of``)."""


class Identifier(NamedTuple):
    """``namespace:value``, normalised. The text form cuts at the first colon: a namespace holds none."""

    namespace: str
    value: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError unless ``text`` is ``namespace:value``. Normalises nothing."""
        namespace, colon, value = text.partition(":")
        if not (namespace and colon and value):
            raise ValueError("an identifier is written namespace:value")
        return cls(namespace, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    namespaces: Mapping[str, Namespace]
    blocked_values: frozenset[str] = frozenset()
    """As they are written; an identifier is compared as it came, as it is normalised, and with these normalised as it is."""
    blocked_patterns: tuple[re.Pattern[str], ...] = ()
    blocking_cost: tuple[int, int] = (0, 0)
    """Steps that the patterns take over a value of length n at most: the first by n, the second by n squared."""
    placeholders: frozenset[str] = frozenset()
    """What the brand adds to the built-in placeholders; lower case."""
    component_limit: int = DEFAULT_COMPONENT_LIMIT
    spread: int = DEFAULT_SPREAD
    protect: frozenset[str] = frozenset()
    default_country: str | None = None
    """Of phone numbers without a country code: ISO 3166 alpha-2."""
    countries: Mapping[str, str] = field(default_factory=dict)
    """Source name -> its own ``default_country``; publishing adds it, for whoever reads events without their source's options."""
    trait_namespaces: Mapping[str, str] = field(default_factory=dict)
    """trait -> namespace, for every namespace that reads traits."""
    digest: str = ""
    """12 hexadecimal characters over the document that they were read from: what was decided under other rules has another one."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> "Rules":
        """Reads the parsed YAML; what it leaves out has the defaults. Raises Rejected (``invalid_rules``), naming every wrong field."""
        given = {} if document is None else document
        faults = faults_of(given)
        if faults:
            raise Rejected("invalid_rules", "identity rules: " + "; ".join(map(str, faults)))
        return _rules_of(given)

    def priority_of(self, identifier: Identifier) -> int:
        namespace = self.namespaces.get(identifier.namespace)
        return namespace.priority if namespace else LAST_PRIORITY

    def rank(self, identifier: Identifier) -> tuple[int, str, str]:
        """The order in which an event's identifiers are taken: the smallest is its anchor."""
        return self.priority_of(identifier), identifier.value, identifier.namespace

    def is_identified(self, identifier: Identifier) -> bool:
        namespace = self.namespaces.get(identifier.namespace)
        return namespace is not None and namespace.is_unique

    def is_device(self, identifier: Identifier) -> bool:
        namespace = self.namespaces.get(identifier.namespace)
        return namespace is not None and namespace.is_device

    def is_windowed(self, identifier: Identifier) -> bool:
        """How many of its namespace a profile may have depends on when each was first seen."""
        namespace = self.namespaces.get(identifier.namespace)
        return namespace is not None and namespace.limit is not None and namespace.limit.within_seconds is not None

    def blocking_effort(self, length: int) -> int:
        """Of holding a value against the patterns, in what reading one character of a telephone number takes."""
        linear, quadratic = self.blocking_cost
        return (linear + quadratic * length) * length // _STEPS_PER_CHARACTER


def _rules_of(document: Mapping[str, Any]) -> Rules:
    """Of a document without faults."""
    namespaces = {name: _namespace(name, body) for name, body in document.get("namespaces", DEFAULT_NAMESPACES).items()}
    blocked = document.get("blocked", {})
    patterns = tuple(blocked.get("patterns", ()))
    return Rules(
        namespaces=namespaces,
        blocked_values=frozenset(blocked.get("values", ())),
        blocked_patterns=tuple(re.compile(text) for text in patterns),
        blocking_cost=_total([cost_of(text) for text in patterns]),
        placeholders=frozenset(text.strip().lower() for text in document.get("placeholders", ())),
        component_limit=document.get("component_limit", DEFAULT_COMPONENT_LIMIT),
        spread=document.get("spread", DEFAULT_SPREAD),
        protect=frozenset(document.get("protect", ())),
        default_country=document.get("default_country"),
        countries=dict(document.get("countries", {})),
        trait_namespaces={trait: name for name, namespace in namespaces.items() for trait in namespace.traits},
        digest=hashlib.sha256(orjson.dumps(dict(document), option=orjson.OPT_SORT_KEYS)).hexdigest()[:12],
    )


def _namespace(name: str, body: Mapping[str, Any]) -> Namespace:
    is_unique = body.get("unique", False)
    return Namespace(
        name=name,
        priority=body.get("priority", LAST_PRIORITY),
        limit=_limit(body.get("limit", 1 if is_unique else DEFAULT_LIMIT)),
        is_unique=is_unique,
        is_device=body.get("device", False),
        normaliser=Normaliser(body.get("normalise", Normaliser.TRIM)),
        traits=traits_of(name, body),
    )


def _limit(value: int | str | Mapping[str, Any]) -> Limit | None:
    if isinstance(value, Mapping):
        return Limit(value["count"], seconds_of(value["within"]))
    return Limit(value) if isinstance(value, int) else None


def _total(costs: list[Cost]) -> tuple[int, int]:
    """A pattern that begins with ^ and repeats nothing costs nothing worth counting."""
    return sum(each.factor for each in costs if each.power == 1), sum(each.factor for each in costs if each.power > 1)
